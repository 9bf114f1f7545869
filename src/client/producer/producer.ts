// Sends records: the face of the sender (sender.ts), and of transactions.
//
//   send -> topic known? -> Sender: batches by partition -> acknowledged
//   transaction(run) -> begin -> run(tx) -> commit, or abort when it throws
//
// Records of a partition stay in the order of the calls, whatever is repeated on the way.
// Idempotent by default: the broker drops what it has seen (KIP-98).

import { UsageFault } from "../../base/faults.ts";
import { checkOptions, type OptionKinds, show } from "../../base/options.ts";
import type { CompressionType } from "../../records/mod.ts";
import { type CallOptions, closed, signalOf, unlessAborted } from "../aborting.ts";
import type { Client } from "../client.ts";
import { KafkaError } from "../faults.ts";
import type { TopicMetadata } from "../metadata.ts";
import type { Partitioner } from "./partitioner.ts";
import type { Waiter } from "./produce_batch.ts";
import {
  contentOf,
  type ProducerRecord,
  type RecordMetadata,
  recordProblem,
} from "./producer_record.ts";
import { Sender } from "./sender.ts";
import { Transaction } from "./transaction.ts";
import { isFatalCode, TransactionRequests } from "./transaction_requests.ts";

/** How to send. */
export interface ProducerOptions {
  /** What a record waits for: all in-sync replicas, the leader alone, or nothing. Default `all`. */
  readonly acks?: "all" | 1 | 0;
  /**
   * The broker drops what a retry repeats (KIP-98). Default true with acks `all`, which it needs.
   */
  readonly idempotent?: boolean;
  /** How batches are compressed. Default none. */
  readonly compression?: CompressionType;
  /**
   * How long a batch waits for more records. Default 0: it leaves at once, unless batches before it
   * are under way; so batches grow with the load.
   */
  readonly lingerMs?: number;
  /**
   * A batch takes no more records at about this many bytes, before compression. Default 262,144.
   */
  readonly batchBytes?: number;
  /** {@link Producer.ready} waits while more bytes than this are buffered. Default 33,554,432. */
  readonly bufferBytesMax?: number;
  /** How long after `send` a record fails at the latest, retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number;
  /**
   * How a partition is chosen for a record that names none. Default `murmur2`, as in Kafka's
   * clients.
   */
  readonly partitioner?: Partitioner;
  /**
   * Makes the producer transactional: it sends by {@link Producer.transaction} only, and an earlier
   * producer with this id is fenced (KIP-98).
   */
  readonly transactionalId?: string;
  /** The broker aborts a transaction that is open for longer. Default 60,000. */
  readonly transactionTimeoutMs?: number;
}

const optionKinds: OptionKinds<ProducerOptions> = {
  acks: ["all", 1, 0],
  idempotent: "flag",
  compression: ["none", "gzip", "snappy", "lz4", "zstd"],
  lingerMs: "count",
  batchBytes: "count",
  bufferBytesMax: "count",
  deliveryTimeoutMs: "count",
  partitioner: "any",
  transactionalId: "text",
  transactionTimeoutMs: "count",
};

/** A call of `send`, of one record or of many. */
interface Call {
  readonly waiter: Waiter;
  /** When it was made: the time of records that have none of their own. */
  readonly nowMs: number;
  /** What was found out last. */
  topic?: TopicMetadata;
}

/** Sends records, batched and in order for each partition. */
export class Producer implements AsyncDisposable {
  readonly #client: Client;
  readonly #sender: Sender;
  readonly #lookups = new Map<string, Promise<TopicMetadata>>();
  readonly #transactions: TransactionRequests | undefined;
  /** Whether the next transaction may go on under the identity of the last. */
  #isTaken = false;
  #transaction: Transaction | undefined;
  /** The end of a transaction that was given up. */
  #undoing: Promise<void> | undefined;
  #fatal: Error | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal Made by `cluster.producer()`. */
  constructor(client: Client, options: ProducerOptions = {}) {
    const given = checkOptions("a producer", options, optionKinds);
    const { transactionalId, transactionTimeoutMs = 60_000, ...rest } = given;
    const { acks = "all" } = given;
    checkPartitioner(given.partitioner);
    this.#client = client;
    const settings = {
      acks,
      idempotent: acks === "all",
      compression: "none",
      lingerMs: 0,
      batchBytes: 256 * 1024,
      bufferBytesMax: 32 * 1024 * 1024,
      deliveryTimeoutMs: 120_000,
      partitioner: "murmur2",
      ...rest,
    } as const;
    if (settings.idempotent && acks !== "all") {
      throw new UsageFault(`an idempotent producer needs acks "all", not ${acks}`);
    }
    if (transactionalId !== undefined) {
      if (!settings.idempotent) throw new UsageFault("a transactional producer is idempotent");
      this.#transactions = new TransactionRequests(client, {
        transactionalId,
        timeoutMs: transactionTimeoutMs,
        retryTimeoutMs: settings.deliveryTimeoutMs,
      });
    }
    this.#sender = new Sender(client, { ...settings, transactions: this.#transactions });
  }

  /**
   * Sends one record. Resolves when it is acknowledged. Rejects with a UsageFault for what is not a
   * record, and with a KafkaError or ConnectionFault when the record is refused or the delivery
   * timeout is over. Records of a partition stay in the order of the calls. To bound memory, await
   * {@link ready} between calls, or the calls themselves.
   *
   * When `signal` is aborted, records whose topic is not known yet are not sent; those in a batch
   * may be written or not.
   */
  send(record: ProducerRecord, options?: CallOptions): Promise<RecordMetadata>;
  /**
   * Sends many records at the price of one promise. Resolves, in the order given, when all are
   * acknowledged; rejects as soon as one has failed, while the others may still be written.
   */
  send(records: readonly ProducerRecord[], options?: CallOptions): Promise<RecordMetadata[]>;
  send(
    given: ProducerRecord | readonly ProducerRecord[],
    options?: CallOptions,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#transactions !== undefined) {
      const message = "a transactional producer sends by transaction((tx) => tx.send(...))";
      return Promise.reject(new UsageFault(message));
    }
    return options === undefined ? this.#traced(given) : this.#sendUntil(given, options);
  }

  async #sendUntil(
    given: ProducerRecord | readonly ProducerRecord[],
    options: CallOptions,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    const signal = signalOf("send", options);
    return await unlessAborted(this.#traced(given, signal), signal);
  }

  #traced(
    given: ProducerRecord | readonly ProducerRecord[],
    signal?: AbortSignal,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    const { tracing } = this.#client;
    // What is no record is refused without a span.
    const isSound = (record: ProducerRecord) => recordProblem(record) === undefined;
    if (tracing === undefined || !(isMany(given) ? given.every(isSound) : isSound(given))) {
      return this.#send(given, signal);
    }
    return isMany(given)
      ? tracing.sendMany(given, (records) => this.#send(records, signal))
      : tracing.sendOne(given, (record) => this.#send(record, signal));
  }

  #send(given: ProducerRecord, signal?: AbortSignal): Promise<RecordMetadata>;
  #send(given: readonly ProducerRecord[], signal?: AbortSignal): Promise<RecordMetadata[]>;
  #send(
    given: ProducerRecord | readonly ProducerRecord[],
    signal?: AbortSignal,
  ): Promise<RecordMetadata | RecordMetadata[]>;
  #send(
    given: ProducerRecord | readonly ProducerRecord[],
    signal?: AbortSignal,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#closed) return Promise.reject(new UsageFault("the producer is closed"));
    const nowMs = this.#client.ports.clock.now();
    if (!isMany(given)) {
      return new Promise<RecordMetadata>((delivered, failed) =>
        this.#take(given, { waiter: { delivered, failed, signal }, nowMs }, 0)
      );
    }
    if (given.length === 0) return Promise.resolve([]);
    return new Promise<RecordMetadata[]>((resolve, failed) => {
      const sent = new Array<RecordMetadata>(given.length);
      let left = given.length;
      const delivered = (metadata: RecordMetadata, place: number) => {
        sent[place] = metadata;
        if (--left === 0) resolve(sent);
      };
      const call = { waiter: { delivered, failed, signal }, nowMs };
      for (let place = 0; place < given.length; place++) {
        this.#take(given[place] as ProducerRecord, call, place);
      }
    });
  }

  /** Has the record go its way, once its topic is known. */
  #take(record: ProducerRecord, call: Call, place: number): void {
    const { waiter } = call;
    const problem = recordProblem(record);
    if (problem !== undefined) return waiter.failed(new UsageFault(problem));
    const { topic: name } = record;
    // What is known does not change before the call returns, so records of one topic ask once.
    if (call.topic?.name === name) return this.#append(call.topic, record, { call, place });
    const looking = this.#lookups.get(name);
    const known = looking === undefined ? this.#client.cachedTopic(name) : undefined;
    if (known !== undefined) {
      call.topic = known;
      return this.#append(known, record, { call, place });
    }
    const lookup = looking ?? this.#client.topic(name, { allowCreate: true });
    if (looking === undefined) {
      this.#lookups.set(name, lookup);
      // Registered before any record: so no later `send` can overtake those that wait.
      const found = () => this.#lookups.delete(name);
      lookup.then(found, found);
    }
    lookup.then(
      (topic) => {
        if (this.#closed) waiter.failed(new UsageFault("the producer is closed"));
        else if (!waiter.signal?.aborted) this.#append(topic, record, { call, place });
      },
      (error) => waiter.failed(error),
    );
  }

  #append(topic: TopicMetadata, record: ProducerRecord, by: { call: Call; place: number }): void {
    const { key, value, headers } = contentOf(record);
    const { partition, timestamp = by.call.nowMs } = record;
    const { waiter } = by.call;
    const { place } = by;
    try {
      this.#sender.append(topic, { key, value, headers, partition, timestamp, waiter, place });
    } catch (error) {
      // Of this record alone: it goes nowhere, and whoever sent it is told so.
      if (!(error instanceof KafkaError || error instanceof UsageFault)) throw error;
      waiter.failed(error);
    }
  }

  /** Why the last batch that did not get through is sent again; undefined once one was taken. */
  get trouble(): Error | undefined {
    return this.#sender.trouble;
  }

  /** Resolves at once, or when there is room for more records: the producer's back-pressure. */
  async ready(options?: CallOptions): Promise<void> {
    const signal = signalOf("ready", options);
    // Records that wait for their topic's metadata are in no buffer yet.
    if (this.#lookups.size > 0) await unlessAborted(this.#lookedUp(), signal);
    await unlessAborted(this.#sender.room(), signal);
  }

  /**
   * Sends what is buffered without lingering, and resolves when each record has its verdict. When
   * `signal` is aborted the records go their way all the same.
   */
  async flush(options?: CallOptions): Promise<void> {
    const signal = signalOf("flush", options);
    await unlessAborted(this.#flush(), signal);
  }

  async #flush(): Promise<void> {
    if (this.#lookups.size > 0) await this.#lookedUp();
    await this.#sender.flush();
  }

  /** Resolves when each record that waits for its topic has been taken in, or refused. */
  #lookedUp(): Promise<unknown> {
    return Promise.allSettled(this.#lookups.values());
  }

  /**
   * Runs `run` within a transaction: commits when it resolves, aborts and rejects with its error
   * when it rejects. What was sent and not awaited is waited for. PRODUCER_FENCED says that another
   * producer has taken over the transactional id.
   *
   * When `signal` is aborted before all of its records are acknowledged, the transaction is, too,
   * and the call rejects at once. A commit comes to its end, so that its fate is known.
   */
  async transaction<T>(
    run: (transaction: Transaction) => Promise<T> | T,
    options?: CallOptions,
  ): Promise<T> {
    const signal = signalOf("transaction", options);
    const transaction = await this.begin(options);
    let result: T;
    try {
      const running = Promise.resolve(transaction).then(run);
      result = await unlessAborted(running, signal);
      if (transaction.isOpen) await unlessAborted(this.#flush(), signal);
    } catch (error) {
      if (!transaction.isOpen) throw error;
      const aborting = transaction.abort(error instanceof Error ? error : undefined);
      if (signal?.aborted) this.#undo(aborting);
      else await aborting;
      throw error;
    }
    if (transaction.isOpen) await transaction.commit();
    return result;
  }

  /**
   * Begins a transaction, to be committed or aborted by hand: `await using tx = ...` aborts it.
   * When `signal` is aborted there is none.
   */
  async begin(options?: CallOptions): Promise<Transaction> {
    const signal = signalOf("begin", options);
    // What was given up is undone first, since there is one transaction at a time.
    if (this.#undoing !== undefined) await unlessAborted(this.#undoing, signal);
    const beginning = this.#begin();
    try {
      return await unlessAborted(beginning, signal);
    } catch (error) {
      if (signal?.aborted) this.#undo(beginning.then((transaction) => transaction.abort()));
      throw error;
    }
  }

  /** Has the next transaction wait for the end of one that nobody waits for. */
  #undo(aborting: Promise<void>): void {
    // Who begins the next one hears of what has become of the producer.
    const undoing = aborting.catch(() => {}).finally(() => {
      if (this.#undoing === undoing) this.#undoing = undefined;
    });
    this.#undoing = undoing;
  }

  async #begin(): Promise<Transaction> {
    const requests = this.#transactions;
    if (requests === undefined) {
      throw new UsageFault('transactions need a transactionalId, such as "billing-1"');
    }
    if (this.#closed) throw new UsageFault("the producer is closed");
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#transaction?.isOpen) {
      throw new UsageFault("a transaction is open: a producer has one at a time");
    }
    const transaction = new Transaction({
      send: (given) => this.#fatal ? Promise.reject(this.#fatal) : this.#traced(given),
      flush: () => this.#flush(),
      commitOffsets: (groupId, { offsets, by }) =>
        this.#fatally(requests.commitOffsets(groupId, { offsets, by: by! })),
      end: (end, how) => this.#end(requests, { end, isBroken: false, ...how }),
    });
    const last = this.#transaction;
    this.#transaction = transaction;
    try {
      await this.#takeOver(requests);
      await requests.begin();
    } catch (error) {
      this.#transaction = last;
      throw error;
    }
    return transaction;
  }

  /** Has an identity: the first one, or the next after an end that a coordinator must forget. */
  async #takeOver(requests: TransactionRequests): Promise<void> {
    if (this.#isTaken) return;
    this.#sender.identity = await this.#fatally(requests.init());
    this.#isTaken = true;
  }

  async #end(
    requests: TransactionRequests,
    { end, cause, isBroken }: { end: "commit" | "abort"; cause?: Error; isBroken: boolean },
  ): Promise<void> {
    if (this.#fatal !== undefined) {
      await this.#sender.abandon(this.#fatal);
      // What is left of it the coordinator aborts: for who took over, or when its time is over.
      if (end === "abort") return;
      throw this.#fatal;
    }
    let hasGap = isBroken;
    if (end === "abort") {
      if (this.#lookups.size > 0) await this.#lookedUp();
      const reason = cause ?? new UsageFault("the transaction was aborted");
      hasGap = await this.#sender.abandon(reason) || hasGap;
    }
    try {
      this.#sender.identity = await this.#fatally(requests.end(end));
    } finally {
      // Without an answer, or with sequence numbers that the broker has not seen, the next
      // transaction needs an epoch of its own.
      this.#isTaken = false;
    }
    this.#isTaken = !hasGap;
  }

  /** Remembers a failure after which the producer can do nothing more. */
  async #fatally<T>(doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (error) {
      if (error instanceof KafkaError && isFatalCode(error.errorCode)) this.#fatal ??= error;
      throw error;
    }
  }

  /**
   * Aborts a transaction that is open, flushes, then takes no more records. When `signal` is
   * aborted, nothing more is sent: records without a verdict fail, and are written or not.
   */
  close(options?: CallOptions): Promise<void> {
    this.#closing ??= this.#close();
    return closed(this.#closing, options, (reason) => {
      this.#closed = true;
      // Resolves when the connections are closed and all has failed.
      void this.#sender.abandon(reason);
      this.#sender.close();
    });
  }

  async #close(): Promise<void> {
    try {
      await this.#undoing;
      if (this.#transaction?.isOpen) await this.#transaction.abort();
      await this.#flush();
    } finally {
      this.#closed = true;
      this.#sender.close();
      this.#transactions?.close();
    }
  }

  /** As {@link Producer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function isMany(
  given: ProducerRecord | readonly ProducerRecord[],
): given is readonly ProducerRecord[] {
  return Array.isArray(given);
}

function checkPartitioner(partitioner: Partitioner | undefined): void {
  if (partitioner === undefined || typeof partitioner === "function") return;
  if (["murmur2", "sticky", "roundRobin"].includes(partitioner)) return;
  throw new UsageFault(
    `a producer: partitioner is "murmur2", "sticky", "roundRobin" or a function, not ${
      show(partitioner)
    }`,
  );
}
