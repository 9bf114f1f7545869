// What a producer has buffered, on its way to the leaders.
//
//   append -> queue of the partition -> due (full, lingered, flushed) -> ready, by leader
//                ^                                                          |
//                |                                          Produce request, several partitions
//                +---- retriable or no answer: the same bytes, after a pause -+--> verdict
//
// Invariant: whatever happens costs as much as it concerns. A queue is looked at when something
// befell it, or at the moment it asked for (`#alarms`), and never because of another's fate: so a
// thousand partitions cost a thousand times one.
// Order and repetition are a queue's matter (partition_queue.ts). When the broker has lost track of
// an idempotent producer, it goes on under its next epoch (KIP-360); a batch whose fate is unknown
// then fails rather than risk a second copy.
//
// More than 400 lines: sending and judging share what is ready and what is away.

import type { BrokerId, Offset, PartitionId } from "../../base/ids.ts";
import { Heap } from "../../base/heap.ts";
import { type Int64, safeInt64 } from "../../base/int64.ts";
import { UsageFault } from "../../base/faults.ts";
import { ErrorCode, InitProducerId, Produce, type ResponseOf } from "../../protocol/mod.ts";
import { type CompressionType, loadCompression } from "../../records/mod.ts";
import type { Timer } from "../../runtime/ports.ts";
import type { Client } from "../client.ts";
import {
  checkCode,
  isAmbiguousCode,
  isLostTrackCode,
  isRetriable,
  isRetriableCode,
  KafkaError,
} from "../faults.ts";
import type { TopicMetadata } from "../metadata.ts";
import { nameOf } from "../topic_partition.ts";
import type { PartitionQueue, ProducerIdentity } from "./partition_queue.ts";
import type { Partitioner } from "./partitioner.ts";
import type { ProduceBatch } from "./produce_batch.ts";
import { produceRequest, type Sending } from "./produce_request.ts";
import { backoffOf } from "../retry.ts";
import { type Outgoing, SendBuffer } from "./send_buffer.ts";
import type { TransactionRequests } from "./transaction_requests.ts";

export interface SenderOptions {
  readonly acks: "all" | 1 | 0;
  readonly idempotent: boolean;
  readonly compression: CompressionType;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly bufferBytesMax: number;
  readonly deliveryTimeoutMs: number;
  readonly partitioner: Partitioner;
  /** Absent: the producer is not transactional. */
  readonly transactions?: TransactionRequests;
}

const requestBytesMax = 8 * 1024 * 1024;
const requestsPerBrokerMax = 5;
/** As many batches as a broker recognises of each producer in a partition. */
const awayMax = 5;
const epochMax = 2 ** 15 - 1;
const nobody: ProducerIdentity = { id: -1, epoch: -1 };

interface Alarm {
  readonly atMs: number;
  readonly queue: PartitionQueue;
}

type PartitionVerdict = ResponseOf<typeof Produce>["responses"][number]["partitionResponses"][
  number
];

export class Sender {
  readonly #client: Client;
  readonly #options: SenderOptions;
  readonly #lane: string;
  /** What waits and what is away. */
  readonly #buffer: SendBuffer;
  /** Queues to be looked at by the next pump. */
  readonly #fresh = new Set<PartitionQueue>();
  readonly #alarms = new Heap<Alarm>((a, b) => a.atMs < b.atMs);
  readonly #ready = new Map<BrokerId, Set<PartitionQueue>>();
  readonly #requestsInFlight = new Map<BrokerId, number>();
  #identity: ProducerIdentity | undefined;
  #hasCodec = false;
  #preparing: Promise<void> | undefined;
  #flushing = 0;
  #isAbandoning = false;
  #isPumping = false;
  #wake: { timer: Timer; atMs: number } | undefined;
  #trouble: Error | undefined;
  #isClosed = false;

  constructor(client: Client, options: SenderOptions) {
    this.#client = client;
    this.#options = options;
    this.#lane = client.newLane("produce");
    this.#buffer = new SendBuffer(client.ports, {
      ...options,
      awayMax: options.idempotent ? awayMax : 1,
      identity: () => this.#identity ?? nobody,
      onBegun: (queue) => this.#pumpSoon(queue),
    });
  }

  /** Why the last batch that came back is sent again; undefined once one was taken. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  /** Takes a record in. Throws a KafkaError or UsageFault when it can go nowhere. */
  append(topic: TopicMetadata, record: Outgoing): void {
    this.#buffer.append(topic, record);
  }

  /** Resolves at once, or when there is room for more records. */
  room(): Promise<void> {
    return this.#buffer.room();
  }

  /** Sends what is buffered without lingering, and resolves when each record has its verdict. */
  async flush(): Promise<void> {
    const settled = this.#buffer.settled();
    this.#flushing++;
    for (const queue of this.#buffer.queues()) if (queue.isBusy) this.#pumpSoon(queue);
    await settled;
    this.#flushing--;
  }

  /**
   * Fails all that waits, and resolves once nothing is away: whether sequence numbers were given
   * that the broker has not seen.
   */
  async abandon(error: Error): Promise<boolean> {
    let hasGap = false;
    for (const queue of this.#buffer.queues()) {
      hasGap = this.#failWaiting(queue, error) || hasGap;
      this.#failDoubtful(queue, error);
    }
    // What comes back to be repeated is not: it fails with what it came back with.
    this.#isAbandoning = true;
    await this.#buffer.settled();
    this.#isAbandoning = false;
    return hasGap;
  }

  #failWaiting(queue: PartitionQueue, error: Error): boolean {
    let isNumbered = false;
    for (const batch of queue.takeWaiting()) {
      isNumbered ||= batch.sequence !== undefined;
      batch.fail(error);
      this.#buffer.onGone(batch);
    }
    return isNumbered;
  }

  /** Who sends, once the first record was due; a transactional producer gets another one. */
  set identity(identity: ProducerIdentity) {
    this.#identity = identity;
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.timer.cancel();
    this.#client.closeLane(this.#lane);
  }

  /** Has the queue looked at once the caller's synchronous run of `send` calls is over. */
  #pumpSoon(queue?: PartitionQueue): void {
    if (queue !== undefined) this.#fresh.add(queue);
    if (this.#isPumping) return;
    this.#isPumping = true;
    // Not queueMicrotask, which a test runner that holds the time of a program takes away.
    Promise.resolve().then(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  /** Sends every batch whose time has come, and arranges to be called when the next one's comes. */
  #pump(): void {
    if (this.#buffer.isEmpty) return;
    if (this.#preparing === undefined) {
      this.#preparing = this.#prepare().catch((error) => this.#onUnprepared(error));
    }
    if (this.#identity === undefined || !this.#hasCodec) return;
    const nowMs = this.#client.ports.clock.monotonic();
    for (let first = this.#alarms.first; first && first.atMs <= nowMs;) {
      this.#alarms.pop();
      if (first.queue.alarmMs === first.atMs) {
        first.queue.alarmMs = Infinity;
        this.#fresh.add(first.queue);
      }
      first = this.#alarms.first;
    }
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    for (const queue of fresh) this.#look(queue, nowMs);
    for (const [leader, queues] of this.#ready) this.#sendTo(leader, queues);
    this.#wakeAt(this.#alarms.first?.atMs ?? Infinity);
  }

  /** Makes the queue ready, or has it looked at again when its time comes. */
  #look(queue: PartitionQueue, nowMs: number): void {
    const atMs = queue.dueAtMs({
      lingerMs: this.#options.lingerMs,
      isFlushing: this.#flushing > 0,
    });
    if (atMs <= nowMs) {
      const leader = this.#leaderOf(queue);
      if (leader === undefined) return;
      const ready = this.#ready.get(leader);
      if (ready === undefined) this.#ready.set(leader, new Set([queue]));
      else ready.add(queue);
    } else if (atMs < queue.alarmMs) {
      queue.alarmMs = atMs;
      this.#alarms.push({ atMs, queue });
    }
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

  /** Sends the head batches of `queues` in requests of bounded size, as many as may be away. */
  #sendTo(leader: BrokerId, queues: Set<PartitionQueue>): void {
    const nowMs = this.#client.ports.clock.monotonic();
    while (queues.size > 0) {
      if ((this.#requestsInFlight.get(leader) ?? 0) >= requestsPerBrokerMax) return;
      const sending: Sending[] = [];
      let sizeBytes = 0;
      for (const queue of queues) {
        if (sizeBytes >= requestBytesMax) break;
        queues.delete(queue);
        if (!this.#maySend(queue, { leader, nowMs })) continue;
        const batch = queue.take();
        sizeBytes += batch.sizeBytes;
        sending.push([queue, batch]);
        this.#buffer.onTaken(queue);
      }
      if (sending.length === 0) continue;
      this.#exchange(leader, sending);
      for (const [queue] of sending) this.#look(queue, nowMs);
    }
  }

  /** Whether the head may go now, as it seemed when the queue was made ready. */
  #maySend(queue: PartitionQueue, at: { leader: BrokerId; nowMs: number }): boolean {
    const { lingerMs, transactions } = this.#options;
    const isDue = queue.dueAtMs({ lingerMs, isFlushing: this.#flushing > 0 }) <= at.nowMs;
    if (!isDue) return false;
    const known = this.#client.cachedTopic(queue.topic)?.partitions[queue.partition]?.leader;
    if (known !== at.leader) {
      this.#pumpSoon(queue);
      return false;
    }
    if (transactions === undefined || transactions.has(queue)) return true;
    transactions.addPartition(queue).then(
      () => this.#pumpSoon(queue),
      (error) => this.#failWaiting(queue, error),
    );
    return false;
  }

  async #exchange(leader: BrokerId, sending: Sending[]): Promise<void> {
    this.#requestsInFlight.set(leader, (this.#requestsInFlight.get(leader) ?? 0) + 1);
    const { acks, idempotent, compression, transactions } = this.#options;
    try {
      const request = produceRequest(sending, {
        acks,
        encoding: {
          compression,
          codecs: this.#client.ports.codecs,
          isTransactional: transactions !== undefined,
        },
        transactionalId: transactions?.transactionalId ?? null,
        identity: idempotent ? this.#identity : undefined,
        timeoutMs: this.#client.options.requestTimeoutMs,
      });
      const target = { to: leader, lane: this.#lane, versionMax: transactions?.produceVersionMax };
      if (acks === 0) {
        await this.#client.notify(Produce, request, target);
        for (const [queue, batch] of sending) {
          this.#onDelivered(queue, { batch, baseOffset: -1, logAppendTimeMs: -1 });
        }
        return;
      }
      this.#onAnswer(await this.#client.request(Produce, request, target), sending);
    } catch (error) {
      for (const [queue, batch] of sending) {
        batch.isAmbiguous = true;
        this.#client.refreshTopic(queue.topic);
        this.#onFailure(queue, { batch, error });
      }
    } finally {
      this.#requestsInFlight.set(leader, this.#requestsInFlight.get(leader)! - 1);
      this.#pumpSoon();
    }
  }

  #onAnswer(answer: ResponseOf<typeof Produce>, sending: readonly Sending[]): void {
    const verdicts = new Map<string, Map<PartitionId, PartitionVerdict>>();
    for (const { name, partitionResponses } of answer.responses) {
      verdicts.set(name, new Map(partitionResponses.map((each) => [each.index, each])));
    }
    for (const [queue, batch] of sending) {
      const { topic, partition } = queue;
      const verdict = verdicts.get(topic)?.get(partition);
      if (verdict === undefined) {
        const error = new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, aboutOf(queue), "no answer");
        batch.isAmbiguous = true;
        this.#onFailure(queue, { batch, error });
      } else if (verdict.errorCode === ErrorCode.NONE) {
        const baseOffset = safeInt64(verdict.baseOffset);
        this.#onDelivered(queue, { batch, ...verdict, baseOffset });
      } else {
        const { leaderId: leader, leaderEpoch } = verdict.currentLeader;
        const told = { topic, partition, leader, leaderEpoch };
        const isLed = this.#client.onNewLeader(told, answer.nodeEndpoints ?? []);
        this.#onRefused(queue, { batch, ...verdict, isLed });
      }
    }
  }

  #onDelivered(
    queue: PartitionQueue,
    verdict: { batch: ProduceBatch; baseOffset: Offset; logAppendTimeMs: Int64 },
  ): void {
    this.#trouble = undefined;
    // Sequences have no gap: what came before this one and was doubted has been appended.
    for (const doubted of queue.takeDoubtful()) {
      doubted.deliver({ baseOffset: -1, logAppendTimeMs: -1 });
      this.#buffer.onGone(doubted);
    }
    verdict.batch.deliver(verdict);
    this.#onSettled(queue, verdict.batch);
  }

  #onRefused(
    queue: PartitionQueue,
    refusal: {
      batch: ProduceBatch;
      errorCode: ErrorCode;
      errorMessage: string | null;
      isLed: boolean;
    },
  ): void {
    const { batch, errorCode, isLed } = refusal;
    if (errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#onDelivered(queue, { batch, baseOffset: -1, logAppendTimeMs: -1 });
      return;
    }
    const isTooLarge = errorCode === ErrorCode.MESSAGE_TOO_LARGE;
    if (isTooLarge && batch.recordCount > 1 && !batch.isAmbiguous) {
      const halves = queue.giveBackSplit(batch, this.#client.ports.codecs);
      this.#buffer.onSplit(batch, halves);
      this.#pumpSoon(queue);
      return;
    }
    const error = new KafkaError(errorCode, aboutOf(queue), refusal.errorMessage);
    const isOwnEpoch = this.#options.transactions === undefined;
    if (
      errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ||
      isOwnEpoch && isLostTrackCode(errorCode)
    ) {
      this.#onLostTrack(queue, { batch, error });
      return;
    }
    if (isAmbiguousCode(errorCode)) batch.isAmbiguous = true;
    if (isRetriableCode(errorCode) && !isLed) this.#client.refreshTopic(queue.topic);
    this.#onFailure(queue, { batch, error, isAtOnce: isLed });
  }

  /** The broker does not know the producer, or not with this sequence. */
  #onLostTrack(queue: PartitionQueue, refusal: { batch: ProduceBatch; error: KafkaError }): void {
    const { batch, error } = refusal;
    if (queue.isDraining) {
      // One before it was refused, so this one came too early.
      this.#onFailure(queue, { batch, error, retriable: true, isAtOnce: true });
      return;
    }
    if (batch.isAmbiguous) {
      queue.doubt(batch);
      if (!queue.hasAmbiguous) this.#failDoubtful(queue, error);
      this.#pumpSoon(queue);
      return;
    }
    this.#failDoubtful(queue, error);
    this.#renewIdentity(batch);
    // A transaction's epoch is not ours to change: it has to be aborted.
    const retriable = this.#options.transactions === undefined;
    this.#onFailure(queue, { batch, error, retriable });
  }

  /** Nothing behind them can tell any more whether they were appended. */
  #failDoubtful(queue: PartitionQueue, error: Error): void {
    for (const batch of queue.takeDoubtful()) {
      this.#renewIdentity(batch);
      batch.fail(error);
      this.#buffer.onGone(batch);
    }
  }

  /** Repeats the batch after a pause, or rejects its records when that cannot help any more. */
  #onFailure(
    queue: PartitionQueue,
    failure: { batch: ProduceBatch; error: unknown; retriable?: boolean; isAtOnce?: boolean },
  ): void {
    const { batch, error, isAtOnce = false } = failure;
    const reason = error instanceof Error ? error : new Error(String(error));
    const retriable = (failure.retriable ?? isRetriable(error)) && !this.#isAbandoning;
    const { clock, random } = this.#client.ports;
    const nowMs = clock.monotonic();
    const pauseMs = isAtOnce && batch.attempts <= 1
      ? 0
      : backoffOf(Math.max(1, batch.attempts), { random });
    if (retriable && nowMs + pauseMs < batch.createdAtMs + this.#options.deliveryTimeoutMs) {
      batch.notBeforeMs = nowMs + pauseMs;
      if (batch.attempts === 0) batch.attempts = 1;
      this.#trouble = reason;
      this.#giveBack(queue, batch);
      return;
    }
    // The broker's count for the partition is unknown or ahead of ours from here on.
    if (batch.sequence !== undefined) this.#renewIdentity(batch);
    batch.fail(reason);
    this.#onSettled(queue, batch);
    if (!queue.hasAmbiguous) this.#failDoubtful(queue, reason);
  }

  #giveBack(queue: PartitionQueue, batch: ProduceBatch): void {
    queue.giveBack(batch);
    this.#pumpSoon(queue);
  }

  #onSettled(queue: PartitionQueue, batch: ProduceBatch): void {
    queue.settle(batch);
    this.#buffer.onGone(batch);
    this.#pumpSoon(queue);
  }

  /**
   * Gives up the epoch under which `batch` went out, unless another took its place. A transactional
   * producer's is not its own to change: its coordinator gives it the next one.
   */
  #renewIdentity(batch: ProduceBatch): void {
    if (!this.#options.idempotent || this.#options.transactions !== undefined) return;
    const { id, epoch } = this.#identity ?? nobody;
    if (batch.sequence?.producerId !== id || batch.sequence.producerEpoch !== epoch) return;
    if (epoch < epochMax) this.#identity = { id, epoch: epoch + 1 };
    else this.#identity = this.#preparing = undefined;
  }

  async #prepare(): Promise<void> {
    const { compression, idempotent, deliveryTimeoutMs, transactions } = this.#options;
    await loadCompression(compression);
    this.#hasCodec = true;
    if (transactions !== undefined) return this.#pumpSoon();
    let identity = nobody;
    if (idempotent) {
      identity = await this.#client.retrying(async () => {
        if (this.#isClosed) throw new UsageFault("the producer is closed");
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
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const queue of this.#buffer.queues()) this.#failWaiting(queue, reason);
  }
}

function aboutOf(queue: PartitionQueue): string {
  return `send to ${nameOf(queue)}`;
}
