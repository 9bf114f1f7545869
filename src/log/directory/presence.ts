// Whether the files of an open log are still where they were. An open handle writes on into a file
// that somebody has removed, and every sync of it succeeds: only the name tells.
//
//   there --the active segment or the folder is gone, or another file has its name--> gone
//
// Looked for behind syncs, before they are told of, and at most every 100 ms, since it costs a call
// to the system; every few seconds where something was appended; when a file cannot be opened; at
// close. Invariant: once gone, for ever: what was appended meanwhile is lost, and the next start
// compares with the checkpoints.

import type { PartitionId } from "../../base/ids.ts";
import type { Clock, Files, Logger } from "../../runtime/ports.ts";
import type { Segments } from "../segment/segments.ts";

const lookIntervalMs = 100;

export interface PresenceOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** Path of the partition's folder. */
  readonly folder: string;
  readonly segments: Segments;
  readonly topic: string;
  readonly partition: PartitionId;
  readonly logger: Logger;
  /** Hears once that it is gone. */
  readonly onGone?: () => void;
}

export class Presence {
  readonly #options: PresenceOptions;
  #isDue = false;
  #lookedMs = -Infinity;
  #gone: string | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Why the log cannot go on; undefined as far as is known. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** Something was appended: a look is due, soon. */
  noteAppended(): void {
    this.#isDue = true;
  }

  /** Looks when something was appended since the last time, and that is a while ago. */
  lookIfDue(): string | undefined {
    if (!this.#isDue) return this.#gone;
    const nowMs = this.#options.clock.monotonic();
    if (nowMs - this.#lookedMs < lookIntervalMs) return this.#gone;
    this.#lookedMs = nowMs;
    return this.look();
  }

  /** Looks now. */
  look(): string | undefined {
    this.#isDue = false;
    if (this.#gone !== undefined) return this.#gone;
    this.#gone = this.#whatIsGone();
    if (this.#gone !== undefined) this.#tell(this.#gone);
    return this.#gone;
  }

  #tell(reason: string): void {
    const { topic, partition, logger, onGone } = this.#options;
    const message = "files of a log are gone: it is offline";
    logger.log("error", message, { topic, partition, reason });
    onGone?.();
  }

  #whatIsGone(): string | undefined {
    const { files, folder, segments: { active } } = this.#options;
    const path = active.size > 0 ? active.file.path : folder;
    const found = files.stat(path);
    if (found === undefined) return `${path} was removed while it was in use`;
    if (active.size === 0 || found.size === active.size) return undefined;
    return `${path} has ${found.size} bytes, not the ${active.size} that were written: ` +
      `somebody else has changed or replaced it`;
  }
}
