// Keeps data on its way for the partitions of a consumer: one Fetch at a time to each broker.
//
//   led by whom (KIP-951)? -> the same topic? -> the same log (KIP-320)?
//     -> Fetch in a session (KIP-227): of the leader, or of a replica that is near (KIP-392)
//
// Invariant: bounded. A partition that holds two chunks is not asked for, a request asks for at
// most `bytesMax` in all, and none is made while `bufferBytesMax` are held. While some partition is
// full, the others are asked without waiting long, so that it is not left out of the next request
// for the whole of a long poll.

import { type BrokerId, type LeaderEpoch, type Offset, ZERO_UUID } from "../../base/ids.ts";
import { safeInt64 } from "../../base/int64.ts";
import { ErrorCode, Fetch, type ResponseOf } from "../../protocol/mod.ts";
import {
  attributesOf,
  batchPositions,
  compressionOf,
  isCompressionLoaded,
  loadCompression,
} from "../../records/mod.ts";
import type { Client } from "../client.ts";
import { checkCode, isRetriable, isRetriableCode, KafkaError } from "../faults.ts";
import { FetchSession, type WantedPartition } from "./fetch_session.ts";
import type { TopicMetadata } from "../metadata.ts";
import { nameOf } from "../topic_partition.ts";
import type { PartitionReader } from "./partition_reader.ts";
import { backoffOf, sleep } from "../retry.ts";
import { checkLogs, type Doubt } from "./truncation.ts";

export interface FetcherOptions {
  readonly waitMsMax: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
  readonly readCommitted: boolean;
  /** So much is held at most before less is asked for, beside one answer of each broker. */
  readonly bufferBytesMax: number;
  /** Where the consumer stands, for replicas that are near; empty where it does not matter. */
  readonly rack: string;
  /** Something arrived, or `fault` was set. */
  readonly onProgress: () => void;
  /** Why records cannot be had for now, once for each reason; null when they can again. */
  readonly onTrouble: (trouble: Error | null) => void;
  /** The partition's offset lies outside its log. */
  readonly onOutOfRange: (reader: PartitionReader) => void;
  /** The topic was deleted and made anew: the reader's offset is one of the earlier topic. */
  readonly onMadeAnew: (reader: PartitionReader) => void;
  /** The log of a new leader differs from what was fetched, from `offset` on; -1: all of it may. */
  readonly onTruncated: (
    reader: PartitionReader,
    parting: { readonly offset: Offset; readonly epoch: LeaderEpoch },
  ) => void;
}

const waitMsWhileFull = 10;
/** From version 13 on topics are asked for by their ids, which brokers before 2.8 do not tell. */
const lastWithNames = 12;

type Answer = ResponseOf<typeof Fetch>;
type PartitionAnswer = Answer["responses"][number]["partitions"][number];

/** A partition that is asked for, as it is then. */
interface Question extends WantedPartition {
  readonly reader: PartitionReader;
  readonly generation: number;
}

/** What a broker is to be asked next. */
interface Turn {
  readonly questions: Question[];
  readonly doubts: (Doubt & { readonly generation: number })[];
  /** Some partition is full, and shall not be left out for the whole of a long poll. */
  isHurried: boolean;
}

export class Fetcher {
  /** A refusal that repeating cannot cure, for the consumer to throw. */
  fault: Error | undefined;
  readonly #client: Client;
  readonly #options: FetcherOptions;
  readonly #lane: string;
  readonly #busy = new Set<BrokerId>();
  readonly #sessions = new Map<BrokerId, FetchSession>();
  #readers: PartitionReader[] = [];
  #failures = 0;
  /** What was last told to `onTrouble`. */
  #trouble: string | null = null;
  #isPumping = false;
  #closed = false;

  constructor(client: Client, options: FetcherOptions) {
    this.#client = client;
    this.#options = options;
    this.#lane = client.newLane("fetch");
  }

  /** Replaces the partitions to fetch. */
  set readers(readers: readonly PartitionReader[]) {
    this.#readers = [...readers];
  }

  close(): void {
    this.#closed = true;
    this.#client.closeLane(this.#lane);
    for (const [to, { ending }] of this.#sessions) {
      if (ending === undefined) continue;
      const request = { ...this.#waiting({ isHurried: true }), ...ending, topics: [] };
      // A courtesy: the broker would keep the session for two minutes.
      this.#client.request(Fetch, request, { to, holdsProcess: false }).catch(() => {});
    }
  }

  /** Sends a Fetch to each broker that has none under way and has a partition wanting more. */
  pump(): void {
    if (this.#closed) return;
    const nowMs = this.#client.ports.clock.monotonic();
    const turns = new Map<BrokerId, Turn>();
    const hasRoom = this.#makeRoom();
    let topic: TopicMetadata | undefined;
    for (const reader of this.#readers) {
      const isWaiting = reader.position === undefined || reader.notBeforeMs > nowMs;
      if (isWaiting || reader.isPaused) continue;
      if (topic?.name !== reader.topic) topic = this.#client.cachedTopic(reader.topic);
      const { leader = -1, leaderEpoch = -1 } = topic?.partitions[reader.partition] ?? {};
      if (topic === undefined || leader < 0) {
        this.#postpone(reader);
        continue;
      }
      if (!this.#isOf(topic, reader)) continue;
      const isDoubtful = this.#isDoubtful(reader, leaderEpoch);
      const broker = isDoubtful ? leader : this.#nearest(reader, { leader, nowMs });
      if (this.#busy.has(broker)) continue;
      const turn = turns.get(broker) ?? { questions: [], doubts: [], isHurried: false };
      turns.set(broker, turn);
      const { generation } = reader;
      if (isDoubtful) turn.doubts.push({ reader, leaderEpoch, generation });
      else if (!reader.wantsMore || !hasRoom) turn.isHurried = true;
      else {
        const { partition, fetchOffset, bytesMax } = reader;
        const at = { topic: topic.name, topicId: topic.id, partition };
        turn.questions.push({ ...at, leaderEpoch, fetchOffset, bytesMax, reader, generation });
      }
    }
    for (const [broker, turn] of turns) {
      if (turn.doubts.length === 0 && turn.questions.length === 0) continue;
      this.#busy.add(broker);
      this.#take(broker, turn);
    }
  }

  /** Whether more may be fetched ahead. What paused partitions hold gives way first. */
  #makeRoom(): boolean {
    const { bufferBytesMax } = this.#options;
    let heldBytes = 0;
    for (const { heldBytes: theirs } of this.#readers) heldBytes += theirs;
    if (heldBytes < bufferBytesMax) return true;
    for (const reader of this.#readers) {
      if (!reader.isPaused || reader.heldBytes === 0) continue;
      heldBytes -= reader.heldBytes;
      reader.drop();
    }
    return heldBytes < bufferBytesMax;
  }

  /** Whether the reader's position is one in this topic, and not in an earlier one of its name. */
  #isOf({ id }: TopicMetadata, reader: PartitionReader): boolean {
    const earlier = reader.topicId;
    if (id !== ZERO_UUID) reader.topicId = id;
    const isOther = earlier !== undefined && id !== ZERO_UUID && id !== earlier;
    if (isOther) this.#options.onMadeAnew(reader);
    return !isOther;
  }

  /** Whether a new leader has to be asked first if its log is the one that was read (KIP-320). */
  #isDoubtful(reader: PartitionReader, leaderEpoch: LeaderEpoch): boolean {
    if (leaderEpoch <= reader.checkedEpoch) return false;
    if (reader.fetchEpoch >= 0) return true;
    reader.checkedEpoch = leaderEpoch;
    return false;
  }

  /** The replica to read from: the leader, or one that it has named for this rack. */
  #nearest(reader: PartitionReader, at: { leader: BrokerId; nowMs: number }): BrokerId {
    const { nearest } = reader;
    if (nearest === undefined) return at.leader;
    if (at.nowMs < nearest.untilMs && this.#client.knowsBroker(nearest.broker)) {
      return nearest.broker;
    }
    reader.nearest = undefined;
    return at.leader;
  }

  async #take(broker: BrokerId, turn: Turn): Promise<void> {
    const session = this.#sessions.get(broker) ?? new FetchSession();
    this.#sessions.set(broker, session);
    try {
      if (turn.doubts.length > 0) await this.#check(broker, turn.doubts);
      else await this.#fetch(broker, { turn, session });
      this.#failures = 0;
    } catch (error) {
      const isBeginning = session.isBeginning;
      session.restart();
      if (this.#closed) return;
      await this.#onFailure(error, { turn, isBeginning });
    } finally {
      this.#busy.delete(broker);
    }
    this.#options.onProgress();
    this.pump();
  }

  async #fetch(
    broker: BrokerId,
    { turn, session }: { turn: Turn; session: FetchSession },
  ): Promise<void> {
    const { questions } = turn;
    const usesIds = questions.every(({ topicId }) => topicId !== ZERO_UUID);
    const request = { ...this.#waiting(turn), ...session.request(questions, { usesIds }) };
    const answer = await this.#client.request(Fetch, request, {
      to: broker,
      lane: this.#lane,
      timeoutMs: this.#options.waitMsMax + this.#client.options.requestTimeoutMs,
      versionMax: usesIds ? undefined : lastWithNames,
      // Who waits for records holds the process: what is fetched ahead does not.
      holdsProcess: false,
    });
    checkCode(answer.errorCode, "fetch");
    session.onAnswer(answer.sessionId);
    await loadCodecs(answer);
    this.#onAnswer(answer, { questions, broker });
  }

  #waiting({ isHurried }: { isHurried: boolean }) {
    const { waitMsMax, bytesMin, bytesMax, readCommitted, rack } = this.#options;
    return {
      replicaId: -1,
      maxWaitMs: isHurried ? Math.min(waitMsWhileFull, waitMsMax) : waitMsMax,
      minBytes: bytesMin,
      maxBytes: bytesMax,
      isolationLevel: readCommitted ? 1 : 0,
      rackId: rack,
    };
  }

  async #onFailure(
    error: unknown,
    { turn, isBeginning }: { turn: Turn; isBeginning: boolean },
  ): Promise<void> {
    if (isSessionLoss(error) && !isBeginning) return;
    this.#failures++;
    if (isRetriable(error)) this.#tell(error as Error);
    else this.fault = error as Error;
    for (const { reader } of [...turn.questions, ...turn.doubts]) {
      reader.nearest = undefined;
      this.#client.refreshTopic(reader.topic);
    }
    const { random, timers } = this.#client.ports;
    await sleep(timers, backoffOf(this.#failures, { random }));
  }

  #onAnswer(
    answer: Answer,
    { questions, broker }: { questions: readonly Question[]; broker: BrokerId },
  ): void {
    const asked = new Map(questions.map((each) => [nameOf(each), each]));
    const names = new Map(questions.map(({ topicId, topic }) => [topicId, topic]));
    const served = new Set<PartitionReader>();
    let trouble: Error | null = null;
    for (const { topic: name, topicId, partitions } of answer.responses) {
      const topic = name === "" ? names.get(topicId) ?? "" : name;
      for (const each of partitions) {
        const question = asked.get(nameOf({ topic, partition: each.partitionIndex }));
        if (question === undefined) continue;
        const { reader, generation } = question;
        if (reader.generation !== generation) continue;
        if (each.errorCode !== ErrorCode.NONE) {
          const { nodeEndpoints } = answer;
          trouble ??= this.#onRefused(reader, { refusal: each, broker, nodeEndpoints });
        } else if (this.#accept(reader, each)) served.add(reader);
      }
    }
    this.#tell(trouble);
    // Who was served goes to the end, so that the front of the next request is someone else.
    if (served.size === 0) return;
    this.#readers = [...this.#readers.filter((each) => !served.has(each)), ...served];
  }

  #accept(reader: PartitionReader, answer: PartitionAnswer): boolean {
    const { clock } = this.#client.ports;
    const { preferredReadReplica: nearest } = answer;
    // One that the leader does not know to be gone yet: it would be named again at once.
    if (nearest >= 0 && !this.#client.knowsBroker(nearest)) this.#postpone(reader);
    else if (nearest >= 0) {
      const untilMs = clock.monotonic() + this.#client.options.metadataAgeMsMax;
      reader.nearest = { broker: nearest, untilMs };
    }
    const bytes = answer.records ?? new Uint8Array(0);
    reader.accept({
      bytes,
      aborted: (answer.abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
        producerId,
        firstOffset: safeInt64(firstOffset),
      })),
      highWatermark: safeInt64(answer.highWatermark),
    });
    return bytes.length > 0;
  }

  /** What keeps the partition's records away; null when they can be asked for again at once. */
  #onRefused(
    reader: PartitionReader,
    { refusal, broker, nodeEndpoints }: {
      refusal: PartitionAnswer;
      broker: BrokerId;
      nodeEndpoints: Answer["nodeEndpoints"];
    },
  ): Error | null {
    const { topic, partition } = reader;
    const { errorCode, currentLeader: { leaderId: leader, leaderEpoch } } = refusal;
    const wasNear = reader.nearest?.broker === broker;
    reader.nearest = undefined;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // A follower may be behind: the leader knows.
      if (wasNear) this.#postpone(reader);
      else this.#options.onOutOfRange(reader);
      return null;
    }
    // KIP-951: who leads it now, in the answer itself.
    const told = { topic, partition, leader, leaderEpoch };
    if (this.#client.onNewLeader(told, nodeEndpoints ?? [])) return null;
    const error = new KafkaError(errorCode, `fetch from ${nameOf(reader)}`);
    if (isRetriableCode(errorCode)) this.#postpone(reader);
    else this.fault = error;
    return error;
  }

  async #check(leader: BrokerId, doubts: Turn["doubts"]): Promise<void> {
    const generations = new Map(doubts.map(({ reader, generation }) => [reader, generation]));
    for (const each of await checkLogs(this.#client, doubts, { leader, lane: this.#lane })) {
      const { reader, errorCode, leaderEpoch, parting } = each;
      if (reader.generation !== generations.get(reader)) continue;
      if (errorCode !== ErrorCode.NONE) {
        if (isRetriableCode(errorCode)) this.#postpone(reader);
        else this.fault = new KafkaError(errorCode, `read on in ${nameOf(reader)}`);
      } else if (parting === undefined) reader.checkedEpoch = leaderEpoch;
      else this.#options.onTruncated(reader, parting);
    }
  }

  #tell(trouble: Error | null): void {
    const message = trouble?.message ?? null;
    if (message === this.#trouble || this.#closed) return;
    this.#trouble = message;
    this.#options.onTrouble(trouble);
  }

  /** Leaves the partition out for a moment, or until fresh metadata says that it is led anew. */
  #postpone(reader: PartitionReader): void {
    const { clock, random, timers } = this.#client.ports;
    const pauseMs = backoffOf(3, { random });
    const untilMs = clock.monotonic() + pauseMs;
    reader.notBeforeMs = untilMs;
    const before = this.#leaderOf(reader);
    this.#client.refreshTopic(reader.topic).then(() => {
      const leader = this.#leaderOf(reader);
      if (leader === undefined || leader === before || reader.notBeforeMs !== untilMs) return;
      reader.notBeforeMs = 0;
      this.#pumpSoon();
    });
    timers.after(pauseMs, () => this.pump(), { holdsProcess: false });
  }

  /** Who leads the partition, and since when; undefined while nobody does. */
  #leaderOf({ topic, partition }: PartitionReader): string | undefined {
    const known = this.#client.cachedTopic(topic);
    const { leader = -1, leaderEpoch } = known?.partitions[partition] ?? {};
    return leader < 0 ? undefined : `${leader} since ${leaderEpoch} of ${known?.id}`;
  }

  /** Once for all that is told of in this turn. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    Promise.resolve().then(() => {
      this.#isPumping = false;
      this.pump();
    });
  }
}

/** The broker has no such session, or is elsewhere in it: it has to begin anew (KIP-227). */
function isSessionLoss(error: unknown): boolean {
  return error instanceof KafkaError &&
    (error.errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND ||
      error.errorCode === ErrorCode.INVALID_FETCH_SESSION_EPOCH ||
      error.errorCode === ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
}

/** Loads the codecs that the batches of an answer need and that are not here yet. */
async function loadCodecs(answer: ResponseOf<typeof Fetch>): Promise<void> {
  for (const { partitions } of answer.responses) {
    for (const { records } of partitions) {
      if (records === null) continue;
      for (const position of batchPositions(records)) {
        const type = compressionOf(attributesOf(records, position));
        if (type !== undefined && !isCompressionLoaded(type)) await loadCompression(type);
      }
    }
  }
}
