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
import type { BrokerId, LeaderEpoch, Offset, PartitionId, Uuid } from "../../base/ids.ts";
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
import { FollowerSession, type NamedPartition } from "./follower_session.ts";
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

/** A partition that is followed. */
interface Turn {
  readonly partition: Partition;
  readonly key: string;
  /** When it may be asked for, and how long it rests after its next refusal. */
  dueMs: number;
  pauseMs: number;
  /** What the request that is in flight asks for; undefined: nothing. */
  asked: NamedPartition | undefined;
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
  /** The same as leaders name them. */
  readonly #byTopic = new Map<Uuid, Map<PartitionId, Turn>>();
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
    const { log: { topicId }, id } = partition;
    const key = `${topicId}-${id}`;
    const turn = { partition, key, dueMs: -Infinity, pauseMs: pauseMsMin, asked: undefined };
    this.#turns.set(partition, turn);
    const ofTopic = this.#byTopic.get(topicId);
    if (ofTopic === undefined) this.#byTopic.set(topicId, new Map([[id, turn]]));
    else ofTopic.set(id, turn);
    this.#wake?.();
    if (this.#isInFlight) this.#dropSoon();
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#run().catch(this.#options.onBug).finally(() => this.#running = false);
  }

  remove(partition: Partition): void {
    const turn = this.#turns.get(partition);
    this.#turns.delete(partition);
    const { log: { topicId }, id } = partition;
    const ofTopic = this.#byTopic.get(topicId);
    if (ofTopic?.get(id) !== turn) return;
    ofTopic?.delete(id);
    if (ofTopic?.size === 0) this.#byTopic.delete(topicId);
  }

  close(): void {
    this.#closed = true;
    this.#dropping?.cancel();
    this.#turns.clear();
    this.#byTopic.clear();
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
        await this.#take(answer);
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

  async #ask(asked: readonly NamedPartition[]): Promise<ResponseOf<typeof Fetch>> {
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
    const waits: Promise<void>[] = [];
    for (const { partition } of this.#turns.values()) {
      const { log } = partition;
      const isStartKept = log.start.keptOffset >= log.logStartOffset;
      if (isStartKept && log.keptEndOffset >= log.logEndOffset) continue;
      // A start that cannot be kept is not told, and its directory says why.
      const kept = isStartKept
        ? partition.durable(log.logEndOffset)
        : log.start.keep().then(() => partition.durable(log.logEndOffset));
      waits.push(kept.then((failed) => {
        // Its log is offline, and says so itself.
        if (failed !== undefined) this.#delay(partition);
      }));
    }
    if (waits.length > 0) await Promise.all(waits);
  }

  /** What is to be asked for now. */
  #next(): NamedPartition[] {
    const { throttle, nodeId, terms } = this.#options;
    const { partitionBytesMax: partitionMaxBytes } = terms();
    const nowMs = this.#options.monotonic();
    const wanted: NamedPartition[] = [];
    this.#nextDueMs = Infinity;
    for (const turn of this.#turns.values()) {
      const { key, partition } = turn;
      const { log, leaderEpoch } = partition;
      turn.asked = undefined;
      if (turn.dueMs > nowMs) {
        this.#nextDueMs = Math.min(this.#nextDueMs, turn.dueMs);
        continue;
      }
      if (log.keptEndOffset < log.logEndOffset) continue;
      // To ask for what follows is to say that it has all that comes before.
      if (log.isDamaged) continue;
      if (throttle.holds(partition, nodeId)) continue;
      turn.asked = {
        key,
        topicId: log.topicId,
        partition: log.partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset: log.logEndOffset,
        lastFetchedEpoch: log.latestEpoch,
        logStartOffset: log.start.keptOffset,
        partitionMaxBytes,
      };
      wanted.push(turn.asked);
    }
    return wanted;
  }

  #untilNextMs(): number {
    return Math.max(0, Math.ceil(this.#nextDueMs - this.#options.monotonic()));
  }

  #request(wanted: readonly NamedPartition[]): RequestInput<typeof Fetch> {
    const { terms, nodeId, brokerEpoch } = this.#options;
    const { waitMsMax, bytesMin, bytesMax } = terms();
    return {
      replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
      maxWaitMs: Math.min(waitMsMax, this.#untilNextMs()),
      minBytes: bytesMin,
      maxBytes: bytesMax,
      ...this.#session.request(wanted),
    };
  }

  async #take(answer: ResponseOf<typeof Fetch>): Promise<void> {
    const { isFull } = this.#session;
    if (!this.#session.accept(answer)) return;
    const together = partitionsWithRecords(answer);
    // In a session the others have no news; else the leader has said nothing of them.
    const untold = isFull ? new Set(this.#turns.values()) : undefined;
    for (const { topicId, partitions } of answer.responses) {
      const ofTopic = this.#byTopic.get(topicId);
      for (const told of partitions) {
        const turn = ofTopic?.get(told.partitionIndex);
        if (turn === undefined) continue;
        untold?.delete(turn);
        if (!this.#counts(turn)) continue;
        if (told.errorCode === ErrorCode.NONE) turn.pauseMs = pauseMsMin;
        try {
          const applied = this.#apply(turn, told, together);
          if (applied !== undefined) await applied;
        } catch (error) {
          if (!isStoreFault(error)) throw error;
          this.#say(turn.partition, "what a leader has could not be copied", messageOf(error));
          this.#delay(turn.partition);
        }
      }
    }
    for (const turn of untold ?? []) if (this.#counts(turn)) this.#delay(turn.partition);
  }

  /** Whether the partition is as it was when it was asked for, but for where its log ends. */
  #counts(turn: Turn, endOffset: Int64 | undefined = turn.asked?.fetchOffset): boolean {
    const { partition, asked } = turn;
    return asked !== undefined && this.#turns.get(partition) === turn && !partition.isLeader &&
      partition.leaderEpoch === asked.currentLeaderEpoch &&
      partition.log.logEndOffset === endOffset;
  }

  /** What is not done at once is waited for. */
  #apply(turn: Turn, told: PartitionAnswer, together: number): Promise<void> | undefined {
    const { partition } = turn;
    const { errorCode, divergingEpoch } = told;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return this.#moveInto(partition, told);
    if (errorCode !== ErrorCode.NONE) return void this.#onRefused(turn, errorCode);
    if (divergingEpoch.endOffset >= 0) {
      const endOffset = saturated(divergingEpoch.endOffset);
      return this.#cut(partition, { epoch: divergingEpoch.epoch, endOffset });
    }
    const { log } = partition;
    const records = behind(told.records ?? noBytes, log.logEndOffset);
    const noted = () => this.#noteCopied(partition, { told, bytes: records.length });
    if (records.length === 0) return noted();
    const baseOffset = baseOffsetOf(records, 0);
    // Records may be deleted up to the middle of a batch: the batch stays whole, here as there.
    if (baseOffset < log.logEndOffset && log.logStartOffset === log.logEndOffset) {
      return this.#whileCut(partition, () => log.restartAt(baseOffset)).then(() => {
        // The partition may be another's to copy by now, or nobody's.
        if (!this.#counts(turn, baseOffset)) return;
        partition.copy(records, together);
        return noted();
      });
    }
    partition.copy(records, together);
    return noted();
  }

  #noteCopied(
    partition: Partition,
    { told, bytes }: { readonly told: PartitionAnswer; readonly bytes: number },
  ): Promise<void> | undefined {
    const { log } = partition;
    this.#options.counters.copiedBytes += bytes;
    this.#options.throttle.note(partition, bytes);
    partition.replication?.follow(saturated(told.highWatermark));
    const logStartOffset = saturated(told.logStartOffset);
    return logStartOffset > log.logStartOffset
      ? log.deleteRecordsBefore(logStartOffset)
      : undefined;
  }

  /** Asked again soon where the leader may hear of it any moment, then ever more rarely. */
  #onRefused(turn: Turn, code: ErrorCode): void {
    const { backoffMs } = this.#options.terms();
    const isElection = unheardElection.has(code);
    const mayPass = isElection || unheardTopic.has(code);
    const pauseMs = mayPass ? Math.min(turn.pauseMs, backoffMs) : backoffMs;
    turn.pauseMs = 2 * pauseMs;
    this.#delay(turn.partition, pauseMs);
    if (isElection || pauseMs < backoffMs) return;
    this.#say(turn.partition, "a leader refuses its follower", errorName(code));
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

function partitionsWithRecords({ responses }: ResponseOf<typeof Fetch>): number {
  let count = 0;
  for (const { partitions } of responses) {
    for (const { records } of partitions) if (records !== null && records.length > 0) count++;
  }
  return count;
}

/** Without the batches that end below `offset`: the log has them. */
function behind(records: Uint8Array, offset: Offset): Uint8Array {
  let position = 0;
  while (position < records.length && lastOffsetOf(records, position) < offset) {
    position += batchSizeOf(records, position);
  }
  return records.subarray(position);
}
