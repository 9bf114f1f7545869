// Reads records with others of a share group (KIP-932): each record is one member's at a time, and
// done with when a member has accepted or rejected it.
//
//   next -> [ in hand ] -> reader: accept, release, reject, renew -> said with the next request
//              ^ empty: a fetch to each leader, one at a time
//
// Invariant: no more is fetched before what is in hand has been handed out, so that records do not
// wait here for a slow reader while their locks run out. An offset without a record, such as that
// of a marker, is acknowledged as a gap.

import type { BrokerId, Offset } from "../../base/ids.ts";
import { DecodeFault, UsageFault } from "../../base/faults.ts";
import { checkOptions, type OptionKinds, show } from "../../base/options.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  attributesOf,
  batchPositions,
  compressionOf,
  crcHolds,
  loadCompression,
  type LogRecord,
  readBatchHeader,
  readRecords,
} from "../../records/mod.ts";
import { type CallOptions, closed, signalOf, unlessAborted } from "../aborting.ts";
import type { Client } from "../client.ts";
import { isRetriable, isRetriableCode, KafkaError } from "../faults.ts";
import { nameOf, type TopicPartition } from "../topic_partition.ts";
import type { ConsumerRecord } from "../consumer/partition_reader.ts";
import { backoffOf, settledWithin, sleep } from "../retry.ts";
import { ShareMembership } from "./share_membership.ts";
import {
  type AcknowledgeType,
  acknowledgeTypes,
  acquiredOf,
  isSessionLoss,
  type SharedPartition,
  ShareSession,
} from "./share_session.ts";
import { Wakeup } from "../wakeup.ts";

/** How to read with others. */
export interface ShareConsumerOptions {
  /** The share group. */
  readonly groupId: string;
  /** What it reads. */
  readonly topics: readonly string[];
  /**
   * `implicit`, the default: a record of which nothing was said is accepted when the reader comes
   * for the next one. `explicit`: it stays the reader's until its lock runs out.
   */
  readonly acknowledgement?: "implicit" | "explicit";
  /** At most so many records are taken at a time from a broker. Default 500. */
  readonly recordsMax?: number;
  /** How long a broker may wait for data. Default 500. */
  readonly fetchWaitMsMax?: number;
  /** Default 16,777,216. */
  readonly fetchBytesMax?: number;
}

const optionKinds: OptionKinds<ShareConsumerOptions> = {
  groupId: "text",
  topics: "list",
  acknowledgement: ["implicit", "explicit"],
  recordsMax: "count",
  fetchWaitMsMax: "count",
  fetchBytesMax: "count",
};

const recordsKinds: OptionKinds<CallOptions> = { signal: "any" };

const waitMs = 1000;
/** How long closing waits for silent brokers: for those that lead, then for the coordinator. */
const lastWordsMsMax = 5_000;
const leaveMsMax = 1_500;

/** A record that a member of a share group holds, until one of these is called or its lock ends. */
export interface ShareRecord extends ConsumerRecord {
  /** How often it was handed to a member, this time included. */
  readonly deliveryCount: number;
  /** It is done with. */
  accept(): void;
  /** Another member, or this one, shall have it again. */
  release(): void;
  /** Nobody shall have it again: it cannot be processed. */
  reject(): void;
  /** Holds it for another lock's length; rejects where the broker cannot (KIP-1222; Kafka 4.2). */
  renew(): Promise<void>;
}

/** Reads records with others of a share group. */
export class ShareConsumer implements AsyncIterable<ShareRecord>, AsyncDisposable {
  readonly #client: Client;
  readonly #options: Required<ShareConsumerOptions>;
  readonly #membership: ShareMembership;
  readonly #lane: string;
  readonly #wakeup: Wakeup;
  readonly #sessions = new Map<BrokerId, ShareSession>();
  readonly #fetching = new Set<BrokerId>();
  #assigned: readonly TopicPartition[] = [];
  #inHand: ShareRecord[] = [];
  #next = 0;
  /** Said of the record that the reader has, if it says nothing. */
  #acceptLast: (() => void) | undefined;
  #failures = 0;
  #fault: unknown;
  #isStarted = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  /** @internal Made by `cluster.shareConsumer()`. */
  constructor(client: Client, options: ShareConsumerOptions) {
    const given = checkOptions("a share consumer", options, optionKinds);
    if (given.groupId === undefined || given.groupId === "") {
      throw new UsageFault("a share consumer needs a groupId");
    }
    const isNames = given.topics?.length > 0 &&
      given.topics.every((each) => typeof each === "string");
    if (!isNames) {
      throw new UsageFault(`a share consumer needs a list of topics, not ${show(given.topics)}`);
    }
    this.#client = client;
    this.#options = {
      acknowledgement: "implicit",
      recordsMax: 500,
      fetchWaitMsMax: 500,
      fetchBytesMax: 16 * 1024 * 1024,
      ...given,
    };
    this.#lane = client.newLane("share");
    this.#wakeup = new Wakeup(client.ports.timers);
    this.#membership = new ShareMembership(client, {
      groupId: given.groupId,
      topics: given.topics,
      onAssigned: (partitions) => {
        this.#assigned = partitions;
        this.#wakeup.wake();
      },
      onFault: (error) => this.#onFault(error),
    });
  }

  /** The partitions that it reads now. */
  get assignment(): readonly TopicPartition[] {
    return this.#assigned;
  }

  /** As {@link ShareConsumer.records}. */
  [Symbol.asyncIterator](): AsyncGenerator<ShareRecord, void> {
    return this.records();
  }

  /** Each record, endlessly: ends when the consumer is closed, or the signal aborts. */
  async *records(options: CallOptions = {}): AsyncGenerator<ShareRecord, void> {
    const { signal } = checkOptions("records", options, recordsKinds);
    const wake = () => this.#wakeup.wake();
    signal?.addEventListener("abort", wake);
    try {
      while (!this.#isClosed && !signal?.aborted) {
        const record = await this.#take(signal);
        if (record !== undefined) yield record;
      }
    } catch (error) {
      if (!signal?.aborted || error !== signal.reason) throw error;
    } finally {
      signal?.removeEventListener("abort", wake);
    }
    this.#acceptLast?.();
  }

  /** As {@link Consumer.process}. */
  process<T>(record: ShareRecord, run: () => Promise<T> | T): Promise<T> {
    const { groupId } = this.#options;
    const { tracing } = this.#client;
    if (tracing === undefined) return Promise.resolve().then(run);
    return tracing.process(record, { groupId, run });
  }

  /** The next record, or undefined after a while without one. */
  async #take(signal: AbortSignal | undefined): Promise<ShareRecord | undefined> {
    this.#acceptLast?.();
    this.#acceptLast = undefined;
    if (this.#next >= this.#inHand.length) {
      this.#inHand = [];
      this.#next = 0;
      await this.#fetch(signal);
    }
    if (this.#fault !== undefined) throw this.#fault;
    const record = this.#inHand[this.#next];
    if (record === undefined) return undefined;
    this.#next++;
    if (this.#options.acknowledgement === "implicit") this.#acceptLast = () => record.accept();
    return record;
  }

  /** Asks each leader that is not being asked, and waits until something has come. */
  async #fetch(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#isStarted) this.#membership.start();
    this.#isStarted = true;
    await unlessAborted(this.#spread(), signal);
    for (const [leader, session] of this.#sessions) {
      if (!session.hasPartitions || this.#fetching.has(leader)) continue;
      this.#fetching.add(leader);
      this.#ask(leader, session);
    }
    await this.#wakeup.wait(waitMs);
  }

  /** Gives each session the partitions that its broker leads. */
  async #spread(): Promise<void> {
    const led = new Map<BrokerId, TopicPartition[]>();
    for (const at of this.#assigned) {
      const topic = await this.#client.topic(at.topic);
      const leader = topic.partitions[at.partition]?.leader ?? -1;
      if (leader < 0) this.#client.refreshTopic(at.topic);
      else if (!led.get(leader)?.push(at)) led.set(leader, [at]);
    }
    for (const leader of new Set([...led.keys(), ...this.#sessions.keys()])) {
      this.#sessionWith(leader).partitions = led.get(leader) ?? [];
    }
  }

  #sessionWith(leader: BrokerId): ShareSession {
    let session = this.#sessions.get(leader);
    if (session === undefined) {
      const { groupId, fetchWaitMsMax, fetchBytesMax, recordsMax } = this.#options;
      session = new ShareSession(this.#client, {
        groupId,
        memberId: this.#membership.memberId,
        leader,
        lane: this.#lane,
        waitMsMax: fetchWaitMsMax,
        bytesMax: fetchBytesMax,
        recordsMax,
        idOf: (topic) => this.#membership.topicIds.idOf(topic),
      });
      this.#sessions.set(leader, session);
    }
    return session;
  }

  async #ask(leader: BrokerId, session: ShareSession): Promise<void> {
    try {
      for (const { at, partition } of await session.fetch()) {
        await this.#accept(session, { at, partition });
      }
      this.#failures = 0;
    } catch (error) {
      if (this.#isClosed) return;
      if (!isRetriable(error) && !isSessionLoss(error)) this.#onFault(error);
      this.#failures++;
      for (const { topic } of this.#assigned) this.#client.refreshTopic(topic);
      const { random, timers } = this.#client.ports;
      await sleep(timers, backoffOf(this.#failures, { random }));
    } finally {
      this.#fetching.delete(leader);
      this.#wakeup.wake();
    }
  }

  async #accept(
    session: ShareSession,
    { at, partition }: { at: TopicPartition; partition: SharedPartition },
  ): Promise<void> {
    const { errorCode, errorMessage, records: bytes } = partition;
    if (errorCode !== ErrorCode.NONE) {
      if (isRetriableCode(errorCode)) this.#client.refreshTopic(at.topic);
      else this.#onFault(new KafkaError(errorCode, `read ${nameOf(at)}`, errorMessage));
      return;
    }
    const acquired = acquiredOf(partition);
    for (const position of bytes === null ? [] : batchPositions(bytes)) {
      const type = compressionOf(attributesOf(bytes!, position));
      if (type !== undefined) await loadCompression(type);
      for (const record of this.#unpack(bytes!, { position, session, at, acquired })) {
        const deliveryCount = acquired.get(record.offset);
        if (deliveryCount === undefined) continue;
        acquired.delete(record.offset);
        this.#inHand.push(this.#held({ ...at, ...record, deliveryCount }, session));
      }
    }
    for (const offset of acquired.keys()) session.acknowledge(at, offset, acknowledgeTypes.gap);
  }

  /** The records of a batch; of one that is damaged none, and what was acquired is rejected. */
  #unpack(
    bytes: Uint8Array,
    { position, session, at, acquired }: {
      position: number;
      session: ShareSession;
      at: TopicPartition;
      acquired: Map<Offset, number>;
    },
  ): LogRecord[] {
    const { isControl, baseOffset, lastOffset } = readBatchHeader(bytes, position);
    if (isControl) return [];
    try {
      if (!crcHolds(bytes, position)) throw new DecodeFault("checksum does not match");
      return readRecords(bytes, { position, codecs: this.#client.ports.codecs });
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      for (let offset = baseOffset; offset <= lastOffset; offset++) {
        if (acquired.delete(offset)) {
          session.acknowledge(at, offset, acknowledgeTypes.reject);
        }
      }
      return [];
    }
  }

  /** The record, as its reader has it: of several words on it the first counts. */
  #held(
    record: ConsumerRecord & { readonly deliveryCount: number },
    session: ShareSession,
  ): ShareRecord {
    let isDone = false;
    const say = (type: AcknowledgeType) => () => {
      if (isDone) return;
      isDone = true;
      session.acknowledge(record, record.offset, type);
    };
    return {
      ...record,
      accept: say(acknowledgeTypes.accept),
      release: say(acknowledgeTypes.release),
      reject: say(acknowledgeTypes.reject),
      renew: () => session.renew(record, record.offset),
    };
  }

  /**
   * Says what was said of records, and resolves when the brokers have it, with all that was said
   * since the last commit. Throws a KafkaError, INVALID_RECORD_STATE for a record that is not held
   * any more, or the fault of the connection where nobody knows: such records may come again.
   */
  async commit(options?: CallOptions): Promise<void> {
    const signal = signalOf("commit", options);
    const said = Promise.all([...this.#sessions.values()].map((session) => session.flush()));
    await unlessAborted(said, signal);
  }

  /**
   * Says the last words, gives back what it holds, and leaves the group; silent brokers are waited
   * for no longer than 6.5 s. When `signal` is aborted that is not waited for.
   */
  close(options?: CallOptions): Promise<void> {
    this.#closing ??= this.#close();
    return closed(this.#closing, options);
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#wakeup.wake();
    const { timers } = this.#client.ports;
    // A broker that is away has let go of everything already, or does when its locks run out.
    const sessions = [...this.#sessions.values()].map((session) => session.close());
    await settledWithin(timers, lastWordsMsMax, Promise.allSettled(sessions));
    this.#client.closeLane(this.#lane);
    await settledWithin(timers, leaveMsMax, this.#membership.close());
    this.#client.closeLane(this.#membership.lane);
  }

  /** As {@link ShareConsumer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onFault(error: unknown): void {
    this.#fault ??= error;
    this.#wakeup.wake();
  }
}
