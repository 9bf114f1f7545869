// What a recovery found and did is made durable before anything is appended behind it, since a cut
// that a loss of power takes back must not lie below new records. That is at the opening of a log,
// where it has to be:
//
//   this recovery cut, or an earlier one may have and never came to its sync     synced now
//   a mere kill, and all that is there is what producers wrote                   with the next sync
//
// In the second case the log is as one that was never closed: its tail is in the page cache, and
// counts as unsynced. A start with thousands of logs owes that to a sync for each otherwise.

import type { SyncRounds } from "../files/sync_rounds.ts";
import type { DirectoryState, UnsyncedLog } from "../directory/directory_state.ts";
import type { LogOptions } from "../partition/log_options.ts";
import type { LoadedLog } from "./loading.ts";

/** A log that was just loaded. */
interface Opened extends UnsyncedLog {
  readonly directory: DirectoryState;
}

/** Makes durable what must be, and counts what need not. */
export async function settleLoaded(
  log: Opened,
  rounds: SyncRounds,
  { loaded, options }: { readonly loaded: LoadedLog; readonly options: LogOptions },
): Promise<void> {
  if (loaded.isSynced || loaded.damage.length > 0) return;
  if (options.settlesLater === true && !loaded.wasCut) {
    log.directory.noteAppended(log, loaded.bytesChecked);
    return;
  }
  await rounds.settle();
  if (rounds.owed === undefined) options.onSettled?.();
  else options.onUnsettled?.();
}
