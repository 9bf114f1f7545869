// A log that nobody floods. What a peer, a client or a bad disk brings about again and again is
// said some times, then now and then, and what was left out is counted.
//
//   line -> said, while its sentence has tokens -> left out, counted -> a token: said, with the
//           (each line takes one, one comes back every so often)        count as `leftOut`
//
// A message is a constant sentence, so a sentence is a kind of line: its bound holds however many
// peers, partitions or directories it is about. Invariant: in any stretch of time a sentence has
// `burst` lines and one for each `everyMs`; a line that was left out is counted in one that was
// said, at the latest by the first `sweep` that finds a token.

import type { LogFields, Logger, LogLevel } from "../runtime/ports.ts";

/** How many lines of a sentence may come at once, and how soon further ones. */
interface Pace {
  readonly burst: number;
  readonly everyMs: number;
}

const trouble: Pace = { burst: 20, everyMs: 10_000 };
/** What goes on as it should is a record of what has happened: only a flood of it is cut. */
const record: Pace = { burst: 200, everyMs: 500 };

/** Who asks for more than that wants all of it. */
const paces: ReadonlyMap<LogLevel, Pace> = new Map([
  ["error", trouble],
  ["warn", trouble],
  ["info", record],
]);

/** The program has fewer sentences; should it have more, the others share one. */
const sentencesMax = 500;

/** A kind of line, with the last one of it. */
interface Sentence {
  readonly pace: Pace;
  line: Line;
  tokens: number;
  /** When the tokens were counted. */
  atMs: number;
  leftOut: number;
}

interface Line {
  readonly to: Logger;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: LogFields;
}

export class CalmLog {
  /** What the lines are given to. */
  readonly logger: Logger;
  readonly #monotonic: () => number;
  readonly #sentences = new Map<string, Sentence>();

  constructor({ logger, monotonic }: { logger: Logger; monotonic: () => number }) {
    this.#monotonic = monotonic;
    this.logger = this.#calm(logger);
  }

  /** Tells of what was left out. To be called every few seconds. */
  sweep(): void {
    for (const [key, sentence] of this.#sentences) {
      this.#refill(sentence);
      if (sentence.leftOut > 0) this.#sayIfMay(sentence);
      else if (sentence.tokens === sentence.pace.burst) this.#sentences.delete(key);
    }
  }

  #calm(to: Logger): Logger {
    return {
      enabled: (level) => to.enabled(level),
      log: (level, message, fields) => {
        const line = { to, level, message, fields };
        const pace = paces.get(level);
        if (pace === undefined || !to.enabled(level)) return to.log(level, message, fields);
        const sentence = this.#sentenceOf(line, pace);
        sentence.leftOut++;
        this.#refill(sentence);
        this.#sayIfMay(sentence);
      },
      child: (name) => this.#calm(to.child(name)),
    };
  }

  #sentenceOf(line: Line, pace: Pace): Sentence {
    const own = `${line.level} ${line.message}`;
    const key = this.#sentences.has(own) || this.#sentences.size < sentencesMax ? own : "";
    const found = this.#sentences.get(key) ??
      { pace, line, tokens: pace.burst, atMs: this.#monotonic(), leftOut: 0 };
    this.#sentences.set(key, found);
    found.line = line;
    return found;
  }

  #refill(sentence: Sentence): void {
    const { burst, everyMs } = sentence.pace;
    const count = Math.floor((this.#monotonic() - sentence.atMs) / everyMs);
    sentence.tokens = Math.min(burst, sentence.tokens + count);
    sentence.atMs += count * everyMs;
  }

  /** Says the last line, with how many were left out before it. */
  #sayIfMay(sentence: Sentence): void {
    if (sentence.tokens === 0) return;
    const { to, level, message, fields } = sentence.line;
    const leftOut = sentence.leftOut - 1;
    sentence.tokens--;
    sentence.leftOut = 0;
    to.log(level, message, leftOut === 0 ? fields : { ...fields, leftOut });
  }
}
