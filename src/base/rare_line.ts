// One line for many events of a kind that goes on: the first is said at once, what follows is
// counted and said less and less often.
//
//   event -> said (count 1) -> [events counted] -> 4 s later said -> 8 s -> ... -> every 10 minutes
//   quiet for a minute -> the next event is said at once
//
// Invariant: a line is only written at an event, so nothing is said once they end.

const firstPauseMs = 4_000;
const pauseMsMax = 600_000;
const quietMs = 60_000;

export interface RareLineOptions {
  /** Writes the line; `count` is how many events there were since the last one. */
  readonly say: (reason: string, count: number) => void;
  /** Milliseconds of a clock that does not jump. */
  readonly monotonic: () => number;
}

export class RareLine {
  readonly #options: RareLineOptions;
  #count = 0;
  #dueMs = -Infinity;
  #lastMs = -Infinity;
  #pauseMs = firstPauseMs;

  constructor(options: RareLineOptions) {
    this.#options = options;
  }

  /** It has happened again, for this reason. */
  note(reason: string): void {
    const nowMs = this.#options.monotonic();
    if (nowMs - this.#lastMs >= quietMs) this.#begin();
    this.#lastMs = nowMs;
    this.#count++;
    if (nowMs < this.#dueMs) return;
    this.#options.say(reason, this.#count);
    this.#count = 0;
    this.#dueMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(pauseMsMax, this.#pauseMs * 2);
  }

  #begin(): void {
    this.#count = 0;
    this.#dueMs = -Infinity;
    this.#pauseMs = firstPauseMs;
  }
}
