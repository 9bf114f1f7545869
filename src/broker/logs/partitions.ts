// The partitions that this broker has logs of, by topic and index. The reconciler fills this table
// by the metadata image (reconciler.ts); everybody else looks things up in it.
//
//   open      its log is open, and its data directory works
//   offline   its log could not be opened, or its directory has failed since
//
// Invariant: a partition of the metadata that this broker is a replica of is in the table, open or
// offline, once the reconciler has settled; offline ones answer KAFKA_STORAGE_ERROR, as in Kafka,
// and the others do not notice. One that is not in the table is somebody else's, or nobody's: the
// image tells which.

import { assert } from "../../base/assert.ts";
import type { PartitionId, Uuid } from "../../base/ids.ts";
import type { MetadataImage, TopicImage } from "../../cluster/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { type AppendCounters, Partition } from "./partition.ts";

/**
 * As what a log is opened: one of the last run, the first of its name, or in the place of one that
 * is lost.
 */
export type OpenedAs = "known" | "new" | "anew";

/** One that could not be opened. */
export interface OfflinePartition {
  readonly reason: string;
  /**
   * It is tried again as this: the disk was full, there were too many open files, or nothing of it
   * is on a disk yet. Undefined: the next start tries it again.
   */
  readonly later: OpenedAs | undefined;
  /** Whether it was on a disk, or in a folder, that is gone. */
  readonly isLost: boolean;
}

/** A partition, or why there is none. */
export type Hosted = Partition | OfflinePartition;

/** What of a topic is here. */
interface HostedTopic {
  readonly id: Uuid;
  readonly partitions: (Hosted | undefined)[];
}

export class Partitions {
  readonly appended: AppendCounters = { batches: 0, records: 0, bytes: 0 };
  readonly #image: () => MetadataImage;
  readonly #byTopic = new Map<string, HostedTopic>();

  constructor(image: () => MetadataImage) {
    this.#image = image;
  }

  /** Undefined when it is not here, or offline. */
  get(topic: string, partition: PartitionId): Partition | undefined {
    const found = this.find(topic, partition);
    return found instanceof Partition ? found : undefined;
  }

  /** As {@link get}, of one that is led here. */
  led(topic: string, partition: PartitionId): Partition | undefined {
    const found = this.get(topic, partition);
    return found?.isLeader ? found : undefined;
  }

  /**
   * The partition, or why it cannot be used here: KAFKA_STORAGE_ERROR while it is offline,
   * NOT_LEADER_OR_FOLLOWER when others have it, UNKNOWN_TOPIC_OR_PARTITION when nobody has.
   */
  find(topic: string, partition: PartitionId): Partition | ErrorCode {
    const found = this.hosted(topic, partition);
    if (found === undefined) {
      return this.#image().topic(topic)?.partitions[partition] === undefined
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : ErrorCode.NOT_LEADER_OR_FOLLOWER;
    }
    const isOpen = found instanceof Partition && found.log.directory.offlineReason === undefined;
    return isOpen ? found : ErrorCode.KAFKA_STORAGE_ERROR;
  }

  /** Whether there is such a partition here, and it cannot be used. */
  isOffline(topic: string, partition: PartitionId): boolean {
    return this.find(topic, partition) === ErrorCode.KAFKA_STORAGE_ERROR;
  }

  /** Why some partition of a topic, from `first` on, cannot be used; undefined when all can. */
  offlineReason(topic: string, first = 0): string | undefined {
    for (const partition of this.#byTopic.get(topic)?.partitions.slice(first) ?? []) {
      const reason = partition instanceof Partition
        ? partition.log.directory.offlineReason
        : partition?.reason;
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** All open partitions, whoever leads them. */
  *all(): Generator<Partition> {
    for (const { partitions } of this.#byTopic.values()) {
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
    for (const [topic, { partitions }] of this.#byTopic) {
      for (const id of partitions.keys()) if (this.isOffline(topic, id)) count++;
    }
    return count;
  }

  /** Those whose log is open, and in a data directory that has failed. */
  *offline(): Generator<Partition> {
    for (const { partitions } of this.#byTopic.values()) {
      for (const partition of partitions) {
        const isOffline = partition instanceof Partition &&
          partition.log.directory.offlineReason !== undefined;
        if (isOffline) yield partition;
      }
    }
  }

  /** Ends the waits on those. */
  wakeOffline(): void {
    for (const partition of this.offline()) partition.wake();
  }

  /** What is in the table. For the reconciler, as all that follows. */
  hosted(topic: string, partition: PartitionId): Hosted | undefined {
    return this.#byTopic.get(topic)?.partitions[partition];
  }

  /** Which topic the name stands for here. */
  topicId(name: string): Uuid | undefined {
    return this.#byTopic.get(name)?.id;
  }

  /** Names of the topics of which something is here. */
  topics(): readonly string[] {
    return [...this.#byTopic.keys()];
  }

  /** Partitions that could not be opened, and are to be tried again. */
  toOpenLater(): readonly { topic: string; id: PartitionId; as: OpenedAs }[] {
    return [...this.#byTopic].flatMap(([topic, { partitions }]) =>
      [...partitions.entries()].flatMap(([id, found]) =>
        found !== undefined && !(found instanceof Partition) && found.later !== undefined
          ? [{ topic, id, as: found.later }]
          : []
      )
    );
  }

  put(topic: TopicImage, id: PartitionId, hosted: Hosted): void {
    let entry = this.#byTopic.get(topic.name);
    if (entry === undefined) {
      this.#byTopic.set(topic.name, entry = { id: topic.id, partitions: [] });
    }
    assert(entry.id === topic.id, `${topic.name} is here with another id`);
    entry.partitions[id] = hosted;
  }

  remove(topic: string, id: PartitionId): void {
    const entry = this.#byTopic.get(topic);
    if (entry !== undefined) entry.partitions[id] = undefined;
  }

  /** Returns what was open of the topic. */
  removeTopic(name: string): readonly Partition[] {
    const entry = this.#byTopic.get(name);
    this.#byTopic.delete(name);
    return (entry?.partitions ?? []).filter((each) => each instanceof Partition);
  }
}
