// Where a log begins: what lies below it is deleted, and is never shown again.
//
//   raise --> nothing below it is shown    keep --> nor after a crash
//
// Invariant: what is kept is never ahead of what is shown.

import type { Offset } from "../../base/ids.ts";
import type { StoreFault } from "../../base/faults.ts";
import type { EpochCache } from "./epoch_cache.ts";

/** Makes the start durable. Resolves to what kept it from that. */
export type SaveLogStart = () => Promise<StoreFault | undefined>;

export class LogStart {
  readonly #epochs: Pick<EpochCache, "truncateFromStart">;
  readonly #save: SaveLogStart | undefined;
  #offset: Offset;
  #keptOffset: Offset;

  /** `offset`: as it was found on disk. */
  constructor(
    offset: Offset,
    epochs: Pick<EpochCache, "truncateFromStart">,
    save: SaveLogStart | undefined,
  ) {
    this.#offset = this.#keptOffset = offset;
    this.#epochs = epochs;
    this.#save = save;
  }

  get offset(): Offset {
    return this.#offset;
  }

  /** What a crash would leave of it. */
  get keptOffset(): Offset {
    return this.#keptOffset;
  }

  /** Begins at `offset` from now on, where that is later. Returns whether it is. */
  raise(offset: Offset): boolean {
    if (offset <= this.#offset) return false;
    this.#offset = offset;
    this.#epochs.truncateFromStart(offset);
    return true;
  }

  /** A log that was cut does not begin behind its end. */
  lower(logEndOffset: Offset): void {
    this.#offset = Math.min(this.#offset, logEndOffset);
    this.#keptOffset = Math.min(this.#keptOffset, logEndOffset);
  }

  /** Resolves once it is kept, or to why it is not. */
  async keep(): Promise<StoreFault | undefined> {
    const offset = this.#offset;
    if (offset <= this.#keptOffset) return undefined;
    const fault = await this.#save?.();
    if (fault !== undefined) return fault;
    this.#keptOffset = Math.max(this.#keptOffset, Math.min(offset, this.#offset));
    return undefined;
  }
}
