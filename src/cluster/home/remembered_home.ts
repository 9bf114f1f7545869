// A home of the metadata that outlives the processes which use it, and that may be another one, or
// an older state of the same, by the time that a broker starts again: what is remembered of it, and
// what brokers tell each other once it has gone back (rollback.ts).
//
// Invariant: what is noted is understood by the home that it is of, and by nobody else.

import type { BrokerId, LeaderEpoch, Offset, PartitionId, Uuid } from "../../base/ids.ts";

/** How far a broker's log of a partition goes. */
export interface LogEnd {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  /** The latest one that the log knows of; -1 where it is empty. */
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

/** How far the logs of brokers go. */
export type LogReports = ReadonlyMap<BrokerId, readonly LogEnd[]>;

/** What a data folder keeps of the home of its metadata. */
export type HomeNote = Readonly<Record<string, string | number>>;

/**
 * A home that data folders remember: so that a later start finds out whether it is the same one,
 * and no older than it was.
 */
export interface RememberedHome {
  /** As it is now. */
  note(): HomeNote;
  /** Throws UsageFault where `noted` is of another home, or of this one when it knew more. */
  check(noted: HomeNote, brokerId: BrokerId): void;
  /** Whether the broker has had another life since: what was noted is of an older copy. */
  isOutdated(noted: HomeNote, brokerId: BrokerId): boolean;
  /**
   * Where it has gone back: tells the others how far this broker's logs go. Once each of `brokers`
   * has told the same, one of them runs `decide`; resolves when that is done.
   */
  compare(
    ends: readonly LogEnd[],
    brokers: readonly BrokerId[],
    decide: (reports: LogReports) => Promise<void>,
  ): Promise<void>;
}
