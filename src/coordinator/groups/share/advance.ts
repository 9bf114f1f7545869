// What follows from what a member of a share group said: its records, the group's epoch, targets,
// what the member has, and which partitions are to be initialized.
//
//   1. the member changed                       its record
//   2. subscriptions, topics, or partitions
//      that are initialized did                 group epoch + 1
//   3. group epoch > assignment epoch           new targets, unless the last ones are younger than
//                                               the assignment interval (KIP-1263)
//   4. the member is not at its target          it is
//   5. partitions that nobody keeps state of    their states begin
//
// Invariant: nothing is changed here; the records say it all.

import type { Uuid } from "../../../base/ids.ts";
import type { Int64 } from "../../../base/int64.ts";
import type { Assignment, TopicPartitions } from "../modern/assignment.ts";
import { changedTargets, isTargetDue, targetOf } from "../modern/target_assignment.ts";
import { type GroupTopics, subscriptionHash } from "../modern/topics.ts";
import type { View } from "../turn.ts";
import {
  type ShareGroup,
  type ShareMember,
  subscribedTopicNames,
  targetOfMember,
} from "./group.ts";
import { assignSimple } from "./simple.ts";
import { missingStates, withInitializing } from "./states.ts";
import {
  currentRecord,
  epochRecord,
  memberRecord,
  type ShareGroupRecord,
  statesRecord,
  targetEpochRecord,
  targetRecord,
} from "./stored.ts";

/** A member that has said something. */
export interface Said {
  /** As it was; undefined for one that is new. */
  readonly former: ShareMember | undefined;
  /** With what it said. */
  readonly member: ShareMember;
}

export interface Advance {
  readonly records: readonly ShareGroupRecord[];
  readonly member: ShareMember;
  readonly groupEpoch: number;
  /** Whether topics and states were compared with what the group is assigned. */
  readonly hasLooked: boolean;
  /** Of which partitions the share coordinator is to begin to keep state. */
  readonly begun: readonly TopicPartitions[];
}

/** Decides what follows. */
export function advance(view: View, group: ShareGroup, said: Said): Advance {
  const { groupId } = group;
  const { former } = said;
  const records: ShareGroupRecord[] = [];
  if (former === undefined || !saysTheSame(former, said.member)) {
    records.push(memberRecord(groupId, said.member));
  }
  const hasOtherTopics = former === undefined || !subscribesTheSame(former, said.member);
  const hasLooked = hasOtherTopics || !isCurrent(view, group);
  const look = hasLooked ? lookAround(view, group, { said, hasOtherTopics }) : undefined;
  const groupEpoch = group.groupEpoch + (look?.mustBump === true ? 1 : 0);
  if (look?.mustBump === true) {
    const { metadataHash } = look;
    records.push(epochRecord(groupId, { epoch: groupEpoch, metadataHash }));
  }
  const targets = decideTargets(view, group, { said, groupEpoch });
  records.push(...targets.records);
  const member = atTarget(said.member, targets);
  if (former === undefined || member !== said.member) {
    records.push(currentRecord(groupId, member));
  }
  const begun = look?.begun ?? [];
  if (begun.length > 0) {
    records.push(statesRecord(groupId, withInitializing(group.states, begun, view.topics)));
  }
  return { records, member, groupEpoch, hasLooked, begun };
}

/** Whether members were compared with topics and states as they are. */
function isCurrent({ topics }: View, { lookedAt, states }: ShareGroup): boolean {
  return lookedAt?.topicsVersion === topics.version && lookedAt.states === states;
}

interface Look {
  readonly metadataHash: number;
  readonly mustBump: boolean;
  readonly begun: readonly TopicPartitions[];
}

function lookAround(
  { topics }: View,
  group: ShareGroup,
  { said, hasOtherTopics }: { readonly said: Said; readonly hasOtherTopics: boolean },
): Look {
  const names = subscribedTopicNames(membersAfter(group, said));
  const metadataHash = subscriptionHash(topics, names);
  return {
    metadataHash,
    mustBump: hasOtherTopics || metadataHash !== group.metadataHash ||
      group.lookedAt?.states !== group.states && isAssignmentPending(group, { topics, names }),
    begun: missingStates(group.states, { topics, names, except: group.forgetting }),
  };
}

/**
 * Whether there are partitions that could be assigned, and are not. Asked once of the same states:
 * until targets are due, the epoch that was raised for them stands.
 */
function isAssignmentPending(
  { states, targets }: ShareGroup,
  { topics, names }: { readonly topics: GroupTopics; readonly names: ReadonlySet<string> },
): boolean {
  for (const [topicId, { partitions }] of states.initialized) {
    const topic = topics.byId(topicId);
    if (topic === undefined || !names.has(topic.name)) continue;
    const assigned = new Set<number>();
    for (const target of targets.values()) {
      for (const partition of target.get(topicId) ?? []) assigned.add(partition);
    }
    for (const partition of partitions) if (!assigned.has(partition)) return true;
  }
  return false;
}

/** The members once `said` is stored, each in its place: the order counts for assignors. */
function* membersAfter({ members }: ShareGroup, { member }: Said): Generator<ShareMember> {
  for (const [memberId, each] of members) yield memberId === member.memberId ? member : each;
  if (!members.has(member.memberId)) yield member;
}

interface Targets {
  readonly records: readonly ShareGroupRecord[];
  readonly epoch: number;
  /** What the member is to have. */
  readonly target: Assignment;
}

function decideTargets(
  view: View,
  group: ShareGroup,
  { said, groupEpoch }: { readonly said: Said; readonly groupEpoch: number },
): Targets {
  const { groupId } = group;
  const { memberId } = said.member;
  const { assignmentIntervalMs } = view.config.share().settingsOf(groupId);
  if (
    groupEpoch <= group.assignmentEpoch || !isTargetDue(view.nowMs, group, assignmentIntervalMs)
  ) {
    const target = targetOfMember(group, memberId);
    return { records: [], epoch: group.assignmentEpoch, target };
  }
  const target = computeTarget(view, group, said);
  const records: ShareGroupRecord[] = [];
  for (const [id, each] of changedTargets(target, (id) => group.targets.get(id))) {
    records.push(targetRecord(groupId, { memberId: id, target: each }));
  }
  records.push(targetEpochRecord(groupId, { epoch: groupEpoch, timestampMs: view.nowMs as Int64 }));
  return { records, epoch: groupEpoch, target: targetOf(target, memberId) };
}

/** What each member is to have: partitions that are initialized. */
function computeTarget(
  { topics }: View,
  group: ShareGroup,
  said: Said,
): Map<string, Assignment> {
  const members = [...membersAfter(group, said)].map(({ memberId, subscribedTopicNames }) => {
    const topicIds = new Set<Uuid>();
    for (const name of subscribedTopicNames) {
      const topic = topics.byName(name);
      if (topic !== undefined) topicIds.add(topic.id);
    }
    return { memberId, topicIds, assigned: targetOfMember(group, memberId) };
  });
  const { initialized } = group.states;
  const partitionsOf = (topicId: Uuid) => initialized.get(topicId)?.partitions ?? [];
  return assignSimple({ members, partitionsOf });
}

/** The member with what it is to have; the same one where it has that. */
function atTarget(member: ShareMember, { epoch, target }: Targets): ShareMember {
  if (member.memberEpoch === epoch) return member;
  return {
    ...member,
    memberEpoch: epoch,
    previousMemberEpoch: member.memberEpoch,
    assigned: target,
  };
}

/** Whether the member's record would say the same. */
function saysTheSame(a: ShareMember, b: ShareMember): boolean {
  return subscribesTheSame(a, b) && a.rackId === b.rackId && a.clientId === b.clientId &&
    a.clientHost === b.clientHost;
}

function subscribesTheSame(a: ShareMember, b: ShareMember): boolean {
  if (a.subscribedTopicNames === b.subscribedTopicNames) return true;
  const names = new Set(a.subscribedTopicNames);
  const others = new Set(b.subscribedTopicNames);
  return names.size === others.size && [...others].every((name) => names.has(name));
}
