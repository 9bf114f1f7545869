// What follows from what a member said: its records, the group's epoch, targets, and the member's
// next step. The same for both protocols.
//
//   1. the member changed              its record
//   2. subscriptions or topics did     group epoch + 1
//   3. group epoch > assignment epoch  new targets, unless the last ones are younger than
//                                      the assignment interval (KIP-1263)
//   4. the member is not at its target a step towards it (modern/reconcile.ts)
//
// Invariant: nothing is changed here; the records say it all.

import { bytesEqual } from "../../../base/bytes.ts";
import type { Int64 } from "../../../base/int64.ts";
import type { Assignment, TopicPartitions } from "../modern/assignment.ts";
import { reconcile, reconciledEqual } from "../modern/reconcile.ts";
import {
  assignorOf,
  changedTargets,
  computeTarget,
  isTargetDue,
  targetOf,
} from "../modern/target_assignment.ts";
import { subscriptionHash } from "../modern/topics.ts";
import type { View } from "../turn.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  ownerOf,
  preferredAssignor,
  type ResolvedRegex,
  subscribedTopicNames,
  targetOfMember,
  topicNamesOf,
} from "./group.ts";
import { areRegexesDue, refreshRegexes } from "./regexes.ts";
import {
  type ConsumerGroupRecord,
  currentRecord,
  epochRecord,
  memberRecord,
  memberTombstones,
  targetEpochRecord,
  targetRecord,
} from "./stored.ts";

/** A member that has said something. */
export interface Said {
  /** As it was; undefined for one that is new. */
  readonly former: ConsumerMember | undefined;
  /** With what it said. */
  readonly member: ConsumerMember;
  /** The static member whose place it takes; undefined for none. */
  readonly replaced: ConsumerMember | undefined;
  /** What it says that it has; null when that did not change. */
  readonly owned: readonly TopicPartitions[] | null;
  /** Whether it may know of a topic; absent: of every one. */
  readonly mayDescribe?: (topic: string) => boolean;
}

export interface Advance {
  readonly records: readonly ConsumerGroupRecord[];
  readonly member: ConsumerMember;
  readonly groupEpoch: number;
  /** Whether the topics were compared with those of the group's hash. */
  readonly hasLookedAtTopics: boolean;
}

/** Decides what follows. */
export function advance(view: View, group: ConsumerGroup, said: Said): Advance {
  const { groupId } = group;
  const records: ConsumerGroupRecord[] = [];
  const { memberId } = said.member;
  if (said.replaced !== undefined) {
    records.push(...memberTombstones(groupId, said.replaced.memberId));
  }
  const hasSaidNew = said.former === undefined || !saysTheSame(said.former, said.member);
  if (hasSaidNew) records.push(memberRecord(groupId, said.member));
  if (said.replaced !== undefined) {
    const target = targetOfMember(group, said.replaced.memberId);
    records.push(targetRecord(groupId, { memberId, target }));
  }
  const bump = decideEpoch(view, group, said);
  records.push(...bump.records);
  const targets = decideTargets(view, group, { said, ...bump });
  records.push(...targets.records);
  const member = reconcile(said.member, {
    targetEpoch: targets.epoch,
    target: targets.target,
    isTaken(topicId, partition) {
      const owner = ownerOf(group, topicId, partition);
      return owner !== undefined && owner !== memberId && owner !== said.replaced?.memberId;
    },
    owned: said.owned,
  });
  if (said.former === undefined || !reconciledEqual(member, said.member)) {
    records.push(currentRecord(groupId, member));
  }
  const { groupEpoch, hasLookedAtTopics } = bump;
  return { records, member, groupEpoch, hasLookedAtTopics };
}

/** The members once `said` is stored, each in its place: the order counts for assignors. */
function* membersAfter(
  { members }: ConsumerGroup,
  { member, replaced }: Said,
): Generator<ConsumerMember> {
  const place = replaced?.memberId ?? member.memberId;
  for (const [memberId, each] of members) yield memberId === place ? member : each;
  if (!members.has(place)) yield member;
}

interface Bump {
  readonly records: readonly ConsumerGroupRecord[];
  readonly groupEpoch: number;
  /** What each expression stands for, after the records. */
  readonly regexes: ReadonlyMap<string, ResolvedRegex>;
  readonly hasLookedAtTopics: boolean;
}

function decideEpoch(view: View, group: ConsumerGroup, said: Said): Bump {
  const { groupEpoch, regexes } = group;
  const { subscribedTopicRegex } = said.member;
  const before = said.former ?? said.replaced;
  const hasOtherTopics = before === undefined || !subscribesTheSame(before, said.member);
  const isDue = hasOtherTopics || areRegexesDue(view, group, subscribedTopicRegex);
  if (!isDue && group.topicsVersion === view.topics.version) {
    return { records: [], groupEpoch, regexes, hasLookedAtTopics: false };
  }
  const members = [...membersAfter(group, said)];
  const refreshed = refreshRegexes(view, group, { members, mayDescribe: said.mayDescribe });
  const names = subscribedTopicNames(members, refreshed.regexes);
  const metadataHash = subscriptionHash(view.topics, names);
  const mustBump = hasOtherTopics || refreshed.hasChanged || metadataHash !== group.metadataHash;
  return {
    records: [
      ...refreshed.records,
      ...(mustBump ? [epochRecord(group.groupId, { epoch: groupEpoch + 1, metadataHash })] : []),
    ],
    groupEpoch: mustBump ? groupEpoch + 1 : groupEpoch,
    regexes: refreshed.regexes,
    hasLookedAtTopics: true,
  };
}

interface Targets {
  readonly records: readonly ConsumerGroupRecord[];
  readonly epoch: number;
  /** What the member is to have. */
  readonly target: Assignment;
}

function decideTargets(
  view: View,
  group: ConsumerGroup,
  { said, groupEpoch, regexes }: Pick<Bump, "groupEpoch" | "regexes"> & { said: Said },
): Targets {
  const { memberId } = said.member;
  const formerly = (id: string): Assignment =>
    targetOfMember(group, id === memberId && said.replaced ? said.replaced.memberId : id);
  const { groupId } = group;
  const { assignmentIntervalMs } = view.config.consumer().settingsOf(groupId);
  if (
    groupEpoch <= group.assignmentEpoch || !isTargetDue(view.nowMs, group, assignmentIntervalMs)
  ) {
    return { records: [], epoch: group.assignmentEpoch, target: formerly(memberId) };
  }
  const members = [...membersAfter(group, said)];
  const { assignors: allowed } = view.config.consumer();
  const preferred = preferredAssignor(members);
  const name = preferred !== undefined && allowed.includes(preferred) ? preferred : allowed[0];
  const target = computeTarget({
    members: members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicNames: topicNamesOf(member, regexes),
      held: member.assigned,
    })),
    topics: view.topics,
    assignor: assignorOf(name),
    formerly,
  });
  const records: ConsumerGroupRecord[] = [];
  for (const [id, each] of changedTargets(target, (id) => group.targets.get(id))) {
    records.push(targetRecord(groupId, { memberId: id, target: each }));
  }
  records.push(targetEpochRecord(groupId, { epoch: groupEpoch, timestampMs: view.nowMs as Int64 }));
  return { records, epoch: groupEpoch, target: targetOf(target, memberId) };
}

/** Whether the member's record would say the same. */
function saysTheSame(a: ConsumerMember, b: ConsumerMember): boolean {
  return subscribesTheSame(a, b) && a.instanceId === b.instanceId && a.rackId === b.rackId &&
    a.clientId === b.clientId && a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs && a.serverAssignor === b.serverAssignor &&
    classicEqual(a.classic, b.classic);
}

function subscribesTheSame(a: ConsumerMember, b: ConsumerMember): boolean {
  if (a.subscribedTopicRegex !== b.subscribedTopicRegex) return false;
  if (a.subscribedTopicNames === b.subscribedTopicNames) return true;
  const names = new Set(a.subscribedTopicNames);
  const others = new Set(b.subscribedTopicNames);
  return names.size === others.size && [...others].every((name) => names.has(name));
}

function classicEqual(a: ConsumerMember["classic"], b: ConsumerMember["classic"]): boolean {
  if (a === null || b === null) return a === b;
  return a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.supportedProtocols.length === b.supportedProtocols.length &&
    a.supportedProtocols.every(({ name, metadata }, i) => {
      const other = b.supportedProtocols[i];
      return other?.name === name && bytesEqual(other.metadata, metadata);
    });
}
