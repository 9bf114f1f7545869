// Consumer groups where all kinds of group are alike: offsets, lists, deletion, expiry.
//
//   member epoch   commit                                      read
//   < 0, no id     stored in an Empty group, and in any by a   answered
//                  producer that does not say for whom
//   the member's   stored                                      answered
//   an older one   stored where the member has had the         STALE_MEMBER_EPOCH
//                  partition since then (KIP-1251);
//                  STALE_MEMBER_EPOCH otherwise
//   a newer one    STALE_MEMBER_EPOCH                          STALE_MEMBER_EPOCH
//
// A member that speaks the classic protocol is told ILLEGAL_GENERATION instead. Offsets of topics
// that nobody subscribes to expire from their commit on, in an empty group all of them do.

import { assert } from "../../../base/assert.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { AlarmOwner } from "../clockwork.ts";
import {
  type ExpiryBase,
  type GroupKind,
  memberOverheadBytes,
  type OffsetsClient,
} from "../group_kind.ts";
import { assignedKind, committingMember } from "../modern/assigned_kind.ts";
import { eachPartition } from "../modern/assignment.ts";
import { MemberState } from "../modern/reconcile.ts";
import { setAlarm } from "../modern/timers.ts";
import type { Turn } from "../turn.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  ownerOf,
  stateOf,
  subscribedTopicNames,
} from "./group.ts";
import { decideFence } from "./membership.ts";
import { watchRevocation } from "./settling.ts";
import { applyConsumerRecord, groupTombstones } from "./stored.ts";

export const consumerKind: GroupKind<"consumer"> = {
  ...assignedKind,
  type: "consumer",
  apply: applyConsumerRecord,
  onLoaded,
  onAlarm,
  memberBytes,
  assertConsistent,
  state: stateOf,
  protocolType: () => "consumer",
  isUnused: assignedKind.isEmpty,
  end: groupTombstones,
  commitError,
  fetchError,
  deleteOffsetsError: () => ErrorCode.NONE,
  isSubscribedTo: (group, topic) => subscribedTo(group).has(topic),
  expiryBase,
};

function memberBytes({ members }: ConsumerGroup): number {
  let bytes = 0;
  for (const member of members.values()) {
    const { memberId, instanceId, rackId, clientId, subscribedTopicRegex, classic } = member;
    const texts = [memberId, instanceId, rackId, clientId, subscribedTopicRegex];
    bytes += memberOverheadBytes;
    for (const text of [...texts, ...member.subscribedTopicNames]) bytes += text?.length ?? 0;
    for (const { metadata } of classic?.supportedProtocols ?? []) bytes += metadata.length;
  }
  return bytes;
}

function subscribedTo({ members, regexes }: ConsumerGroup): ReadonlySet<string> {
  return subscribedTopicNames(members.values(), regexes);
}

/** Its members get a fresh session each. */
function onLoaded(turn: Turn, group: ConsumerGroup): void {
  const { groupId } = group;
  const { sessionTimeoutMs } = turn.config.consumer().settingsOf(groupId);
  for (const { memberId, classic } of group.members.values()) {
    const afterMs = classic?.sessionTimeoutMs ?? sessionTimeoutMs;
    setAlarm(turn, group.timers, { member: { groupId, memberId }, kind: "session", afterMs });
    watchRevocation(turn, group, memberId);
  }
}

/** To take a member out needs records: it is the next decision. */
function onAlarm(turn: Turn, { groupId }: ConsumerGroup, { kind, memberId }: AlarmOwner): void {
  if (kind === "pending") return;
  const reasons = {
    session: "its session timed out",
    rebalance: "it did not give up its partitions in time",
    join: "it did not rejoin in time",
    sync: "it sent no SyncGroup in time",
  };
  const isOver = ({ state, classic }: ConsumerMember): boolean => {
    if (kind === "rebalance") return state === MemberState.UNREVOKED_PARTITIONS;
    return kind === "session" || classic !== null;
  };
  const reason = reasons[kind];
  turn.then.push((view) => decideFence(view, groupId, { memberId, kind, reason, isOver }));
}

function commitError(group: ConsumerGroup, client: OffsetsClient): ErrorCode {
  const member = committingMember(group, client, {
    knowsEpochs: ({ classic }) => classic === null,
  });
  if (typeof member === "number") return member;
  const { generationIdOrMemberEpoch: epoch, topics } = client;
  const errorCode = epochError(member, epoch);
  if (errorCode !== ErrorCode.STALE_MEMBER_EPOCH || epoch > member.memberEpoch) return errorCode;
  return topics !== undefined && hasHadSince(member, { epoch, topics })
    ? ErrorCode.NONE
    : errorCode;
}

function epochError({ memberEpoch, classic }: ConsumerMember, epoch: number): ErrorCode {
  if (epoch === memberEpoch) return ErrorCode.NONE;
  return classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION;
}

/**
 * Whether the member has had all of these partitions since `epoch`, so that no other could read.
 */
function hasHadSince(
  { assigned, revoking }: ConsumerMember,
  { epoch, topics }: { epoch: number; topics: NonNullable<OffsetsClient["topics"]> },
): boolean {
  return topics.every(({ topicId, partitions }) =>
    partitions.every((partition) => {
      const since = assigned.get(topicId)?.get(partition) ??
        revoking.get(topicId)?.get(partition);
      return since !== undefined && since <= epoch;
    })
  );
}

function fetchError(group: ConsumerGroup, client: OffsetsClient): ErrorCode {
  const { memberId, generationIdOrMemberEpoch: epoch } = client;
  // Tools, and clients of versions that do not say who they are.
  if (memberId === null && epoch < 0) return ErrorCode.NONE;
  const member = group.members.get(memberId ?? "");
  return member === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : epochError(member, epoch);
}

function expiryBase(group: ConsumerGroup): ExpiryBase {
  const subscribed = subscribedTo(group);
  return (topic, offset) => subscribed.has(topic) ? undefined : offset.commitTimestamp;
}

function assertConsistent(group: ConsumerGroup): void {
  const { members, staticMembers, owners } = group;
  assert(group.assignmentEpoch <= group.groupEpoch, "the target is ahead of the group");
  let owned = 0;
  for (const member of members.values()) {
    assert(member.memberEpoch <= group.groupEpoch, "a member is ahead of the group");
    for (const partitions of [member.assigned, member.revoking]) {
      for (const [topicId, partition] of eachPartition(partitions)) {
        owned++;
        const owner = ownerOf(group, topicId, partition);
        assert(owner === member.memberId, "a partition is not its owner's alone");
      }
    }
    if (member.instanceId === null) continue;
    assert(staticMembers.get(member.instanceId) === member.memberId, "an instance is misplaced");
  }
  for (const ofTopic of owners.values()) owned -= ofTopic.size;
  assert(owned === 0, "a partition has an owner that does not have it");
  for (const memberId of staticMembers.values()) {
    assert(members.has(memberId), "an instance id names no member");
  }
  for (const memberId of group.targets.keys()) {
    assert(members.has(memberId), "a target is nobody's");
  }
}
