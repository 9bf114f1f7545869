// The partitions that this broker leads, by topic and index. Metadata says which there are; this
// table opens and deletes their logs so that it agrees.
//
// Invariant: a partition is in the table only while its log is open.

import type { PartitionId } from "../base/ids.ts";
import type { TopicImage } from "../cluster/mod.ts";
import type { PartitionLog } from "../log/mod.ts";
import type { Timers } from "../runtime/ports.ts";
import { Partition } from "./partition.ts";

/** Opens the log of one partition, creating it when it is new. */
export type OpenLog = (topic: TopicImage, partition: PartitionId) => Promise<PartitionLog>;

export interface PartitionsOptions {
  readonly openLog: OpenLog;
  readonly deleteLog: (log: PartitionLog) => Promise<void>;
  readonly timers: Timers;
}

/** Logs opened between two turns of the event loop at start. */
const openedPerTurn = 64;

export class Partitions {
  readonly #options: PartitionsOptions;
  readonly #byTopic = new Map<string, (Partition | undefined)[]>();
  /** The last opening or deleting: a topic may be deleted and created anew at once. */
  #changing: Promise<void> = Promise.resolve();

  constructor(options: PartitionsOptions) {
    this.#options = options;
  }

  /** Undefined when there is none, or it is not open. */
  get(topic: string, partition: PartitionId): Partition | undefined {
    return this.#byTopic.get(topic)?.[partition];
  }

  /** All open partitions. */
  *all(): Generator<Partition> {
    for (const partitions of this.#byTopic.values()) {
      for (const partition of partitions) if (partition !== undefined) yield partition;
    }
  }

  /** Opens what the broker has after a start. */
  async openAll(topics: Iterable<TopicImage>): Promise<void> {
    let opened = 0;
    for (const topic of topics) {
      for (const { id } of topic.partitions) {
        await this.#open(topic, id);
        if (++opened % openedPerTurn === 0) await this.#options.timers.turn();
      }
    }
  }

  /** Opens the partitions of a topic that are not open yet. Calls run one after the other. */
  open(topic: TopicImage): Promise<void> {
    const run = async () => {
      for (const { id } of topic.partitions) {
        if (this.get(topic.name, id) === undefined) await this.#open(topic, id);
      }
    };
    const opened = this.#changing.then(run);
    this.#changing = opened.catch(() => {});
    return opened;
  }

  /** Deletes a topic's logs. Fetches that wait for them are answered. */
  delete(topic: string): Promise<void> {
    const run = async () => {
      const partitions = this.#byTopic.get(topic) ?? [];
      this.#byTopic.delete(topic);
      for (const partition of partitions) {
        if (partition === undefined) continue;
        partition.wake();
        await this.#options.deleteLog(partition.log);
      }
    };
    const deleted = this.#changing.then(run);
    this.#changing = deleted.catch(() => {});
    return deleted;
  }

  async #open(topic: TopicImage, id: PartitionId): Promise<void> {
    const log = await this.#options.openLog(topic, id);
    let partitions = this.#byTopic.get(topic.name);
    if (partitions === undefined) this.#byTopic.set(topic.name, partitions = []);
    partitions[id] = new Partition(log, topic.partitions[id].leaderEpoch);
  }
}
