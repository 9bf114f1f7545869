// Streams groups where all kinds of group are alike: offsets, lists, deletion, expiry.
//
//   member epoch   commit                                        read
//   < 0, no id     stored in an Empty group, and in any by a     answered
//                  producer that does not say for whom
//   the member's   stored                                        answered
//   an older one   stored where the member has had the task      STALE_MEMBER_EPOCH
//                  since then (KIP-1251); STALE_MEMBER_EPOCH
//                  otherwise
//   a newer one    STALE_MEMBER_EPOCH                            STALE_MEMBER_EPOCH
//
// Offsets of topics that the topology does not read expire from their commit on, in an empty group
// all of them do.

import { assert } from "../../../base/assert.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { AlarmOwner } from "../clockwork.ts";
import { type GroupKind, memberOverheadBytes, type OffsetsClient } from "../group_kind.ts";
import { assignedKind, committingMember } from "../modern/assigned_kind.ts";
import { setAlarm } from "../modern/timers.ts";
import type { Turn } from "../turn.ts";
import { delayedMemberId } from "./advance.ts";
import { stateOf, type StreamsGroup, type StreamsMember, taskName } from "./group.ts";
import { decideFence } from "./membership.ts";
import { MemberState } from "./reconcile.ts";
import { decideDelayedTargets, watchRevocation } from "./settling.ts";
import { applyStreamsRecord, groupTombstones } from "./stored.ts";
import { eachTask, roles } from "./tasks.ts";
import { readerOf } from "./topology.ts";

export const streamsKind: GroupKind<"streams"> = {
  ...assignedKind,
  type: "streams",
  apply: applyStreamsRecord,
  onLoaded,
  onAlarm,
  memberBytes,
  assertConsistent,
  state: stateOf,
  protocolType: () => "streams",
  isUnused: assignedKind.isEmpty,
  end: groupTombstones,
  commitError,
  fetchError,
  deleteOffsetsError: () => ErrorCode.NONE,
  isSubscribedTo,
  expiryBase: (group) => (topic, offset) =>
    isSubscribedTo(group, topic) ? undefined : offset.commitTimestamp,
};

function memberBytes({ members, topology }: StreamsGroup): number {
  // The topology is the group's, and as long as what its first member said of it.
  let bytes = topology === undefined ? 0 : JSON.stringify(topology).length;
  for (const member of members.values()) {
    const { memberId, rackId, clientId, processId, userEndpoint, clientTags } = member;
    bytes += memberOverheadBytes;
    const texts = [memberId, rackId, clientId, processId, userEndpoint?.host];
    for (const text of texts) bytes += text?.length ?? 0;
    for (const { key, value } of clientTags) bytes += key.length + value.length;
  }
  return bytes;
}

function isSubscribedTo({ members, topology }: StreamsGroup, topic: string): boolean {
  return members.size > 0 && readerOf(topology, topic) !== undefined;
}

/** Its members get a fresh session each. */
function onLoaded(turn: Turn, group: StreamsGroup): void {
  const { groupId } = group;
  const { sessionTimeoutMs: afterMs } = turn.config.streams().settingsOf(groupId);
  for (const memberId of group.members.keys()) {
    setAlarm(turn, group.timers, { member: { groupId, memberId }, kind: "session", afterMs });
    watchRevocation(turn, group, memberId);
  }
}

/** What time brings needs records: it is the next decision. */
function onAlarm(turn: Turn, { groupId }: StreamsGroup, { kind, memberId }: AlarmOwner): void {
  if (memberId === delayedMemberId) {
    turn.then.push((view) => decideDelayedTargets(view, groupId));
  }
  if (kind !== "session" && kind !== "rebalance") return;
  const reason = kind === "session"
    ? "its session timed out"
    : "it did not give up its tasks in time";
  const isOver = ({ state }: StreamsMember): boolean =>
    kind === "session" || state === MemberState.UNREVOKED_TASKS;
  turn.then.push((view) => decideFence(view, groupId, { memberId, kind, reason, isOver }));
}

function commitError(group: StreamsGroup, client: OffsetsClient): ErrorCode {
  const member = committingMember(group, client, { knowsEpochs: () => true });
  if (typeof member === "number") return member;
  const { generationIdOrMemberEpoch: epoch, topics } = client;
  if (epoch === member.memberEpoch) return ErrorCode.NONE;
  const isLate = epoch < member.memberEpoch && topics !== undefined;
  return isLate && hasHadSince(group, { member, epoch, topics })
    ? ErrorCode.NONE
    : ErrorCode.STALE_MEMBER_EPOCH;
}

/** Whether the member has had the tasks of these partitions since `epoch`. */
function hasHadSince(
  { topology }: StreamsGroup,
  { member: { assigned, revoking }, epoch, topics }: {
    readonly member: StreamsMember;
    readonly epoch: number;
    readonly topics: NonNullable<OffsetsClient["topics"]>;
  },
): boolean {
  return topics.every(({ name, partitions }) => {
    const id = readerOf(topology, name)?.subtopologyId ?? "";
    return partitions.every((partition) => {
      const since = assigned.active.get(id)?.get(partition) ??
        revoking.active.get(id)?.get(partition);
      return since !== undefined && since <= epoch;
    });
  });
}

function fetchError(group: StreamsGroup, client: OffsetsClient): ErrorCode {
  const { memberId, generationIdOrMemberEpoch: epoch } = client;
  // Tools, and clients of versions that do not say who they are.
  if (memberId === null && epoch < 0) return ErrorCode.NONE;
  const member = group.members.get(memberId ?? "");
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  return epoch === member.memberEpoch ? ErrorCode.NONE : ErrorCode.STALE_MEMBER_EPOCH;
}

function assertConsistent({ members, targets, active, processes, ...group }: StreamsGroup): void {
  assert(group.assignmentEpoch <= group.groupEpoch, "the target is ahead of the group");
  const held = new Map<string, Map<string, number>>();
  let activeCount = 0;
  for (const member of members.values()) {
    assert(member.memberEpoch <= group.groupEpoch, "a member is ahead of the group");
    for (const tasks of [member.assigned, member.revoking]) {
      for (const role of roles) {
        for (const [id, partition] of eachTask(tasks[role])) {
          const name = taskName(id, partition);
          const counts = held.get(name) ?? new Map<string, number>();
          const count = (counts.get(member.processId) ?? 0) + 1;
          held.set(name, counts.set(member.processId, count));
          assert(count === 1, "a process has a task twice");
          if (role !== "active") continue;
          activeCount++;
          assert(active.get(name) === member.memberId, "an active task is not one member's alone");
        }
      }
    }
  }
  assert(activeCount === active.size, "a task is active in a member that does not have it");
  assert(held.size === processes.size, "a process has a task that none of its members has");
  for (const [name, counts] of held) {
    assert(counts.size === processes.get(name)?.size, "a task is in other processes than told");
  }
  for (const memberId of targets.keys()) assert(members.has(memberId), "a target is nobody's");
}
