// The door to one partition that this broker has a log of: who leads it in which epoch, what may be
// appended, what is acknowledged, how far consumers may read.
//
//   logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset
//
//   leads --follow--> does not --lead--> leads, in a later epoch
//
// With a replication factor of one the high watermark follows the log end as soon as an append is
// in the file; with followers it is the minimum over the in-sync replicas, which
// replication/partition_replication.ts keeps. Nothing may assume that the two are equal: consumers
// read up to the high watermark only, followers to the log's end.
// Invariant: who does not lead appends nothing, and acknowledges nothing that was appended before.

import { assert } from "../../base/assert.ts";
import { isStoreFault, messageOf, PartitionFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset, PartitionId } from "../../base/ids.ts";
import type { PartitionImage } from "../../cluster/mod.ts";
import type { AppendOptions, AppendResult, PartitionLog } from "../../log/mod.ts";
import { isInternalTopic } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Unacknowledged } from "../replication/acknowledgements.ts";
import type { Gained, Isolation, Wait, Watched } from "../fetch/purgatory.ts";
import {
  PartitionReplication,
  type ReplicationTerms,
} from "../replication/partition_replication.ts";

/** What was appended since the start; all partitions count in the same one. */
export interface AppendCounters {
  batches: number;
  records: number;
  bytes: number;
}

/** What a partition begins with. */
export interface PartitionOptions {
  readonly leaderEpoch: LeaderEpoch;
  /** Absent: this broker leads it. */
  readonly isLeader?: boolean;
  readonly appended: AppendCounters;
  /** As the metadata has it, in a cluster; absent: no other broker has a replica of it, ever. */
  readonly state?: PartitionImage;
  /** What replicas in a cluster go by. */
  readonly terms?: ReplicationTerms;
}

/** For so long what nobody has set a time for is waited for. */
const acknowledgedMsMax = 30_000;

/** Why what a sync was to keep cannot be acknowledged: since it failed, or as `once` has it. */
function kept(
  synced: Promise<void>,
  once: () => Unacknowledged | undefined = () => undefined,
): Promise<Unacknowledged | undefined> {
  return synced.then(once, (error) => {
    if (!isStoreFault(error)) throw error;
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message: messageOf(error) };
  });
}

const ledElsewhere = "another broker leads the partition";

/** A partition of which this broker has the log. */
export class Partition implements Watched {
  readonly log: PartitionLog;
  /** Fetches that wait for this partition. */
  readonly watchers = new Set<Wait>();
  #leaderEpoch: LeaderEpoch;
  #isLeader: boolean;
  /** How often it has ceased to lead. */
  #resignations = 0;
  #cutting: Promise<void> | undefined;
  readonly #appended: AppendCounters;
  /** Where no other broker has a replica. */
  #highWatermark: Offset;
  readonly #terms: ReplicationTerms | undefined;
  /** Undefined while no other broker has a replica. */
  #replication: PartitionReplication | undefined;
  /** What was appended while some transaction was open, and is not known to be stable. */
  #undecidedBytes = 0;
  /** The last stable offset that read_committed readers were told of. */
  #stableOffset: Offset;

  constructor(log: PartitionLog, options: PartitionOptions) {
    const { leaderEpoch, isLeader = true, appended, terms, state } = options;
    this.log = log;
    this.#leaderEpoch = leaderEpoch;
    this.#isLeader = isLeader;
    this.#appended = appended;
    this.#terms = terms;
    this.#highWatermark = log.logEndOffset;
    if (state !== undefined) {
      this.#replicate(state, { isNewEpoch: true, highWatermark: log.checkpointedHighWatermark });
    }
    this.#stableOffset = this.lastStableOffset;
    if (this.#stableOffset !== this.highWatermark) this.#undecidedBytes = log.sizeBytes;
  }

  get topic(): string {
    return this.log.topic;
  }

  get id(): PartitionId {
    return this.log.partition;
  }

  /** The data folder that the log lies in. */
  get dataFolder(): string {
    return this.log.folder.slice(0, this.log.folder.lastIndexOf("/"));
  }

  /** Consumers see what is below it. */
  get highWatermark(): Offset {
    return this.#replication?.highWatermark ?? this.#highWatermark;
  }

  /** Whether the end that consumers see is not older than what an earlier leader has told them. */
  get isEndKnown(): boolean {
    return this.#replication?.isEndKnown ?? true;
  }

  /** What it has where other brokers have replicas. */
  get replication(): PartitionReplication | undefined {
    return this.#replication;
  }

  /** read_committed consumers see what is below it. */
  get lastStableOffset(): Offset {
    return Math.min(this.log.lastStableOffset, this.highWatermark);
  }

  /** The end of what a reader sees. */
  visibleEnd(isolation: Isolation): Offset {
    if (isolation === "logEnd") return this.log.logEndOffset;
    return isolation === "readCommitted" ? this.lastStableOffset : this.highWatermark;
  }

  /** Whether this broker leads it. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /**
   * Why what is appended now cannot be acknowledged, with acks=all where `toAll`, though this
   * broker leads as far as it knows; undefined where it can.
   */
  doubtOf(toAll: boolean): Unacknowledged | undefined {
    return this.#replication?.doubtOf(toAll);
  }

  /** Whether no other broker can lead it by now without this one knowing. */
  get isLedForSure(): boolean {
    return this.#replication?.doubt === undefined;
  }

  /** The term of whoever leads it. */
  get leaderEpoch(): LeaderEpoch {
    return this.#leaderEpoch;
  }

  /**
   * Leads, in `leaderEpoch`. Who waits in an earlier one is answered, and learns of it. `state`: as
   * the metadata of a cluster has it.
   */
  lead(leaderEpoch: LeaderEpoch, state?: PartitionImage): void {
    this.#enter(leaderEpoch, { isLeader: true, state });
  }

  /** Another broker leads in `leaderEpoch`, or nobody. Who waits here is answered. */
  follow(leaderEpoch: LeaderEpoch, state?: PartitionImage): void {
    this.#enter(leaderEpoch, { isLeader: false, state });
  }

  #enter(
    leaderEpoch: LeaderEpoch,
    { isLeader, state }: { readonly isLeader: boolean; readonly state: PartitionImage | undefined },
  ): void {
    const isNewEpoch = leaderEpoch !== this.#leaderEpoch || isLeader !== this.#isLeader;
    if (this.#isLeader && !isLeader) this.#resignations++;
    this.#leaderEpoch = leaderEpoch;
    this.#isLeader = isLeader;
    if (state !== undefined) {
      this.#replicate(state, { isNewEpoch, highWatermark: this.highWatermark });
    } else if (!isLeader) this.#replication?.resign();
    if (isNewEpoch) this.wake();
  }

  /** In a cluster: whoever else has replicas has a say in where the high watermark stands. */
  #replicate(
    state: PartitionImage,
    { isNewEpoch, highWatermark }: { isNewEpoch: boolean; highWatermark: Offset },
  ): void {
    const terms = this.#terms;
    if (terms === undefined) return;
    if (state.replicas.length === 1) {
      this.#replication?.end();
      this.#replication = undefined;
      this.#highWatermark = this.log.logEndOffset;
      return;
    }
    const { log } = this;
    this.#replication ??= new PartitionReplication(
      { log, terms, onAdvanced: () => this.#onAdvanced() },
      highWatermark,
    );
    this.#replication.enter(state, { isLeader: this.#isLeader, isNewEpoch });
  }

  /** Appends a payload and wakes the fetches that waited for it. */
  append(
    records: Uint8Array,
    origin: "client" | "coordinator",
    known?: Omit<AppendOptions, "leaderEpoch" | "origin">,
  ): AppendResult {
    if (!this.#isLeader) {
      return { ok: false, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: ledElsewhere };
    }
    const shortage = origin === "coordinator" ? this.#replication?.shortage : undefined;
    // A coordinator's records are for all replicas, or for none.
    if (shortage !== undefined) return { ok: false, ...shortage };
    const result = this.log.append(records, { ...known, leaderEpoch: this.#leaderEpoch, origin });
    if (!result.ok || result.duplicate) return result;
    this.#appended.batches++;
    this.#appended.records += result.lastOffset - result.baseOffset + 1;
    this.#appended.bytes += records.length;
    this.#advance(records.length);
    return result;
  }

  /**
   * What the leader has, appended as it is: for a follower, which has records of `together`
   * partitions to keep before it asks for more. Throws PartitionFault where the log does not take
   * it.
   */
  copy(records: Uint8Array, together: number): void {
    const isOwn = isInternalTopic(this.topic);
    const terms = { leaderEpoch: this.#leaderEpoch, isAwaited: true, together, isOwn };
    const result = this.log.append(records, { ...terms, origin: "replica" });
    if (!result.ok) throw new PartitionFault(result.message);
    this.#undecidedBytes += records.length;
  }

  /** Has `run` cut the log back, to agree with the leader's. Nobody leads it meanwhile. */
  async cut(run: () => Promise<void>): Promise<void> {
    assert(!this.#isLeader, "a leader's log is not cut");
    const cutting = run().finally(() => this.#cutting = undefined);
    this.#cutting = cutting;
    await cutting;
    this.#replication?.onCut();
    this.#undecidedBytes = this.log.sizeBytes;
    this.#stableOffset = Math.min(this.#stableOffset, this.lastStableOffset);
    this.wake();
  }

  /** While the log is being cut: when that is over. */
  get cutting(): Promise<void> | undefined {
    return this.#cutting;
  }

  /**
   * What the answer to a client that appended up to `end` waits for, with acks=all where `toAll`,
   * and then for `timeoutMs` at most; undefined: for nothing.
   */
  answerable(
    end: Offset,
    toAll: boolean,
    timeoutMs = acknowledgedMsMax,
  ): Promise<Unacknowledged | undefined> | undefined {
    // Where others are in sync, this broker's disk takes it while theirs do, and not before.
    const isShared = toAll && this.#replication?.isAlone === false;
    const wait = this.log.answerable(end, toAll && !isShared);
    if (toAll && this.#replication !== undefined) {
      return this.#replicated(end, { synced: wait, timeoutMs });
    }
    const inDoubt = () => this.doubtOf(toAll);
    if (wait !== undefined) return toAll ? this.#acknowledged(wait) : kept(wait, inDoubt);
    // So much waits for the disk that an append might block on the kernel: producers wait for it.
    return this.log.directory.withinBounds()?.then(inDoubt);
  }

  /**
   * What every in-sync replica keeps: what lies below `end`. Resolves with undefined, or with why
   * that cannot be promised.
   */
  acknowledged(end: Offset): Promise<Unacknowledged | undefined> {
    const synced = this.log.syncTo(end);
    return this.#replication === undefined
      ? this.#acknowledged(synced)
      : this.#replicated(end, { synced, timeoutMs: acknowledgedMsMax });
  }

  /** As {@link acknowledged}, of what was there when this broker came to lead. */
  settled(): Promise<Unacknowledged | undefined> {
    const { logEndOffset } = this.log;
    return this.#replication?.acknowledged(logEndOffset, acknowledgedMsMax) ??
      Promise.resolve(undefined);
  }

  /** Whether that is so of all that there is. */
  get isAcknowledged(): boolean {
    const { log } = this;
    return log.isSynced && this.highWatermark === log.logEndOffset;
  }

  async #replicated(
    end: Offset,
    o: { readonly synced: Promise<void> | undefined; readonly timeoutMs: number },
  ): Promise<Unacknowledged | undefined> {
    const replication = this.#replication;
    const synced = o.synced?.then(() => replication?.advance());
    const acknowledged = replication?.acknowledged(end, o.timeoutMs);
    const failed = (synced && await kept(synced)) ?? await acknowledged;
    // The others may have left the ISR before this broker's disk had it.
    return failed === undefined && this.log.keptEndOffset < end ? await this.durable(end) : failed;
  }

  #acknowledged(synced: Promise<void>): Promise<Unacknowledged | undefined> {
    const resignations = this.#resignations;
    return kept(synced, () => {
      if (resignations === this.#resignations) return undefined;
      // Who leads now may never have had it, or cuts it off.
      return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: ledElsewhere };
    });
  }

  /** What this broker alone can promise: its own disk keeps what lies below `end`. */
  durable(end: Offset): Promise<Unacknowledged | undefined> {
    return kept(this.log.answerable(end, true) ?? Promise.resolve());
  }

  /** Ends the waits on this partition: it goes away, or its state has changed. */
  wake(): void {
    for (const wait of [...this.watchers]) wait.end();
  }

  #advance(bytes: number): void {
    if (this.#replication !== undefined) {
      this.#undecidedBytes += bytes;
      this.#tell({ readUncommitted: 0, readCommitted: 0, logEnd: bytes });
      // Of those in sync nobody else has it yet.
      if (this.#replication.isAlone) this.#replication.advance();
      return;
    }
    this.#highWatermark = this.log.logEndOffset;
    const readCommitted = this.#stabilise(bytes);
    if (this.watchers.size === 0) return;
    this.#tell({ readUncommitted: bytes, readCommitted, logEnd: bytes });
  }

  /** Every in-sync replica has more. How many bytes is not known: who waits for any reads. */
  #onAdvanced(): void {
    const bytes = Math.max(1, this.#undecidedBytes);
    const readCommitted = this.#stabilise(0);
    const logEnd = this.#terms?.isReadFromFollowers() ? 1 : 0;
    this.#tell({ readUncommitted: bytes, readCommitted, logEnd });
  }

  #tell(gained: Gained): void {
    if (this.watchers.size === 0) return;
    for (const wait of [...this.watchers]) wait.onReadable(gained);
  }

  /**
   * How many bytes have become stable with an append of `bytes`. While another transaction is still
   * open this may be too much, never too little: who was woken too early reads, and waits again.
   */
  #stabilise(bytes: number): number {
    const stableOffset = this.lastStableOffset;
    const gained = this.#undecidedBytes + bytes;
    this.#undecidedBytes = stableOffset === this.log.logEndOffset ? 0 : gained;
    if (stableOffset === this.#stableOffset) return 0;
    this.#stableOffset = stableOffset;
    return Math.max(1, gained);
  }
}
