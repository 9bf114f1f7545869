// Copies what one other broker leads into the logs here that follow it.
//
//   ┌─> all that was copied is on disk, where acks=all waits for that
//   │     └─> one Fetch for all partitions, from where each log ends
//   │            ├─ batches                  appended as they are
//   │            ├─ another epoch ended      cut back to where it did here or there (KIP-101, 595)
//   │            ├─ below the leader's start begun anew there, or with the batch that holds it
//   │            └─ refused                  asked again after a pause, a short one where the
//   │                                        leader may only not have heard yet that it is one
//   └────────────┘
//
// It also sees a leader's process go, long before its session is over: connections that have served
// are reset, and its machine refuses others. A machine that does not answer proves nothing, nor
// does one that has refused us all along.
//
// What is to be followed from now on is not in the request that is in flight, which may wait for
// records of others for half a second, while producers wait for this broker. If it is not answered
// at once, its connection is dropped, and another asks for all.
//
// One request is in flight, so that what a fetch says of this broker's logs is what is on its
// disk. It names what has changed since the last one (follower_session.ts). One connection may hang
// while others would get through, as when TCP repeats rarely what a cut-off machine did not get: so
// an answer is waited for twice as long as the last one took, and not less than seconds. A leader
// that is only slow is not asked the same again and again. Invariant: an answer
// counts for a partition only if it still follows in the epoch that the question named, and its
// log ends where it did then.

import { isPlatformFault, isStoreFault, messageOf } from "../../base/faults.ts";
import type { BrokerId, LeaderEpoch, Offset } from "../../base/ids.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import {
  ErrorCode,
  errorName,
  Fetch,
  type RequestInput,
  type ResponseOf,
} from "../../protocol/mod.ts";
import { baseOffsetOf, batchSizeOf, lastOffsetOf } from "../../records/mod.ts";
import type { Logger, Timer, Timers } from "../../runtime/ports.ts";
import type { Partition } from "../logs/partition.ts";
import { FollowerSession } from "./follower_session.ts";
import type { ReplicationCounters } from "./measures.ts";
import type { ReplicationThrottle } from "./throttles.ts";
import { isPeerFault, type Peer } from "./peers.ts";

/** How followers ask. */
export interface FetchTerms {
  readonly waitMsMax: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  /** How long an answer is waited for at the most. */
  readonly answerMsMax: number;
  /** Pause after a fetch that failed, or of a partition that was refused. */
  readonly backoffMs: number;
}

export interface LeaderFetcherOptions {
  readonly nodeId: BrokerId;
  /** This broker's registration; -1 while it has none. */
  readonly brokerEpoch: () => Int64;
  readonly terms: () => FetchTerms;
  readonly timers: Timers;
  readonly monotonic: () => number;
  readonly logger: Logger;
  readonly counters: Pick<
    ReplicationCounters,
    "copiedBytes" | "failedFetches" | "cuts" | "losses"
  >;
  readonly throttle: Pick<ReplicationThrottle, "note" | "holds">;
  /** The broker epoch by which a broker serves; undefined: it does not. */
  readonly servesBy: (id: BrokerId) => Int64 | undefined;
  /** The process that served by this epoch is gone. */
  readonly onGone: (id: BrokerId, brokerEpoch: Int64) => Promise<void>;
  /** A log was cut, and the metadata may have changed meanwhile. */
  readonly onCut: (partition: Partition) => void;
  /** What nobody waits for has failed in a way that nobody has foreseen. */
  readonly onBug: (error: unknown) => void;
}

type PartitionAnswer = ResponseOf<typeof Fetch>["responses"][number]["partitions"][number];

/** When a partition may be asked for, and how long it rests after its next refusal. */
interface Turn {
  dueMs: number;
  pauseMs: number;
}

/** What was asked of one partition. */
interface Asked {
  readonly partition: Partition;
  readonly turn: Turn;
  readonly leaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
}

/** So often in a row a machine says that nobody listens any more, before that is believed. */
const refusalsMin = 2;
const confirmAfterMs = 100;
/** The first pause of a partition that its leader does not know of yet; each is twice as long. */
const pauseMsMin = 20;
/** What the one says who has not heard yet of an election; while it lasts, nothing can be done. */
const unheardElection: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.FENCED_LEADER_EPOCH,
]);
/** What a leader says that has not heard yet of a new topic, or has heard that it is gone. */
const unheardTopic: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
]);
/** So long a request may go on that does not name all that is to be followed. */
const incompleteMsMax = 20;
/**
 * Connections are not dropped more often, and with each that has had no answer half as often: one
 * gets through, however far away the leader is.
 */
const betweenDropsMsMin = 100;
/** An answer may come so much later than the leader is to wait for records. */
const answerMsMin = 5_000;

export class LeaderFetcher {
  readonly #options: LeaderFetcherOptions;
  readonly #peer: Peer;
  readonly #session = new FollowerSession();
  readonly #turns = new Map<Partition, Turn>();
  /** When the next of those that rest is due; Infinity: none does. */
  #nextDueMs = Infinity;
  /** The registration of the leader that has answered; undefined: none, or it is gone. */
  #answeredBy: Int64 | undefined;
  /** Since its last answer; and how many of them, the last ones, were refusals to connect. */
  #failures = 0;
  #refusals = 0;
  /** How much later than the leader waits its answer is taken for lost. */
  #patienceMs = answerMsMin;
  #running = false;
  #isInFlight = false;
  /** Due while the request that is in flight lacks what was added since. */
  #dropping: Timer | undefined;
  #isDropped = false;
  #nextDropMs = -Infinity;
  #betweenDropsMs = betweenDropsMsMin;
  #closed = false;
  /** Ends the pause that is on. */
  #wake: (() => void) | undefined;

  constructor(peer: Peer, options: LeaderFetcherOptions) {
    this.#peer = peer;
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#turns.size === 0;
  }

  /** Follows from now on. */
  add(partition: Partition): void {
    this.#turns.set(partition, { dueMs: -Infinity, pauseMs: pauseMsMin });
    this.#wake?.();
    if (this.#isInFlight) this.#dropSoon();
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#run().catch(this.#options.onBug).finally(() => this.#running = false);
  }

  remove(partition: Partition): void {
    this.#turns.delete(partition);
  }

  close(): void {
    this.#closed = true;
    this.#dropping?.cancel();
    this.#turns.clear();
    this.#peer.close();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { logger, terms } = this.#options;
    while (!this.#closed && this.#turns.size > 0) {
      await this.#keep();
      const asked = this.#next();
      if (asked.length === 0) {
        await this.#pause(Math.min(terms().backoffMs, this.#untilNextMs()));
        continue;
      }
      const servesBy = this.#options.servesBy(this.#peer.id);
      try {
        const answer = await this.#ask(asked);
        this.#answeredBy = servesBy;
        this.#failures = this.#refusals = 0;
        await this.#take(answer, asked);
      } catch (error) {
        if (!isPeerFault(error)) throw error;
        if (this.#closed) return;
        this.#session.reset();
        if (this.#isDropped) continue;
        this.#options.counters.failedFetches++;
        const leader = this.#peer.id;
        logger.log("info", "a leader cannot be fetched from", { leader, reason: messageOf(error) });
        const mayBeGone = await this.#mayBeGone(error, servesBy);
        await this.#pause(mayBeGone ? confirmAfterMs : terms().backoffMs);
      }
    }
  }

  async #ask(asked: readonly Asked[]): Promise<ResponseOf<typeof Fetch>> {
    const { terms, monotonic } = this.#options;
    const { waitMsMax, answerMsMax } = terms();
    const timeoutMs = Math.min(answerMsMax, waitMsMax + this.#patienceMs);
    const sentMs = monotonic();
    this.#isInFlight = true;
    this.#isDropped = false;
    try {
      const answer = await this.#peer.request(Fetch, this.#request(asked), { timeoutMs });
      this.#patienceMs = answerMsMin;
      this.#betweenDropsMs = betweenDropsMsMin;
      return answer;
    } finally {
      this.#isInFlight = false;
      this.#dropping?.cancel();
      this.#dropping = undefined;
      this.#patienceMs = Math.max(this.#patienceMs, 2 * (monotonic() - sentMs));
    }
  }

  #dropSoon(): void {
    const { timers, monotonic } = this.#options;
    const inMs = Math.max(incompleteMsMax, this.#nextDropMs - monotonic());
    this.#dropping ??= timers.after(inMs, () => {
      this.#dropping = undefined;
      this.#isDropped = this.#peer.drop();
      // It is still being opened.
      if (!this.#isDropped) return this.#dropSoon();
      this.#nextDropMs = monotonic() + this.#betweenDropsMs;
      this.#betweenDropsMs *= 2;
    });
  }

  /** Whether it is still to be seen that the leader's process is gone; once it is, it is told. */
  async #mayBeGone(error: unknown, servesBy: Int64 | undefined): Promise<boolean> {
    this.#failures++;
    this.#refusals = isPlatformFault(error, "Refused") ? this.#refusals + 1 : 0;
    if (servesBy === undefined || servesBy !== this.#answeredBy) return false;
    if (this.#refusals < refusalsMin) return this.#failures <= refusalsMin;
    this.#answeredBy = undefined;
    await this.#options.onGone(this.#peer.id, servesBy);
    return false;
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = this.#options.timers.after(delayMs, resolve);
    await promise;
    timer.cancel();
    this.#wake = undefined;
  }

  /** What is told to the leader is on disk. */
  async #keep(): Promise<void> {
    const behind = [...this.#turns.keys()].filter(({ log }) =>
      log.keptEndOffset < log.logEndOffset || log.start.keptOffset < log.logStartOffset
    );
    await Promise.all(behind.map(async (partition) => {
      const { log } = partition;
      // A start that cannot be kept is not told, and its directory says why.
      if (log.start.keptOffset < log.logStartOffset) await log.start.keep();
      const failed = await partition.durable(log.logEndOffset);
      // Its log is offline, and says so itself.
      if (failed !== undefined) this.#delay(partition);
    }));
  }

  #next(): Asked[] {
    const { throttle, nodeId } = this.#options;
    const nowMs = this.#options.monotonic();
    const asked: Asked[] = [];
    this.#nextDueMs = Infinity;
    for (const [partition, turn] of this.#turns) {
      const { log, leaderEpoch } = partition;
      if (turn.dueMs > nowMs) {
        this.#nextDueMs = Math.min(this.#nextDueMs, turn.dueMs);
        continue;
      }
      if (log.keptEndOffset < log.logEndOffset) continue;
      // To ask for what follows is to say that it has all that comes before.
      if (log.isDamaged) continue;
      if (throttle.holds(partition, nodeId)) continue;
      asked.push({ partition, turn, leaderEpoch, fetchOffset: log.logEndOffset });
    }
    return asked;
  }

  #untilNextMs(): number {
    return Math.max(0, Math.ceil(this.#nextDueMs - this.#options.monotonic()));
  }

  #request(asked: readonly Asked[]): RequestInput<typeof Fetch> {
    const { terms, nodeId, brokerEpoch } = this.#options;
    const { waitMsMax, bytesMin, bytesMax, partitionBytesMax } = terms();
    const wanted = asked.map(({ partition: { log }, leaderEpoch, fetchOffset }) => ({
      topicId: log.topicId,
      partition: log.partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset,
      lastFetchedEpoch: log.latestEpoch,
      logStartOffset: log.start.keptOffset,
      partitionMaxBytes: partitionBytesMax,
    }));
    return {
      replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
      maxWaitMs: Math.min(waitMsMax, this.#untilNextMs()),
      minBytes: bytesMin,
      maxBytes: bytesMax,
      ...this.#session.request(wanted),
    };
  }

  async #take(answer: ResponseOf<typeof Fetch>, asked: readonly Asked[]): Promise<void> {
    const { isFull } = this.#session;
    if (!this.#session.accept(answer)) return;
    const byId = new Map<string, PartitionAnswer>();
    for (const { topicId, partitions } of answer.responses) {
      for (const each of partitions) byId.set(`${topicId}-${each.partitionIndex}`, each);
    }
    const together = [...byId.values()].filter(({ records }) => records?.length).length;
    for (const each of asked) {
      const { log } = each.partition;
      const told = byId.get(`${log.topicId}-${log.partition}`);
      if (!this.#counts(each)) continue;
      if (told === undefined) {
        // In a session it has no news; else the leader has said nothing of it.
        if (isFull) this.#delay(each.partition);
        continue;
      }
      if (told.errorCode === ErrorCode.NONE) each.turn.pauseMs = pauseMsMin;
      try {
        await this.#apply(each, told, together);
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        this.#say(each.partition, "what a leader has could not be copied", messageOf(error));
        this.#delay(each.partition);
      }
    }
  }

  /** Whether the partition is as it was when it was asked for. */
  #counts({ partition, turn, leaderEpoch, fetchOffset }: Asked): boolean {
    return this.#turns.get(partition) === turn && !partition.isLeader &&
      partition.leaderEpoch === leaderEpoch && partition.log.logEndOffset === fetchOffset;
  }

  async #apply(asked: Asked, told: PartitionAnswer, together: number): Promise<void> {
    const { partition, fetchOffset } = asked;
    const { errorCode, divergingEpoch } = told;
    const logStartOffset = saturated(told.logStartOffset);
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      return await this.#moveInto(partition, told);
    }
    if (errorCode !== ErrorCode.NONE) return this.#onRefused(asked, errorCode);
    if (divergingEpoch.endOffset >= 0) {
      const endOffset = saturated(divergingEpoch.endOffset);
      return await this.#cut(partition, { epoch: divergingEpoch.epoch, endOffset });
    }
    const records = behind(told.records ?? noBytes, fetchOffset);
    if (records.length > 0 && !await this.#copy(asked, { records, together })) return;
    this.#options.counters.copiedBytes += records.length;
    this.#options.throttle.note(partition, records.length);
    partition.replication?.follow(saturated(told.highWatermark));
    const { log } = partition;
    if (logStartOffset > log.logStartOffset) await log.deleteRecordsBefore(logStartOffset);
  }

  /** Whether they were appended: the partition may be another's to copy by then, or nobody's. */
  async #copy(
    asked: Asked,
    { records, together }: { readonly records: Uint8Array; readonly together: number },
  ): Promise<boolean> {
    const { partition, fetchOffset } = asked;
    const { log } = partition;
    const baseOffset = baseOffsetOf(records, 0);
    // Records may be deleted up to the middle of a batch: the batch stays whole, here as there.
    if (baseOffset < fetchOffset && log.logStartOffset === fetchOffset) {
      await this.#whileCut(partition, () => log.restartAt(baseOffset));
      if (!this.#counts({ ...asked, fetchOffset: baseOffset })) return false;
    }
    partition.copy(records, together);
    return true;
  }

  /** Asked again soon where the leader may hear of it any moment, then ever more rarely. */
  #onRefused({ partition, turn }: Asked, code: ErrorCode): void {
    const { backoffMs } = this.#options.terms();
    const isElection = unheardElection.has(code);
    const mayPass = isElection || unheardTopic.has(code);
    const pauseMs = mayPass ? Math.min(turn.pauseMs, backoffMs) : backoffMs;
    turn.pauseMs = 2 * pauseMs;
    this.#delay(partition, pauseMs);
    if (isElection || pauseMs < backoffMs) return;
    this.#say(partition, "a leader refuses its follower", errorName(code));
  }

  /** Back to where the leader's epoch, or the last one of ours before it, ended. */
  async #cut(
    partition: Partition,
    { epoch, endOffset }: { readonly epoch: LeaderEpoch; readonly endOffset: Offset },
  ): Promise<void> {
    const { log } = partition;
    const own = log.endOffsetForEpoch(epoch);
    const to = Math.min(endOffset, own.endOffset >= 0 ? own.endOffset : endOffset);
    await this.#cutTo(partition, Math.max(to, log.logStartOffset));
  }

  async #cutTo(partition: Partition, to: Offset): Promise<void> {
    const { log, highWatermark } = partition;
    const fields = { from: log.logEndOffset, to };
    const isLoss = to < highWatermark;
    this.#options.counters.cuts++;
    if (isLoss) {
      this.#options.counters.losses++;
      this.#say(
        partition,
        "records that consumers may have seen are gone with their leader",
        fields,
      );
    } else this.#say(partition, "a follower's log is cut back to its leader's", fields);
    await this.#whileCut(partition, () => log.truncateTo(to));
  }

  /** The log here ends before the leader's begins, or goes on where the leader's has ended. */
  async #moveInto(partition: Partition, told: PartitionAnswer): Promise<void> {
    const { log } = partition;
    const logStartOffset = saturated(told.logStartOffset);
    const highWatermark = saturated(told.highWatermark);
    if (logStartOffset > log.logEndOffset) {
      const fields = { from: log.logEndOffset, to: logStartOffset };
      this.#say(partition, "a follower's log begins anew where its leader's begins", fields);
      await this.#whileCut(partition, () => log.restartAt(logStartOffset));
    } else if (highWatermark >= 0 && highWatermark < log.logEndOffset) {
      await this.#cutTo(partition, Math.max(highWatermark, log.logStartOffset));
    } else this.#delay(partition);
  }

  async #whileCut(partition: Partition, run: () => Promise<void>): Promise<void> {
    try {
      await partition.cut(run);
    } finally {
      this.#options.onCut(partition);
    }
  }

  #delay(partition: Partition, byMs = this.#options.terms().backoffMs): void {
    const turn = this.#turns.get(partition);
    if (turn !== undefined) turn.dueMs = this.#options.monotonic() + byMs;
  }

  #say(
    { topic, id }: Partition,
    message: string,
    more: string | Readonly<Record<string, number>>,
  ): void {
    const fields = typeof more === "string" ? { reason: more } : more;
    this.#options.logger.log("warn", message, { partition: `${topic}-${id}`, ...fields });
  }
}

const noBytes = new Uint8Array(0);

/** Without the batches that end below `offset`: the log has them. */
function behind(records: Uint8Array, offset: Offset): Uint8Array {
  let position = 0;
  while (position < records.length && lastOffsetOf(records, position) < offset) {
    position += batchSizeOf(records, position);
  }
  return records.subarray(position);
}
