// What a producer holds: a queue of batches for each partition, how many bytes those are, and how
// many batches have no verdict.
//
//   append -> partitioner -> the open batch of the partition's queue, or a new one
//
// Invariant: each batch is counted once from its beginning until it is gone, in the round in which
// it began; a flush ends a round and waits for it and those before, not for what comes later.

import type { PartitionId } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { CompressionType } from "../../records/mod.ts";
import type { ClientPorts } from "../client.ts";
import { KafkaError } from "../faults.ts";
import type { TopicMetadata } from "../metadata.ts";
import { PartitionQueue, type QueueRules } from "./partition_queue.ts";
import { type Partitioner, TopicPartitioner } from "./partitioner.ts";
import type { ProduceBatch, Waiter } from "./produce_batch.ts";
import { type RecordContent, sizeBound } from "./producer_record.ts";

export interface SendBufferOptions extends QueueRules {
  readonly compression: CompressionType;
  readonly bufferBytesMax: number;
  readonly partitioner: Partitioner;
  /** A batch begins in the queue; those before it will not grow any more. */
  readonly onBegun: (queue: PartitionQueue) => void;
}

/** A record that is to be sent. */
export interface Outgoing extends RecordContent {
  /** Undefined: the partitioner chooses. */
  readonly partition: PartitionId | undefined;
  readonly timestamp: Int64;
  readonly waiter: Waiter;
  readonly place: number;
}

/** A broker closes the connection over a larger request (`socket.request.max.bytes`). */
const recordBytesMax = 100 * 1024 * 1024;
interface TopicQueues {
  readonly partitioner: TopicPartitioner;
  readonly queues: (PartitionQueue | undefined)[];
}

export class SendBuffer {
  readonly #ports: ClientPorts;
  readonly #options: SendBufferOptions;
  readonly #topics = new Map<string, TopicQueues>();
  /** Batches without a verdict, by round. */
  readonly #open = new Map<number, number>();
  #round = 0;
  #bufferedBytes = 0;
  #waiting: { isOver(): boolean; resolve(): void }[] = [];
  #room: Promise<void> | undefined;

  constructor(ports: ClientPorts, options: SendBufferOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Whether every batch has its verdict. */
  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** Takes a record in. Throws a KafkaError or UsageFault when it can go nowhere. */
  append(topic: TopicMetadata, record: Outgoing): void {
    const { partitioner, queues } = this.#topicQueues(topic.name);
    const sizeBytes = sizeBound(record);
    let partition = record.partition ?? partitioner.choose(topic, record);
    this.#check(topic, { partition, sizeBytes });
    let queue = queues[partition] ??= this.#newQueue(topic.name, partition);
    let batch = queue.openFor(sizeBytes);
    if (batch === undefined && record.partition === undefined && queue.isBusy) {
      // A partition that is busy is left to its batch, unless the key wants it.
      if (partitioner.moveOn(partition)) {
        partition = partitioner.choose(topic, record);
        queue = queues[partition] ??= this.#newQueue(topic.name, partition);
        batch = queue.openFor(sizeBytes);
      }
    }
    const sizeBefore = batch?.sizeBytes ?? 0;
    if (batch === undefined) {
      const createdAtMs = this.#ports.clock.monotonic();
      batch = queue.begin({ createdAtMs, round: this.#round });
      this.#count(this.#round, 1);
      this.#options.onBegun(queue);
    }
    batch.add(record, record);
    this.#bufferedBytes += batch.sizeBytes - sizeBefore;
  }

  #check(topic: TopicMetadata, at: { partition: PartitionId; sizeBytes: number }): void {
    const { partition, sizeBytes } = at;
    const about = `send to ${topic.name}-${partition}`;
    const count = topic.partitions.length;
    if (partition >= count) {
      const those = count === 1 ? "partition 0 only" : `partitions 0 to ${count - 1}`;
      throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, about, `the topic has ${those}`);
    }
    if (this.#options.compression === "none" && sizeBytes > recordBytesMax) {
      throw new KafkaError(ErrorCode.MESSAGE_TOO_LARGE, about);
    }
  }

  #topicQueues(name: string): TopicQueues {
    let known = this.#topics.get(name);
    if (known === undefined) {
      const { random } = this.#ports;
      const partitioner = new TopicPartitioner(this.#options.partitioner, random);
      this.#topics.set(name, known = { partitioner, queues: [] });
    }
    return known;
  }

  #newQueue(topic: string, partition: PartitionId): PartitionQueue {
    return new PartitionQueue({ topic, partition }, this.#options);
  }

  /** All of them. */
  *queues(): Generator<PartitionQueue> {
    for (const { queues } of this.#topics.values()) {
      for (const queue of queues) if (queue !== undefined) yield queue;
    }
  }

  /** Resolves at once, or when there is room for more records. */
  room(): Promise<void> {
    const { bufferBytesMax } = this.#options;
    if (this.#bufferedBytes <= bufferBytesMax) return Promise.resolve();
    // One promise for all that wait, however many they are.
    this.#room ??= this.#until(() => this.#bufferedBytes <= bufferBytesMax)
      .then(() => this.#room = undefined);
    return this.#room;
  }

  /** Ends the round: resolves when every batch that was begun in it or before has its verdict. */
  settled(): Promise<void> {
    const round = this.#round++;
    return this.#until(() => !this.#hasOpen(round));
  }

  /** The head of the queue was taken: records without a key go elsewhere next. */
  onTaken({ topic, partition }: PartitionQueue): void {
    this.#topics.get(topic)?.partitioner.moveOn(partition);
  }

  /** `batch` is two now. */
  onSplit(batch: ProduceBatch, halves: readonly ProduceBatch[]): void {
    for (const half of halves) this.#bufferedBytes += half.sizeBytes;
    this.#bufferedBytes -= batch.sizeBytes;
    this.#count(batch.round, halves.length - 1);
  }

  /** `batch` has its verdict. */
  onGone(batch: ProduceBatch): void {
    this.#count(batch.round, -1);
    this.#bufferedBytes -= batch.sizeBytes;
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isOver, resolve }) => {
      if (!isOver()) return true;
      resolve();
      return false;
    });
  }

  #count(round: number, change: number): void {
    const count = (this.#open.get(round) ?? 0) + change;
    if (count > 0) this.#open.set(round, count);
    else this.#open.delete(round);
  }

  #hasOpen(roundMax: number): boolean {
    for (const round of this.#open.keys()) if (round <= roundMax) return true;
    return false;
  }

  #until(isOver: () => boolean): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isOver, resolve }));
  }
}
