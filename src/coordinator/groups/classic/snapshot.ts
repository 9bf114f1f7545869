// The part of a group that survives a restart, as GroupMetadataValue keeps it, and the way back.
//
//   Group ──recordOf──> record ──log──> adoptSnapshot: into the same group, or into a new one
//
// What a snapshot does not say stays with the members that it names: their requests that wait,
// their sessions, their other protocols. It keeps of each member the metadata of the selected
// protocol only, so a group read from the log knows one protocol per member until they rejoin.
// States are not kept, but can be told:
//
//   members   leader   state
//   none      -        Empty
//   some      one      Stable: the leader's SyncGroup wrote the record
//   some      null     PreparingRebalance: a consumer group that changed its protocol, whose
//                      members have nothing that one of them has assigned

import { bytesEqual } from "../../../base/bytes.ts";
import type { Int64 } from "../../../base/int64.ts";
import type { MessageOf } from "../../../protocol/mod.ts";
import {
  addMember,
  type ClassicGroup,
  type ClassicGroupState,
  type Member,
  type MemberDetails,
  metadataOf,
  newMember,
} from "./group.ts";
import type { GroupCoordinatorRecord } from "../record_kinds.ts";
import type { GroupMetadataValue } from "./records.ts";
import { subscribedTopics } from "./subscription.ts";

/** A group as its record keeps it; currentStateTimestamp is -1 when unknown. */
export type GroupSnapshot = MessageOf<typeof GroupMetadataValue>;
type MemberSnapshot = GroupSnapshot["members"][number];

/** The record of a group. */
export function groupRecord(groupId: string, value: GroupSnapshot | null): GroupCoordinatorRecord {
  return { type: "GroupMetadata", key: { group: groupId }, value };
}

/** `group` as its record keeps it, in a state since `sinceMs`; -1 when that is unknown. */
export function snapshotOf(group: ClassicGroup, sinceMs: Int64): GroupSnapshot {
  return {
    protocolType: group.protocolType ?? "",
    generation: group.generationId,
    protocol: group.protocolName ?? null,
    leader: group.leaderId ?? null,
    currentStateTimestamp: sinceMs,
    members: [...group.members.values()].map((member) => memberSnapshot(group, member)),
  };
}

/** A member as the record of `group` keeps it. */
export function memberSnapshot(
  { protocolName }: ClassicGroup,
  member: MemberDetails & Pick<Member, "assignment">,
): MemberSnapshot {
  return {
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: metadataOf(member, protocolName),
    assignment: member.assignment,
  };
}

/** Makes `group` what `snapshot` says. Sessions of members that are new to it are not started. */
export function adoptSnapshot(group: ClassicGroup, snapshot: GroupSnapshot): void {
  const since = snapshot.currentStateTimestamp;
  const known = new Map(group.members);
  group.isStored = true;
  group.stateSinceMs = since < 0 ? undefined : since;
  group.generationId = snapshot.generation;
  group.protocolName = snapshot.protocol ?? undefined;
  group.protocolType = snapshot.protocolType === "" ? undefined : snapshot.protocolType;
  group.members.clear();
  group.staticMembers.clear();
  group.protocolCounts.clear();
  group.leaderId = undefined;
  for (const each of snapshot.members) {
    const former = known.get(each.memberId);
    const member = former !== undefined && saysTheSame(former, { member: each, snapshot })
      ? former
      : memberOfSnapshot(group.groupId, { member: each, snapshot });
    member.assignment = each.assignment.slice();
    addMember(group, member, snapshot.protocolType);
  }
  group.state = stateOf(snapshot);
  // A leader that is no member would leave the group without one.
  if (group.members.has(snapshot.leader ?? "")) group.leaderId = snapshot.leader ?? undefined;
  group.subscribedTopics = subscribedTopics(group);
}

function stateOf({ members, leader }: GroupSnapshot): ClassicGroupState {
  if (members.length === 0) return "Empty";
  return leader === null ? "PreparingRebalance" : "Stable";
}

/** A member's part of a snapshot, within it. */
interface Kept {
  readonly member: MemberSnapshot;
  readonly snapshot: GroupSnapshot;
}

/** Whether a snapshot says of `member` what it says itself: always so for one made of the group. */
function saysTheSame({ protocols, ...member }: Member, { member: kept, snapshot }: Kept): boolean {
  return member.groupInstanceId === kept.groupInstanceId &&
    member.clientId === kept.clientId && member.clientHost === kept.clientHost &&
    member.sessionTimeoutMs === kept.sessionTimeout &&
    member.rebalanceTimeoutMs === kept.rebalanceTimeout &&
    protocols.some(({ name, metadata }) =>
      name === snapshot.protocol && bytesEqual(metadata, kept.subscription)
    );
}

function memberOfSnapshot(groupId: string, { member, snapshot }: Kept): Member {
  const { sessionTimeout, rebalanceTimeout } = member;
  const made = newMember(groupId, {
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    sessionTimeoutMs: sessionTimeout,
    rebalanceTimeoutMs: rebalanceTimeout < 0 ? sessionTimeout : rebalanceTimeout,
    protocols: [{ name: snapshot.protocol ?? "", metadata: member.subscription.slice() }],
  });
  made.isNew = false;
  return made;
}
