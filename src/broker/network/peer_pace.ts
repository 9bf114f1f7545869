// Whether a peer gets on with what it sends or takes: one that does not, while memory is held for
// it, holds up everybody who waits for that memory.

/** A peer that moves less in this time is stuck. */
const stuckAfterMs = 5_000;
const movedBytesMin = 512 * 1024;

/** Watches one direction of one connection, by looks at it now and then. */
export class PeerPace {
  #bytes = 0;
  #sinceMs = 0;

  /** `bytes` moved so far, all in all; undefined: nothing is to be moved. */
  isStuck(bytes: number | undefined, nowMs: number): boolean {
    if (bytes === undefined) {
      this.#sinceMs = 0;
      return false;
    }
    if (this.#sinceMs === 0 || bytes - this.#bytes >= movedBytesMin) {
      this.#bytes = bytes;
      this.#sinceMs = nowMs;
      return false;
    }
    return nowMs - this.#sinceMs >= stuckAfterMs;
  }
}
