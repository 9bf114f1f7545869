// Partitions of which a read failed: said in the log, but not once for each consumer that tries.
//
//   first read --> a line --> further ones are counted --a minute--> a line with their number, and
//                                                                    so on; none: forgotten
//
// Invariant: at most one line a minute for a partition and reason; no more than `toldMax` of them
// are kept apart, and those beyond share one line.

import { messageOf } from "../../base/faults.ts";
import type { Logger } from "../../runtime/ports.ts";
import type { Partition } from "./partition.ts";

const quietMs = 60_000;
const toldMax = 1_000;

/** A partition and a reason that the log tells of. */
interface Told {
  readonly partition: string;
  readonly reason: string;
  saidMs: number;
  /** Reads since then. */
  unsaid: number;
}

export class UnreadablePartitions {
  readonly #logger: Logger;
  readonly #monotonic: () => number;
  readonly #told = new Map<string, Told>();
  readonly #partitions = new WeakSet<Partition>();
  #reads = 0;

  constructor({ logger, monotonic }: { logger: Logger; monotonic: () => number }) {
    this.#logger = logger;
    this.#monotonic = monotonic;
  }

  /** Reads that failed since the start. */
  get reads(): number {
    return this.#reads;
  }

  /** Whether a read of it failed since the start. */
  has(partition: Partition): boolean {
    return this.#partitions.has(partition);
  }

  /** A read of `partition` failed. */
  note(partition: Partition, cause: unknown): void {
    this.#reads++;
    this.#partitions.add(partition);
    let told = { partition: `${partition.topic}-${partition.id}`, reason: messageOf(cause) };
    let key = `${told.partition} ${told.reason}`;
    if (!this.#told.has(key) && this.#told.size >= toldMax) {
      told = { partition: "(others)", reason: "more of them than are told one by one" };
      key = "";
    }
    const known = this.#told.get(key);
    if (known !== undefined) known.unsaid++;
    else {
      this.#told.set(key, { ...told, saidMs: this.#monotonic(), unsaid: 0 });
      this.#logger.log("error", "a partition cannot be read", told);
    }
  }

  /** Says what was counted for a minute. To be called every few seconds. */
  sweep(): void {
    const nowMs = this.#monotonic();
    for (const [key, told] of this.#told) {
      if (nowMs - told.saidMs < quietMs) continue;
      if (told.unsaid === 0) {
        this.#told.delete(key);
        continue;
      }
      const { partition, reason, unsaid: reads } = told;
      this.#logger.log("error", "a partition cannot be read, still", { partition, reason, reads });
      told.saidMs = nowMs;
      told.unsaid = 0;
    }
  }
}
