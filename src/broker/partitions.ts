// The partitions that this broker leads, by topic and index. Metadata says which there are; this
// table opens and deletes their logs so that it agrees.
//
//   open      its log is open, and its data directory works
//   offline   its log could not be opened, or its directory has failed since
//
// Invariant: a partition of the metadata is in the table, open or offline, once its topic was
// opened; offline ones answer KAFKA_STORAGE_ERROR, as in Kafka, and the others do not notice.

import { isPlatformFault, isStoreFault, messageOf } from "../base/faults.ts";
import type { PartitionId } from "../base/ids.ts";
import type { TopicImage } from "../cluster/mod.ts";
import type { PartitionLog, Slices } from "../log/mod.ts";
import { ErrorCode } from "../protocol/mod.ts";
import type { Logger } from "../runtime/ports.ts";
import { type AppendCounters, Partition } from "./partition.ts";

/** Opens the log of one partition, creating it when it is new. */
export type OpenLog = (
  topic: TopicImage,
  partition: PartitionId,
  options: { readonly isNew: boolean },
) => Promise<PartitionLog>;

export interface PartitionsOptions {
  readonly openLog: OpenLog;
  readonly deleteLog: (log: PartitionLog) => Promise<void>;
  /** New partitions of a topic are open. */
  readonly onOpened: (topic: TopicImage) => Promise<void>;
  readonly slices: Slices;
  readonly logger: Logger;
}

/** One that could not be opened. */
interface OfflinePartition {
  readonly reason: string;
  /** Whether it may work later: the disk was full. */
  readonly isFull: boolean;
}

/** To open or delete a log is about as much work as looking at so many bytes. */
const logWeight = 64 * 1024;

/** Logs being opened or deleted at the same time. */
const doneAtATime = 16;

function* partitionsOf(topics: Iterable<TopicImage>) {
  for (const topic of topics) {
    for (const { id } of topic.partitions) yield { topic, id };
  }
}

export class Partitions {
  readonly appended: AppendCounters = { batches: 0, records: 0, bytes: 0 };
  readonly #options: PartitionsOptions;
  readonly #byTopic = new Map<string, (Partition | OfflinePartition | undefined)[]>();
  /** The last opening or deleting: a topic may be deleted and created anew at once. */
  #changing: Promise<void> = Promise.resolve();

  constructor(options: PartitionsOptions) {
    this.#options = options;
  }

  /** Undefined when there is none, or it is offline. */
  get(topic: string, partition: PartitionId): Partition | undefined {
    const found = this.find(topic, partition);
    return found instanceof Partition ? found : undefined;
  }

  /** The partition, or why it cannot be used: KAFKA_STORAGE_ERROR while it is offline. */
  find(topic: string, partition: PartitionId): Partition | ErrorCode {
    const found = this.#byTopic.get(topic)?.[partition];
    if (found === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const isOpen = found instanceof Partition && found.log.directory.offlineReason === undefined;
    return isOpen ? found : ErrorCode.KAFKA_STORAGE_ERROR;
  }

  /** Whether there is such a partition, and it cannot be used. */
  isOffline(topic: string, partition: PartitionId): boolean {
    return this.find(topic, partition) === ErrorCode.KAFKA_STORAGE_ERROR;
  }

  /** Why some partition of a topic, from `first` on, cannot be used; undefined when all can. */
  offlineReason(topic: string, first = 0): string | undefined {
    for (const partition of this.#byTopic.get(topic)?.slice(first) ?? []) {
      const reason = partition instanceof Partition
        ? partition.log.directory.offlineReason
        : partition?.reason;
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** All open partitions. */
  *all(): Generator<Partition> {
    for (const partitions of this.#byTopic.values()) {
      for (const partition of partitions) {
        const isOpen = partition instanceof Partition &&
          partition.log.directory.offlineReason === undefined;
        if (isOpen) yield partition;
      }
    }
  }

  /** How many there are that cannot be used. */
  get offlineCount(): number {
    let count = 0;
    for (const [topic, partitions] of this.#byTopic) {
      for (const id of partitions.keys()) if (this.isOffline(topic, id)) count++;
    }
    return count;
  }

  /** Opens what the broker has after a start. `onProgress` hears how many are open. */
  async openAll(
    topics: Iterable<TopicImage>,
    onProgress: (opened: number) => void,
  ): Promise<void> {
    let opened = 0;
    await this.#someAtATime(partitionsOf(topics), async ({ topic, id }) => {
      await this.#open(topic, id, { isNew: false });
      onProgress(++opened);
    });
  }

  /** Opens the partitions of a topic that are not open yet. Calls run one after the other. */
  open(topic: TopicImage): Promise<void> {
    return this.#inTurn(async () => {
      const existing = this.#byTopic.get(topic.name);
      const missing = topic.partitions.filter(({ id }) => existing?.[id] === undefined);
      if (missing.length === 0) return;
      // One by one: each goes where the fewest are by then.
      for (const { id } of missing) {
        await this.#open(topic, id, { isNew: true });
        await this.#giveWay();
      }
      try {
        await this.#options.onOpened(topic);
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        // They are open and serve; the next start tells the metadata where they are.
        this.#options.logger.log("warn", "where new partitions lie could not be recorded", {
          topic: topic.name,
          reason: messageOf(error),
        });
      }
    });
  }

  /** Tries those again that found no room when they were to be opened. */
  openWhereFull(topics: (name: string) => TopicImage | undefined): Promise<void> {
    return this.#inTurn(async () => {
      for (const [name, partitions] of this.#byTopic) {
        const topic = topics(name);
        for (const [id, found] of partitions.entries()) {
          if (found instanceof Partition || !found?.isFull || topic === undefined) continue;
          await this.#open(topic, id, { isNew: false });
        }
      }
    });
  }

  /** Ends the waits on partitions whose data directory has failed. */
  wakeOffline(): void {
    for (const partitions of this.#byTopic.values()) {
      for (const partition of partitions) {
        const isOffline = partition instanceof Partition &&
          partition.log.directory.offlineReason !== undefined;
        if (isOffline) partition.wake();
      }
    }
  }

  /** Deletes the logs of topics. Fetches that wait for them are answered. */
  delete(topics: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const partitions = topics.flatMap((topic) => this.#byTopic.get(topic) ?? []);
      for (const topic of topics) this.#byTopic.delete(topic);
      await this.#someAtATime(partitions, async (partition) => {
        if (!(partition instanceof Partition)) return;
        partition.wake();
        await this.#delete(partition);
      });
    });
  }

  /** Some at a time, so that their syncs overlap; the event loop has its turns in between. */
  async #someAtATime<T>(items: Iterable<T>, run: (item: T) => Promise<void>): Promise<void> {
    const due = items[Symbol.iterator]();
    const runNext = async () => {
      for (let next = due.next(); !next.done; next = due.next()) {
        await run(next.value);
        await this.#giveWay();
      }
    };
    await Promise.all(Array.from({ length: doneAtATime }, runNext));
  }

  async #giveWay(): Promise<void> {
    const { slices } = this.#options;
    slices.spend(logWeight);
    if (slices.isOver) await slices.next();
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(run);
    this.#changing = done.catch(() => {});
    return done;
  }

  /** What stays behind is set aside at the next start: the metadata does not know it any more. */
  async #delete({ topic, id, log }: Partition): Promise<void> {
    try {
      await this.#options.deleteLog(log);
    } catch (error) {
      const partition = `${topic}-${id}`;
      const fields = { partition, reason: messageOf(error) };
      this.#options.logger.log("error", "the files of a deleted partition are left", fields);
    }
  }

  async #open(topic: TopicImage, id: PartitionId, options: { isNew: boolean }): Promise<void> {
    let partitions = this.#byTopic.get(topic.name);
    if (partitions === undefined) this.#byTopic.set(topic.name, partitions = []);
    try {
      const log = await this.#options.openLog(topic, id, options);
      const { leaderEpoch } = topic.partitions[id];
      partitions[id] = new Partition(log, { leaderEpoch, appended: this.appended });
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      const reason = messageOf(error);
      const isFull = isPlatformFault(error.cause, "NoSpace");
      partitions[id] = { reason, isFull };
      // It is tried again every few seconds; one line for the whole disk says so.
      if (isFull) return;
      this.#options.logger.log("error", "a partition is offline", {
        partition: `${topic.name}-${id}`,
        reason,
      });
    }
  }
}
