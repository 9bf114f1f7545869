// One coordinator of one partition: a machine that decides, with the partition's log, a clock, a
// timer and the requests that wait for it.
//
//   new --load--> loaded --submit, tell--> decided, appended, applied, answered
//     \---------------\--resign, or its log cannot keep what was decided--> resigned
//
// Invariant: a decision is carried out in the turn of the event loop that made it. Who is resigned
// changes nothing and answers nobody but those who wait, who are told to look elsewhere.

import { ResignedFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import {
  type Answer,
  type Append,
  type At,
  carryOut,
  type Decision,
  type Machine,
  type TransactionProducer,
} from "../../coordinator/mod.ts";
import type { Verification, VerificationStart } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { buildBatch } from "../../records/mod.ts";
import type { Codecs, Logger, Timer, Timers } from "../../runtime/ports.ts";
import type { Partition } from "../logs/partition.ts";
import type { Unacknowledged } from "../replication/acknowledgements.ts";
import { appendEndMarker, type EndedTransaction } from "../transactions/end_marker.ts";
import { loadShard, type StoredRecords } from "./shard_loading.ts";

/** A timer is never set further ahead than this: runtimes keep delays in 31 bits. */
const timerMsMax = 3_600_000;

/** What a coordinator does with the partitions of its topic. */
export interface Coordinating<M, Rec> extends StoredRecords<Rec> {
  readonly newMachine: () => M;
  readonly encodeKey: (record: Rec) => Uint8Array;
  readonly encodeValue: (record: Rec) => Uint8Array | null;
}

/** What a shard is given of the broker. */
export interface ShardSurroundings {
  /** The topic that the machine keeps its state in. */
  readonly topic: string;
  /** Milliseconds since the epoch, never stepping. */
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly codecs: Codecs;
  readonly logger: Logger;
}

/** Who hears of what goes on in a shard. */
export interface ShardWatcher<M extends Machine<Rec, Response>, Rec, Response> {
  /** A shard begins to coordinate. */
  onLoaded?(shard: Shard<M, Rec, Response>): void;
  /** A record lies at this offset: told as the machine takes it over. */
  onRecord?(machine: M, record: Rec, offset: Offset): void;
}

interface ShardOptions<M extends Machine<Rec, Response>, Rec, Response>
  extends ShardSurroundings, Coordinating<M, Rec> {
  readonly watcher: ShardWatcher<M, Rec, Response>;
  /** Its log could not keep what it has decided. */
  readonly onFailed: () => void;
}

/** A request: answered while it is decided, or later. */
interface Waiter<Response> {
  response: Response | undefined;
  resolve: ((response: Response) => void) | undefined;
}

/** The machine of one partition. */
export class Shard<M extends Machine<Rec, Response>, Rec, Response> {
  readonly machine: M;
  readonly #partition: Partition;
  readonly #options: ShardOptions<M, Rec, Response>;
  /** Requests that wait, by the number that the machine knows them by. */
  readonly #waiting = new Map<number, Waiter<Response>>();
  #asked = 0;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #isLoaded = false;
  #closed = false;

  constructor(partition: Partition, options: ShardOptions<M, Rec, Response>) {
    this.#partition = partition;
    this.#options = options;
    this.machine = options.newMachine();
  }

  /** Whether it coordinates no more. */
  get isResigned(): boolean {
    return this.#closed;
  }

  /** Whether no other broker can coordinate by now what this one does. */
  get isSure(): boolean {
    return this.#partition.isLedForSure;
  }

  /** The term in which it coordinates. */
  get leaderEpoch(): LeaderEpoch {
    return this.#partition.leaderEpoch;
  }

  /** Milliseconds since the epoch, as the machine counts them. */
  get nowMs(): number {
    return this.#options.nowMs();
  }

  /**
   * Replays the partition; then time begins to count. Returns the number of records passed over,
   * and why it cannot begin where too few replicas have what was read.
   */
  async load(): Promise<{ passedOver: number; unsettled?: Unacknowledged }> {
    const { machine } = this;
    const { watcher } = this.#options;
    const passedOver = await loadShard(this.#partition, {
      ...this.#options,
      apply: (record, { offset, producerId }) => {
        machine.apply(record, producerId);
        watcher.onRecord?.(machine, record, offset);
      },
      endTransaction: machine.endTransaction &&
        ((producerId, committed) => machine.endTransaction?.(producerId, committed)),
    });
    // What an earlier leader's followers may lack is told to nobody before they have it.
    const unsettled = await this.#partition.settled();
    // It may be led elsewhere by now.
    if (this.#closed) return { passedOver };
    if (unsettled !== undefined) return { passedOver, unsettled };
    this.#isLoaded = true;
    this.tell((_, nowMs) => machine.onLoaded(nowMs));
    return { passedOver };
  }

  /**
   * Has the machine decide a request: its answer, where that waits for nothing, or when it comes.
   * `verification`: of the transaction that its records belong to, where it may begin with them.
   * Throws ResignedFault once it coordinates no more: it may have been found just before.
   */
  submit<R extends Response>(
    decide: (machine: M, at: At<R>) => Decision<Rec, Response>,
    options?: { readonly verification: Verification | undefined },
  ): R | Promise<R> {
    if (this.#closed) throw new ResignedFault("another broker coordinates from now on");
    const id = ++this.#asked;
    const waiter: Waiter<Response> = { response: undefined, resolve: undefined };
    this.#waiting.set(id, waiter);
    const decision = decide(this.machine, { nowMs: this.nowMs, asked: { id } });
    this.#carryOut(decision, options?.verification);
    // A machine answers a request with a response of its type: At says so to the compiler.
    if (waiter.response !== undefined) return waiter.response as R;
    return new Promise<R>((resolve) => {
      waiter.resolve = resolve as (response: Response) => void;
    });
  }

  /** Begins to verify a transaction that the machine is to store records for (KIP-890). */
  beginVerification(of: Omit<VerificationStart, "nowMs" | "baseSequence">) {
    return this.#partition.log.beginVerification({ ...of, baseSequence: -1 });
  }

  /** Ends a transaction: its marker is appended, and the machine takes it over at once. */
  async endTransaction(transaction: EndedTransaction): Promise<ErrorCode> {
    const errorCode = appendEndMarker(this.#partition, transaction, this.nowMs);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    this.machine.endTransaction?.(transaction.producerId, transaction.committed);
    return await this.durable();
  }

  /** Has the machine decide what no request has asked for; undefined: it is nothing to it. */
  tell(decide: (machine: M, nowMs: number) => Decision<Rec, Response> | undefined): void {
    if (this.#closed) return;
    const decision = decide(this.machine, this.nowMs);
    if (decision !== undefined) this.#carryOut(decision);
  }

  /** Resolves once all that was decided so far is acknowledged: with an error code if it is not. */
  async durable(): Promise<ErrorCode> {
    const partition = this.#partition;
    const failed = await partition.acknowledged(partition.log.logEndOffset);
    if (failed === undefined) return ErrorCode.NONE;
    if (!this.#closed) {
      this.#options.logger.log("error", "a coordinator could not store its records", {
        topic: this.#options.topic,
        partition: partition.id,
        reason: failed.message,
      });
    }
    // The machine is ahead of what the log can keep: the next request loads it anew.
    this.resign();
    this.#options.onFailed();
    const { errorCode } = failed;
    const isLost = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER;
    return isLost ? ErrorCode.NOT_COORDINATOR : errorCode;
  }

  #carryOut(decision: Decision<Rec, Response>, verification?: Verification): void {
    const append: Append<Rec> = (records, producer) =>
      this.#append(records, { producer, verification });
    const { answers, notes } = carryOut(this.machine, decision, append);
    for (const { message, fields } of notes) this.#options.logger.log("info", message, fields);
    let whenDurable: Answer<Response>[] | undefined;
    for (const answer of answers) {
      const isDue = answer.failed === undefined || this.#partition.isAcknowledged;
      if (isDue) this.#answer(answer.to.id, answer.response);
      else (whenDurable ??= []).push(answer);
    }
    if (whenDurable !== undefined) this.#answerWhenDurable(whenDurable);
    this.#setTimer();
  }

  #append(
    records: readonly Rec[],
    { producer, verification }: {
      readonly producer: TransactionProducer | undefined;
      readonly verification: Verification | undefined;
    },
  ): ErrorCode {
    const { encodeKey, encodeValue } = this.#options;
    // One decision is one batch, so that it is in the log whole or not at all: the topic's
    // max.message.bytes lets it be as large as it comes.
    const batch = buildBatch({
      records: records.map((record) => ({
        key: encodeKey(record),
        value: encodeValue(record),
        headers: [],
      })),
      timestamp: this.nowMs,
      ...producer,
      isTransactional: producer !== undefined,
    });
    const result = this.#partition.append(batch, "coordinator", { verification });
    if (!result.ok) return result.errorCode as ErrorCode;
    const { watcher } = this.#options;
    if (watcher.onRecord === undefined) return ErrorCode.NONE;
    for (const [i, record] of records.entries()) {
      watcher.onRecord(this.machine, record, result.baseOffset + i);
    }
    return ErrorCode.NONE;
  }

  /** Cuts off the log: nothing that lies before `offset` is needed any more. */
  async forgetBefore(offset: Offset): Promise<void> {
    const { log } = this.#partition;
    if (offset <= log.logStartOffset) return;
    // What stands for the records that go must outlive a crash.
    if (await this.durable() !== ErrorCode.NONE) return;
    await log.deleteRecordsBefore(offset);
  }

  async #answerWhenDurable(answers: readonly Answer<Response>[]): Promise<void> {
    // Of a bug of ours nobody is told more, but nobody waits for ever.
    let errorCode: ErrorCode = ErrorCode.UNKNOWN_SERVER_ERROR;
    try {
      errorCode = await this.durable();
    } finally {
      for (const { to, response, failed } of answers) {
        const isKept = errorCode === ErrorCode.NONE;
        this.#answer(to.id, isKept ? response : failed?.(errorCode) ?? response);
      }
    }
  }

  #answer(id: number, response: Response): void {
    const waiter = this.#waiting.get(id);
    if (waiter === undefined) return;
    this.#waiting.delete(id);
    waiter.response = response;
    waiter.resolve?.(response);
  }

  /** Coordinates no more: whoever waits is told so. */
  resign(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    // A machine that is still being loaded, or could not be, has nobody who waits.
    if (!this.#isLoaded) return;
    for (const { to, response } of this.machine.resign(ErrorCode.NOT_COORDINATOR, this.nowMs)) {
      this.#answer(to.id, response);
    }
  }

  /** One timer, for the earliest deadline; one that moves later leaves it alone. */
  #setTimer(): void {
    const dueMs = this.machine.nextDeadlineMs() ?? Infinity;
    if (this.#closed || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.min(timerMsMax, Math.max(0, dueMs - this.nowMs));
    this.#timer = this.#options.timers.after(delayMs, () => {
      this.#timerDueMs = Infinity;
      this.tell((machine, nowMs) => machine.onTick(nowMs));
    });
  }
}
