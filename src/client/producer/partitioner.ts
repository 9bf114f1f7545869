// Which partition a record goes to: the one it names, else the hash of its key, else a sticky one.
//
// Invariant: a key's partition depends on the key and the partition count alone, and equals what
// Kafka's default partitioner gives. Records without a key stay on one partition until its batch
// leaves, then move (KIP-480), so that a low rate still makes full batches.

import { UsageFault } from "../../base/faults.ts";
import type { PartitionId } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { show } from "../../base/options.ts";
import type { Random } from "../../runtime/ports.ts";
import type { TopicMetadata } from "../metadata.ts";
import { murmur2 } from "./murmur2.ts";
import type { RecordContent } from "./producer_record.ts";

/** The partition of `key` among `partitionCount`, as Kafka's default partitioner picks it. */
export function partitionForKey(key: Uint8Array, partitionCount: number): PartitionId {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** What a {@link PartitionerFunction} is told of the topic. */
export interface PartitionChoice {
  /** The topic. */
  readonly topic: string;
  /** It has the partitions 0 to `count` - 1. */
  readonly count: number;
  /** Those that have a leader; all of them when none has. Never empty. */
  readonly available: readonly PartitionId[];
}

/** A program's own choice of the partition, for records that name none. */
export type PartitionerFunction = (record: RecordContent, among: PartitionChoice) => PartitionId;

/**
 * How partitions are chosen. `murmur2`, the default: as Kafka's default partitioner, by the key,
 * and without one as `sticky`. `sticky`: one partition until its batch leaves, whatever the key.
 * `roundRobin`: each record the next one.
 */
export type Partitioner = "murmur2" | "sticky" | "roundRobin" | PartitionerFunction;

/** Chooses partitions of one topic. */
export class TopicPartitioner {
  readonly #partitioner: Partitioner;
  readonly #random: Random;
  #metadata: TopicMetadata | undefined;
  #choice: PartitionChoice = { topic: "", count: 0, available: [] };
  #sticky: PartitionId | undefined;
  #turn: number;

  constructor(partitioner: Partitioner, random: Random) {
    this.#partitioner = partitioner;
    this.#random = random;
    this.#turn = random.uint32();
  }

  /** The partition for `record`, with or without a key. */
  choose(topic: TopicMetadata, record: RecordContent): PartitionId {
    const how = this.#partitioner;
    if (how === "murmur2" && record.key !== null) {
      return partitionForKey(record.key, topic.partitions.length);
    }
    const { available } = this.#among(topic);
    if (how === "roundRobin") return itemAt(available, this.#turn++ % available.length);
    if (typeof how === "function") {
      const { key, value, headers } = record;
      return this.#chosen(how({ key, value, headers }, this.#choice));
    }
    this.#sticky ??= itemAt(available, this.#random.uint32() % available.length);
    return this.#sticky;
  }

  /** Moves on to another partition when it stuck to this one, whose batch is full or has left. */
  moveOn(partition: PartitionId): boolean {
    if (this.#sticky !== partition) return false;
    this.#sticky = undefined;
    return true;
  }

  /** Looked at once for each answer about the topic: there may be thousands of partitions. */
  #among(topic: TopicMetadata): PartitionChoice {
    if (this.#metadata === topic) return this.#choice;
    this.#metadata = topic;
    const led = topic.partitions.filter((each) => each.leader >= 0);
    const available = (led.length > 0 ? led : topic.partitions).map((each) => each.partition);
    this.#choice = { topic: topic.name, count: topic.partitions.length, available };
    if (this.#sticky !== undefined && !available.includes(this.#sticky)) this.#sticky = undefined;
    return this.#choice;
  }

  #chosen(partition: unknown): PartitionId {
    if (Number.isInteger(partition) && (partition as number) >= 0) return partition as number;
    throw new UsageFault(`the partitioner's choice is no partition: ${show(partition)}`);
  }
}
