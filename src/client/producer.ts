// Sends records: batched by partition, several partitions in a request, repeated until
// acknowledged.
//
//   send -> batch of its partition -> (full, lingered, or flushed) -> Produce request -> verdict
//             ^                                                             |
//             +---- retriable or no answer: the same bytes, after a pause --+
//
// Invariant: a partition has at most one batch in flight, so order holds through every repetition.
// A batch keeps filling while its predecessor is away, which makes batches grow with the load.
// Idempotent by default: the broker drops what it has seen (KIP-98). When it has lost track of the
// producer, a new producer id is taken; a batch whose fate is unknown then fails rather than risk a
// second copy.
//
// More than 400 lines: appending, sending and judging share the counts that flush waits for.

import type { BrokerId, Offset, PartitionId } from "../base/ids.ts";
import { type Int64, safeInt64 } from "../base/int64.ts";
import { UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds } from "../base/options.ts";
import { ErrorCode, InitProducerId, Produce } from "../protocol/mod.ts";
import { type CompressionType, loadCompression, type RecordInput } from "../records/mod.ts";
import type { Timer } from "../runtime/ports.ts";
import type { Client } from "./client.ts";
import {
  checkCode,
  isAmbiguousCode,
  isLostTrackCode,
  isRetriable,
  isRetriableCode,
  KafkaError,
} from "./faults.ts";
import type { TopicMetadata } from "./metadata.ts";
import { nameOf } from "./offsets.ts";
import { PartitionQueue, type ProducerIdentity } from "./partition_queue.ts";
import { partitionForKey, StickyPartitioner } from "./partitioner.ts";
import {
  deliver,
  forgetEncoding,
  type ProduceBatch,
  type ProducerRecord,
  recordInput,
  type RecordMetadata,
  recordProblem,
  recordSize,
} from "./produce_batch.ts";
import { produceRequest, type Sending } from "./produce_request.ts";
import { backoffOf } from "./retry.ts";

/** How to send. */
export interface ProducerOptions {
  /** Whom to wait for: all in-sync replicas and the disk, the leader, nobody. Default `all`. */
  readonly acks?: "all" | 1 | 0;
  /** Records repeated by retries are dropped by the broker. Default true; needs acks `all`. */
  readonly idempotent?: boolean;
  /** How batches are compressed. Default none. */
  readonly compression?: CompressionType;
  /** How long a batch waits for company. Default 0: one turn, and while its predecessor is away. */
  readonly lingerMs?: number;
  /** A batch closes at about this size, before compression. Default 262,144. */
  readonly batchBytes?: number;
  /** {@link Producer.ready} waits while more than this is buffered. Default 33,554,432. */
  readonly bufferBytesMax?: number;
  /** From `send` to failure at the latest, about. Default 120,000. */
  readonly deliveryTimeoutMs?: number;
}

const optionKinds: OptionKinds<ProducerOptions> = {
  acks: ["all", 1, 0],
  idempotent: "flag",
  compression: ["none", "gzip", "snappy", "lz4", "zstd"],
  lingerMs: "count",
  batchBytes: "count",
  bufferBytesMax: "count",
  deliveryTimeoutMs: "count",
};

const requestBytesMax = 8 * 1024 * 1024;
/** A broker closes the connection over a larger request (`socket.request.max.bytes`). */
const recordBytesMax = 100 * 1024 * 1024;
const requestsPerBrokerMax = 5;
const noIdentity: ProducerIdentity = { id: -1, epoch: -1 };

/** Sends records, batched and in order for each partition. */
export class Producer {
  readonly #client: Client;
  readonly #options: Required<ProducerOptions>;
  readonly #lane: string;
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #sticky: StickyPartitioner;
  readonly #lookups = new Map<string, Promise<TopicMetadata>>();
  readonly #requestsInFlight = new Map<BrokerId, number>();
  #identity: ProducerIdentity | undefined;
  #preparing: Promise<void> | undefined;
  #bufferedBytes = 0;
  #batches = 0;
  #flushing = 0;
  #pumping = false;
  #wake: { timer: Timer; atMs: number } | undefined;
  #waiters: (() => void)[] = [];
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal Made by `cluster.producer()`. */
  constructor(client: Client, options: ProducerOptions = {}) {
    const given = checkOptions("a producer", options, optionKinds);
    const acks = given.acks ?? "all";
    this.#client = client;
    this.#lane = client.newLane("produce");
    this.#sticky = new StickyPartitioner(client.ports.random);
    this.#options = {
      acks,
      idempotent: acks === "all",
      compression: "none",
      lingerMs: 0,
      batchBytes: 256 * 1024,
      bufferBytesMax: 32 * 1024 * 1024,
      deliveryTimeoutMs: 120_000,
      ...given,
    };
    if (this.#options.idempotent && acks !== "all") {
      throw new UsageFault(`an idempotent producer needs acks "all", not ${acks}`);
    }
  }

  /**
   * Sends one record. Resolves when it is acknowledged; rejects with a UsageFault for what is no
   * record, with a KafkaError or ConnectionFault when it is refused or the delivery timeout is
   * over. Records of a partition stay
   * in the order of the calls. To bound memory, await {@link ready} between calls, or the calls
   * themselves.
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    if (this.#closed) return Promise.reject(new Error("the producer is closed"));
    const problem = recordProblem(record);
    if (problem !== undefined) return Promise.reject(new UsageFault(problem));
    const { topic: name } = record;
    const looking = this.#lookups.get(name);
    const known = looking === undefined ? this.#client.cachedTopic(name) : undefined;
    if (known !== undefined) return this.#append(known, record);
    const lookup = looking ?? this.#client.topic(name, { allowCreate: true });
    if (looking === undefined) {
      this.#lookups.set(name, lookup);
      // Registered before any record: so no later `send` can overtake those that wait.
      const found = () => this.#lookups.delete(name);
      lookup.then(found, found);
    }
    return lookup.then((topic) => this.#append(topic, record));
  }

  /** Resolves at once, or when there is room for more records: the producer's back-pressure. */
  async ready(): Promise<void> {
    // Records that wait for their topic's metadata are in no buffer yet.
    if (this.#lookups.size > 0) await Promise.allSettled(this.#lookups.values());
    while (this.#bufferedBytes > this.#options.bufferBytesMax) await this.#settled();
  }

  /** Sends what is buffered without lingering, and resolves when each record has its verdict. */
  async flush(): Promise<void> {
    await Promise.allSettled(this.#lookups.values());
    this.#flushing++;
    this.#pumpSoon();
    while (this.#batches > 0) await this.#settled();
    this.#flushing--;
  }

  /** Flushes, then takes no more records. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    this.#wake?.timer.cancel();
    this.#client.closeLane(this.#lane);
  }

  /** As {@link Producer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #append(topic: TopicMetadata, record: ProducerRecord): Promise<RecordMetadata> {
    const { clock } = this.#client.ports;
    const input = recordInput(record, clock.now());
    const partition = record.partition ?? this.#partitionOf(topic, input);
    if (partition < 0 || partition >= topic.partitions.length) {
      return Promise.reject(
        new KafkaError(
          ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
          `send to ${topic.name}-${partition}`,
          `the topic has partitions 0 to ${topic.partitions.length - 1}`,
        ),
      );
    }
    if (this.#options.compression === "none" && recordSize(input) > recordBytesMax) {
      const code = ErrorCode.MESSAGE_TOO_LARGE;
      return Promise.reject(new KafkaError(code, `send to ${topic.name}-${partition}`));
    }
    const target = this.#queueOf(topic.name, partition);
    return new Promise((resolve, reject) => {
      const added = target.append({ record: input, resolve, reject }, {
        batchBytes: this.#options.batchBytes,
        nowMs: clock.monotonic(),
      });
      this.#bufferedBytes += added.sizeBytes;
      if (!added.isNewBatch) return;
      this.#batches++;
      this.#pumpSoon();
    });
  }

  #queueOf(topic: string, partition: PartitionId): PartitionQueue {
    const key = nameOf({ topic, partition });
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue({ topic, partition });
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #partitionOf(topic: TopicMetadata, record: RecordInput): PartitionId {
    if (record.key) return partitionForKey(record.key, topic.partitions.length);
    const led = topic.partitions.filter((each) => each.leader >= 0);
    const choice = (led.length > 0 ? led : topic.partitions).map((each) => each.partition);
    const sticky = this.#sticky.partition(topic.name, choice);
    const queue = this.#queueOf(topic.name, sticky);
    if (queue.fits(recordSize(record), this.#options.batchBytes)) return sticky;
    this.#sticky.onBatchSent(topic.name, sticky);
    return this.#sticky.partition(topic.name, choice);
  }

  /** Runs the pump once the caller's synchronous run of `send` calls is over. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Sends every batch whose time has come, and arranges to be called when the next one's comes. */
  #pump(): void {
    if (this.#batches === 0) return;
    if (this.#preparing === undefined) {
      this.#preparing = this.#prepare().catch((error) => this.#onUnprepared(error));
    }
    if (this.#identity === undefined) return;
    const nowMs = this.#client.ports.clock.monotonic();
    const requests = new Map<BrokerId, PartitionQueue[]>();
    let nextAtMs = Infinity;
    for (const queue of this.#queues.values()) {
      const dueAtMs = queue.dueAtMs(this.#flushing > 0 ? 0 : this.#options.lingerMs);
      if (dueAtMs > nowMs) {
        nextAtMs = Math.min(nextAtMs, dueAtMs);
        continue;
      }
      const leader = this.#leaderOf(queue);
      if (leader === undefined) continue;
      const queues = requests.get(leader);
      if (queues === undefined) requests.set(leader, [queue]);
      else queues.push(queue);
    }
    for (const [leader, queues] of requests) this.#sendTo(leader, queues);
    this.#wakeAt(nextAtMs);
  }

  #wakeAt(atMs: number): void {
    if (this.#wake !== undefined && this.#wake.atMs <= atMs) return;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
    if (atMs === Infinity) return;
    const { clock, timers } = this.#client.ports;
    const timer = timers.after(Math.max(0, atMs - clock.monotonic()), () => {
      this.#wake = undefined;
      this.#pump();
    });
    this.#wake = { timer, atMs };
  }

  /** The partition's leader; when it is not known, its head batch waits and a look-up starts. */
  #leaderOf(queue: PartitionQueue): BrokerId | undefined {
    const topic = this.#client.cachedTopic(queue.topic);
    const leader = topic?.partitions[queue.partition]?.leader ?? -1;
    if (leader >= 0) return leader;
    const batch = queue.take();
    const missing = () => new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, aboutOf(queue));
    if (topic !== undefined) {
      this.#client.refreshTopic(queue.topic);
      this.#onFailure(queue, { batch, error: missing() });
    } else {
      this.#client.topic(queue.topic, { allowCreate: true }).then(
        () => this.#giveBack(queue, batch),
        (error) => this.#onFailure(queue, { batch, error }),
      );
    }
    return undefined;
  }

  /**
   * Sends the head batches of `queues` in requests of bounded size, as many as may be in
   * flight.
   */
  #sendTo(leader: BrokerId, queues: PartitionQueue[]): void {
    let left = queues;
    while (left.length > 0) {
      if ((this.#requestsInFlight.get(leader) ?? 0) >= requestsPerBrokerMax) return;
      const sending: Sending[] = [];
      let sizeBytes = 0;
      for (const queue of left) {
        if (sizeBytes >= requestBytesMax) break;
        const batch = queue.take();
        sizeBytes += batch.sizeBytes;
        sending.push([queue, batch]);
        this.#sticky.onBatchSent(queue.topic, queue.partition);
      }
      left = left.slice(sending.length);
      this.#exchange(leader, sending);
    }
  }

  async #exchange(leader: BrokerId, sending: Sending[]): Promise<void> {
    this.#requestsInFlight.set(leader, (this.#requestsInFlight.get(leader) ?? 0) + 1);
    try {
      const request = produceRequest(sending, {
        ...this.#options,
        identity: this.#identity ?? noIdentity,
        timeoutMs: this.#client.options.requestTimeoutMs,
        codecs: this.#client.ports.codecs,
      });
      const target = { to: leader, lane: this.#lane };
      if (this.#options.acks === 0) {
        await this.#client.notify(Produce, request, target);
        for (const [queue, batch] of sending) {
          this.#onDelivered(queue, { batch, baseOffset: -1, logAppendTimeMs: -1 });
        }
        return;
      }
      const answer = await this.#client.request(Produce, request, target);
      for (const [queue, batch] of sending) {
        const verdict = answer.responses.find((each) => each.name === queue.topic)
          ?.partitionResponses.find((each) => each.index === queue.partition);
        if (verdict === undefined) {
          const error = new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, aboutOf(queue), "no answer");
          batch.ambiguous = true;
          this.#onFailure(queue, { batch, error });
        } else if (verdict.errorCode === ErrorCode.NONE) {
          const baseOffset = safeInt64(verdict.baseOffset);
          this.#onDelivered(queue, { batch, ...verdict, baseOffset });
        } else this.#onRefused(queue, { batch, ...verdict });
      }
    } catch (error) {
      for (const [queue, batch] of sending) {
        batch.ambiguous = true;
        this.#client.refreshTopic(queue.topic);
        this.#onFailure(queue, { batch, error });
      }
    } finally {
      this.#requestsInFlight.set(leader, this.#requestsInFlight.get(leader)! - 1);
      this.#pumpSoon();
    }
  }

  #onDelivered(
    queue: PartitionQueue,
    verdict: { batch: ProduceBatch; baseOffset: Offset; logAppendTimeMs: Int64 },
  ): void {
    deliver(verdict.batch, verdict);
    this.#onSettled(queue, verdict.batch);
  }

  #onRefused(
    queue: PartitionQueue,
    refusal: { batch: ProduceBatch; errorCode: ErrorCode; errorMessage: string | null },
  ): void {
    const { batch, errorCode } = refusal;
    if (errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#onDelivered(queue, { batch, baseOffset: -1, logAppendTimeMs: -1 });
      return;
    }
    if (errorCode === ErrorCode.MESSAGE_TOO_LARGE && batch.records.length > 1 && !batch.ambiguous) {
      queue.giveBackSplit(batch);
      this.#batches++;
      this.#pumpSoon();
      return;
    }
    const error = new KafkaError(errorCode, aboutOf(queue), refusal.errorMessage);
    if (isLostTrackCode(errorCode)) {
      this.#renewIdentity(batch);
      if (!batch.ambiguous) forgetEncoding(batch);
      this.#onFailure(queue, { batch, error, retriable: !batch.ambiguous });
      return;
    }
    if (isAmbiguousCode(errorCode)) batch.ambiguous = true;
    if (isRetriableCode(errorCode)) this.#client.refreshTopic(queue.topic);
    this.#onFailure(queue, { batch, error });
  }

  /** Repeats the batch after a pause, or rejects its records when that cannot help any more. */
  #onFailure(
    queue: PartitionQueue,
    failure: { batch: ProduceBatch; error: unknown; retriable?: boolean },
  ): void {
    const { batch, error, retriable = isRetriable(error) } = failure;
    const { clock, random } = this.#client.ports;
    const nowMs = clock.monotonic();
    const pauseMs = backoffOf(Math.max(1, batch.attempts), { random });
    if (retriable && nowMs + pauseMs < batch.createdAtMs + this.#options.deliveryTimeoutMs) {
      batch.notBeforeMs = nowMs + pauseMs;
      if (batch.attempts === 0) batch.attempts = 1;
      this.#giveBack(queue, batch);
      return;
    }
    // The broker's count for the partition is unknown or ahead of ours from here on.
    if (batch.sequence !== undefined) this.#renewIdentity(batch);
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const record of batch.records) record.reject(reason);
    this.#onSettled(queue, batch);
  }

  #giveBack(queue: PartitionQueue, batch: ProduceBatch): void {
    queue.giveBack(batch);
    this.#pumpSoon();
  }

  #onSettled(queue: PartitionQueue, batch: ProduceBatch): void {
    queue.settle();
    this.#batches--;
    this.#bufferedBytes -= batch.sizeBytes;
    for (const resolve of this.#waiters.splice(0)) resolve();
    this.#pumpSoon();
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Gives up the producer id under which `batch` went out, unless another took its place. */
  #renewIdentity(batch: ProduceBatch): void {
    if (this.#identity?.id !== batch.sequence?.producerId) return;
    this.#identity = undefined;
    this.#preparing = undefined;
  }

  async #prepare(): Promise<void> {
    const { compression, idempotent, deliveryTimeoutMs } = this.#options;
    await loadCompression(compression);
    let identity = noIdentity;
    if (idempotent) {
      identity = await this.#client.retrying(async () => {
        if (this.#closed) throw new UsageFault("the producer is closed");
        const answer = await this.#client.request(InitProducerId, {
          transactionalId: null,
          transactionTimeoutMs: 60_000,
        }, { to: "any", lane: this.#lane });
        checkCode(answer.errorCode, "get a producer id");
        return { id: answer.producerId, epoch: answer.producerEpoch };
      }, deliveryTimeoutMs);
    }
    this.#identity = identity;
    this.#pumpSoon();
  }

  /** No producer id to be had: nothing can be sent, so everything that waits fails. */
  #onUnprepared(error: unknown): void {
    this.#preparing = undefined;
    for (const queue of this.#queues.values()) {
      while (queue.hasWaiting) {
        this.#onFailure(queue, { batch: queue.take(), error, retriable: false });
      }
    }
  }
}

function aboutOf(queue: PartitionQueue): string {
  return `send to ${nameOf(queue)}`;
}
