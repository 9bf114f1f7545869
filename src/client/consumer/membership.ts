// What a consumer knows of its group, whichever protocol it speaks.
//
//   stale --join(what it holds)--> the partitions to hold --onOwned(what it holds now)--> settled
//     ^                                                                                     |
//     +--------------------- a heartbeat says that this is out of date --------------------+
//
// Invariant: partitions move while the reader is inside `poll` and nowhere else, so that what it
// was handed out can be committed before.

import type { Committer } from "../admin/group_offsets.ts";
import { nameOf, type TopicPartition } from "../topic_partition.ts";

/** What a member is to have. */
export interface Joined {
  readonly partitions: readonly TopicPartition[];
  /** It is a new member: what it held as another one is lost. */
  readonly isFresh: boolean;
}

export interface Membership {
  /** Whether {@link join} is due before more records are handed out. */
  readonly isStale: boolean;
  /** Whether it is out of the group: what it holds is somebody else's by now. */
  readonly isOut: boolean;
  /** Whether it gives up all that it holds before it joins. */
  readonly isEager: boolean;
  /** Who commits. */
  readonly committer: Committer;
  /** The lane of the group's requests, for commits. */
  readonly lane: string;
  /** The reader has come for records: it is alive. */
  onPoll(): void;
  /**
   * Resolves with the partitions to have. Repeats through lost coordinators and rebalances; throws
   * a KafkaError for what cannot be cured, such as a static member whose place was taken.
   */
  join(owned: readonly TopicPartition[]): Promise<Joined>;
  /** What it holds from now on; `revoked`: it has given up some of what it held. */
  onOwned(owned: readonly TopicPartition[], hasRevoked: boolean): void;
  /** Leaves the group, best effort; a static member keeps its place until its session is over. */
  close(): Promise<void>;
}

/** What a consumer reads: topics by name, or all whose names match. */
export type Subscription = readonly string[] | RegExp;

/** Those of `partitions` that are not among `others`. */
export function without<P extends TopicPartition>(
  partitions: readonly P[],
  others: readonly TopicPartition[],
): P[] {
  const names = new Set(others.map(nameOf));
  return partitions.filter((each) => !names.has(nameOf(each)));
}
