// The part of a group that survives a restart, as GroupMetadataValue keeps it, and the way back.
//
// A snapshot keeps of each member the metadata of the selected protocol only, so a group read from
// the log knows one protocol per member until they rejoin. States are not kept: a group with
// members was Stable when its record was written (the leader's SyncGroup writes it), one without
// was Empty.

import type { MessageOf } from "../protocol/mod.ts";
import { addMember, type Group, type Member, metadataOf, newGroup, newMember } from "./group.ts";
import type { CoordinatorRecord, GroupMetadataValue } from "./records.ts";
import { subscribedTopics } from "./subscription.ts";

/** A group as its record keeps it; currentStateTimestamp is -1 when unknown. */
export type GroupSnapshot = MessageOf<typeof GroupMetadataValue>;
type MemberSnapshot = GroupSnapshot["members"][number];

/** The record of `group` as it is now. */
export function groupRecord(group: Group): CoordinatorRecord {
  return { type: "GroupMetadata", key: { group: group.groupId }, value: snapshotOf(group) };
}

function snapshotOf(group: Group): GroupSnapshot {
  return {
    protocolType: group.protocolType ?? "",
    generation: group.generationId,
    protocol: group.protocolName ?? null,
    leader: group.leaderId ?? null,
    currentStateTimestamp: group.stateSinceMs ?? -1,
    members: [...group.members.values()].map((member): MemberSnapshot => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: metadataOf(member, group.protocolName),
      assignment: member.assignment,
    })),
  };
}

/** The group that `snapshot` keeps. Its members' sessions are not started. */
export function groupOfSnapshot(groupId: string, snapshot: GroupSnapshot): Group {
  const since = snapshot.currentStateTimestamp;
  const group = newGroup(groupId, since < 0 ? undefined : since);
  group.generationId = snapshot.generation;
  group.protocolType = snapshot.protocolType === "" ? undefined : snapshot.protocolType;
  group.protocolName = snapshot.protocol ?? undefined;
  for (const member of snapshot.members) {
    addMember(group, memberOfSnapshot(groupId, { member, snapshot }), snapshot.protocolType);
  }
  if (group.members.size > 0) {
    group.state = "Stable";
    // A leader that is no member would leave the group without one.
    if (group.members.has(snapshot.leader ?? "")) group.leaderId = snapshot.leader ?? undefined;
  }
  group.subscribedTopics = subscribedTopics(group);
  return group;
}

function memberOfSnapshot(
  groupId: string,
  { member, snapshot }: { member: MemberSnapshot; snapshot: GroupSnapshot },
): Member {
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
  made.assignment = member.assignment.slice();
  return made;
}
