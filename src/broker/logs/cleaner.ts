// Compaction of the broker's logs, Kafka's log cleaner: one log at a time, the dirtiest first.
//
//   every log.cleaner.backoff.ms:  assess all --> compact the dirtiest --> assess all --> ...
//                                                 until none is due
//
// Invariant: a log that cannot be read is not tried again before a restart, one that could not be
// written not before the next round; the others go on meanwhile.

import { DecodeFault, isStoreFault, messageOf, PartitionFault } from "../../base/faults.ts";
import type { PartitionLog } from "../../log/mod.ts";
import type { Logger, Random, Timers } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { MemoryBudget } from "../limits/memory_budget.ts";
import type { Partition } from "./partition.ts";

export interface CleanerOptions {
  readonly config: BrokerConfig;
  /** Bounds what is known of keys; what is read and unpacked is claimed here. */
  readonly memory: Pick<MemoryBudget, "keyBytesMax" | "answers" | "work">;
  readonly partitions: () => Iterable<Partition>;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Called when a log was compacted: writes down how far. */
  readonly checkpoint: () => Promise<void>;
}

/** What compaction has done since the start. */
export interface CleanerCounters {
  runs: number;
  failures: number;
  /** Of the segments that were written anew. */
  bytesRead: number;
  bytesWritten: number;
}

/** Logs looked at between two turns of the event loop. */
const assessedPerTurn = 256;

export class Cleaner {
  readonly #options: CleanerOptions;
  readonly #uncleanable = new WeakSet<PartitionLog>();
  readonly #counters: CleanerCounters = { runs: 0, failures: 0, bytesRead: 0, bytesWritten: 0 };
  #current: PartitionLog | undefined;
  #closed = false;

  constructor(options: CleanerOptions) {
    this.#options = options;
  }

  get counters(): Readonly<CleanerCounters> {
    return this.#counters;
  }

  /** Compacts what is due. */
  async run(): Promise<void> {
    const failed = new Set<PartitionLog>();
    while (!this.#closed) {
      const partition = await this.#dirtiest(failed);
      if (partition === undefined || this.#closed) return;
      if (await this.#compact(partition)) await this.#options.checkpoint();
      else failed.add(partition.log);
    }
  }

  /** Ends what is under way, and resolves when it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.compaction.stop();
  }

  async #dirtiest(failed: ReadonlySet<PartitionLog>): Promise<Partition | undefined> {
    let dirtiest: Partition | undefined;
    let ratio = -1;
    let count = 0;
    for (const partition of [...this.#options.partitions()]) {
      if (this.#closed) return undefined;
      const { log, highWatermark } = partition;
      if (++count % assessedPerTurn === 0) await this.#options.timers.turn();
      if (this.#uncleanable.has(log) || failed.has(log)) continue;
      try {
        const outlook = await log.compaction.assess({ highWatermark });
        if (outlook === undefined || !outlook.isDue || outlook.dirtyRatio <= ratio) continue;
        dirtiest = partition;
        ratio = outlook.dirtyRatio;
      } catch (error) {
        this.#onFailed(log, error);
      }
    }
    return dirtiest;
  }

  /** Whether it is done; false: not in this round again. */
  async #compact({ log, highWatermark }: Partition): Promise<boolean> {
    const { config, memory, timers, random } = this.#options;
    const keyMapBytes = Math.min(config.get("log.cleaner.dedupe.buffer.size"), memory.keyBytesMax);
    this.#current = log;
    try {
      const { isComplete, bytesBefore, bytesAfter } = await log.compaction.run({
        timers,
        random,
        highWatermark,
        keyMapBytes,
        memory,
        keyMapLoad: config.get("log.cleaner.io.buffer.load.factor"),
        bytesPerSecond: config.get("log.cleaner.io.max.bytes.per.second"),
      });
      if (isComplete) this.#counters.runs++;
      this.#counters.bytesRead += bytesBefore;
      this.#counters.bytesWritten += bytesAfter;
      return isComplete;
    } catch (error) {
      this.#onFailed(log, error);
      return false;
    } finally {
      this.#current = undefined;
    }
  }

  #onFailed(log: PartitionLog, error: unknown): void {
    if (!isStoreFault(error)) throw error;
    this.#counters.failures++;
    const { topic, partition } = log;
    const reason = messageOf(error);
    const isLasting = error instanceof DecodeFault || error instanceof PartitionFault;
    if (isLasting) this.#uncleanable.add(log);
    const message = isLasting
      ? "a log cannot be compacted and grows until the broker starts again"
      : "a log could not be compacted and will be tried again";
    this.#options.logger.log(isLasting ? "error" : "warn", message, { topic, partition, reason });
  }
}
