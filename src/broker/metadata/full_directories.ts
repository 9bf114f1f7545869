// Which data directories of this broker others are to take for full.
//
//   takes records --refuses them for want of room--> full --has not for some time--> takes records
//
// A directory may come and go around its limit, as where a quota refuses what the disk says there
// is room for: others are told of that once, and not with each turn of it.

import type { Uuid } from "../../base/ids.ts";
import type { LogFolder } from "../../log/mod.ts";

/** So long a directory has room before it counts as having it. */
const roomyMsMin = 10_000;

export interface FullDirectoriesOptions {
  readonly folders: () => readonly Pick<LogFolder, "directoryId" | "state">[];
  readonly monotonic: () => number;
}

export class FullDirectories {
  readonly #options: FullDirectoriesOptions;
  /** When they were seen to be full last. */
  readonly #fullMs = new Map<Uuid, number>();

  constructor(options: FullDirectoriesOptions) {
    this.#options = options;
  }

  /** Those that count as full now. To be asked whenever one fills up, and every few seconds. */
  look(): readonly Uuid[] {
    const { folders, monotonic } = this.#options;
    const nowMs = monotonic();
    for (const { directoryId, state } of folders()) {
      if (state.fullReason !== undefined) this.#fullMs.set(directoryId, nowMs);
    }
    return folders().map(({ directoryId }) => directoryId).filter((id) =>
      nowMs - (this.#fullMs.get(id) ?? -Infinity) < roomyMsMin
    );
  }
}
