// How a member comes from what it has to what it is to have, a step at each heartbeat (KIP-848).
//
//   UNREVOKED_PARTITIONS    it has to give up partitions: waits until it says that it has
//   UNRELEASED_PARTITIONS   it is at the target's epoch; others still have what it is to get
//   STABLE                  it has what it is to have
//
//   have, target  ──> kept    = have and target
//                     revoked = have, not target  ──┬─ some, still owned: UNREVOKED, epoch stays
//                     free    = target, nobody's    └─ else: gets them, epoch of the target
//
// Invariant: a partition is given to a member only when no member has it or still gives it up.

import type { Uuid } from "../../../base/ids.ts";
import {
  type Assignment,
  hasAnyOf,
  nothingOwned,
  ownedEqual,
  type OwnedPartitions,
  type TopicPartitions,
} from "./assignment.ts";

/** Kafka's numbers of a member's states. */
export const MemberState = {
  STABLE: 0,
  UNREVOKED_PARTITIONS: 1,
  UNRELEASED_PARTITIONS: 2,
} as const;

/** What reconciliation changes of a member. */
export interface Reconciled {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  /** One of MemberState, or a number that a newer Kafka has written. */
  readonly state: number;
  readonly assigned: OwnedPartitions;
  readonly revoking: OwnedPartitions;
}

export interface Reconciliation {
  readonly targetEpoch: number;
  readonly target: Assignment;
  /** Whether any member has this partition, or still gives it up. */
  readonly isTaken: (topicId: Uuid, partition: number) => boolean;
  /** What the member says that it has; null when that did not change. */
  readonly owned: readonly TopicPartitions[] | null;
}

/** Whether a member has nothing left to do for the target of `epoch`. */
export function isReconciledTo(
  { state, memberEpoch }: Pick<Reconciled, "state" | "memberEpoch">,
  epoch: number,
): boolean {
  return state === MemberState.STABLE && memberEpoch === epoch;
}

/** The next step of a member; `member` itself when it waits. */
export function reconcile<M extends Reconciled>(member: M, to: Reconciliation): M {
  if (isReconciledTo(member, to.targetEpoch)) return member;
  switch (member.state) {
    case MemberState.STABLE:
      return step(member, member.memberEpoch, to);
    case MemberState.UNREVOKED_PARTITIONS:
      if (stillOwns(member.revoking, to.owned)) return member;
      return step(member, Math.min(member.memberEpoch + 1, to.targetEpoch), to);
    default:
      return step(member, to.targetEpoch, to);
  }
}

/** Whether a member is the same in all that reconciliation changes. */
export function reconciledEqual(a: Reconciled, b: Reconciled): boolean {
  return a.memberEpoch === b.memberEpoch && a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state && ownedEqual(a.assigned, b.assigned) &&
    ownedEqual(a.revoking, b.revoking);
}

/** A member that does not say what it has may have all of it. */
function stillOwns(revoking: OwnedPartitions, owned: Reconciliation["owned"]): boolean {
  return owned === null ? revoking.size > 0 : hasAnyOf(owned, revoking);
}

function step<M extends Reconciled>(member: M, epoch: number, to: Reconciliation): M {
  const { kept, revoked, free, isUnreleased } = compare(member.assigned, to);
  if (revoked.size > 0 && stillOwns(revoked, to.owned)) {
    const { UNREVOKED_PARTITIONS: state } = MemberState;
    return { ...member, ...epochs(member, epoch), state, assigned: kept, revoking: revoked };
  }
  return {
    ...member,
    ...epochs(member, to.targetEpoch),
    state: isUnreleased ? MemberState.UNRELEASED_PARTITIONS : MemberState.STABLE,
    assigned: withFree(kept, free, to.targetEpoch),
    revoking: nothingOwned,
  };
}

/** The epoch before stays known, since the response that tells the new one may be lost. */
function epochs(member: Reconciled, memberEpoch: number) {
  if (memberEpoch === member.memberEpoch) return {};
  return { memberEpoch, previousMemberEpoch: member.memberEpoch };
}

function compare(assigned: OwnedPartitions, { target, isTaken }: Reconciliation) {
  const kept = new Map<Uuid, Map<number, number>>();
  const revoked = new Map<Uuid, Map<number, number>>();
  const free = new Map<Uuid, number[]>();
  let isUnreleased = false;
  for (const [topicId, partitions] of assigned) {
    for (const [partition, epoch] of partitions) {
      const into = target.get(topicId)?.has(partition) ? kept : revoked;
      const ofTopic = into.get(topicId) ?? new Map<number, number>();
      into.set(topicId, ofTopic.set(partition, epoch));
    }
  }
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) {
      if (assigned.get(topicId)?.has(partition)) continue;
      if (isTaken(topicId, partition)) {
        isUnreleased = true;
        continue;
      }
      const ofTopic = free.get(topicId) ?? [];
      ofTopic.push(partition);
      free.set(topicId, ofTopic);
    }
  }
  return { kept, revoked, free, isUnreleased };
}

function withFree(
  kept: Map<Uuid, Map<number, number>>,
  free: ReadonlyMap<Uuid, readonly number[]>,
  epoch: number,
): OwnedPartitions {
  for (const [topicId, partitions] of free) {
    const ofTopic = kept.get(topicId) ?? new Map<number, number>();
    for (const partition of partitions) ofTopic.set(partition, epoch);
    kept.set(topicId, ofTopic);
  }
  return kept;
}
