// A log takes back what only the journal of its directory has: behind the end that recovery has
// found, and settled, the entries that go on there, one after the other, up to the first gap.
//
// Invariant: what was acknowledged is in the log's own files, and synced, before anything else is
// appended. A log that cannot take it is not used: its next records would get those offsets.

import { PartitionFault, PlatformFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { checkBatch } from "../../records/mod.ts";
import type { AppendOptions, AppendResult, LogOptions } from "../partition/log_options.ts";

interface TakingLog {
  readonly logEndOffset: Offset;
  readonly latestEpoch: LeaderEpoch;
  readonly isDamaged: boolean;
  readonly directory: { readonly fullReason: string | undefined };
  append(batch: Uint8Array, options: AppendOptions): AppendResult;
  syncTo(offset: Offset): Promise<void>;
}

/** Whether the log has grown. Throws PartitionFault where it cannot have what it lacks. */
export async function takeJournaled(log: TakingLog, options: LogOptions): Promise<boolean> {
  const { journaled, logger, topic, partition } = options;
  const from = log.logEndOffset;
  let records = 0;
  for (const batch of journaled?.batches ?? []) {
    const check = checkBatch(batch);
    if ("refusal" in check) break;
    const { baseOffset, partitionLeaderEpoch } = check.header;
    if (baseOffset < log.logEndOffset) continue;
    // Behind a gap, or of a term that another broker's has ended: nobody was promised that here.
    if (baseOffset > log.logEndOffset || partitionLeaderEpoch < log.latestEpoch) break;
    // What damaged logs have is only read; the entries wait for their repair.
    if (log.isDamaged) return false;
    const result = log.append(batch, { origin: "journal", leaderEpoch: partitionLeaderEpoch });
    if (!result.ok) throw untaken(log, result.message);
    records += result.lastOffset - baseOffset + 1;
  }
  await log.syncTo(log.logEndOffset);
  journaled?.onTaken();
  if (records === 0) return false;
  logger.log("info", "took back records that a journal had", { topic, partition, from, records });
  return true;
}

function untaken({ directory: { fullReason } }: TakingLog, reason: string): PartitionFault {
  // Where it is for want of room, it is tried again once there is some.
  const cause = fullReason === undefined ? undefined : new PlatformFault("NoSpace", reason);
  return new PartitionFault(`what its journal has cannot be appended: ${reason}`, { cause });
}
