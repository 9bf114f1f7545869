// Classic groups where all kinds of group are alike: offsets, lists, deletion, expiry.
//
//   group                     offsets that expire              counted from
//   Empty, had members        all                              when it became empty
//   Stable consumers          those of topics that nobody      the commit
//                             in it subscribes to
//   never had members         all                              the commit
//   any other                 none                             -
//
//   generation   group state   member known   commit
//   < 0          Empty         (none said)    stored: a consumer without membership
//   any          Completing    yes            REBALANCE_IN_PROGRESS: it must sync first
//   any          others        yes            stored, if the generation is the group's
//   any          any           no             UNKNOWN_MEMBER_ID
//
// A commit while the group prepares to rebalance is welcome: members commit before they rejoin. One
// within a transaction needs no membership, and is stored in any state: see TxnOffsetCommit.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { Group } from "../group.ts";
import {
  type ExpiryBase,
  type GroupKind,
  memberOverheadBytes,
  type OffsetsClient,
} from "../group_kind.ts";
import type { GroupCoordinatorRecord, RecordsOfGroups } from "../record_kinds.ts";
import { type ClassicGroup, memberError, newGroup, touchSession } from "./group.ts";
import { assertConsistent } from "./invariants.ts";
import { dissolveGroup, onAlarm, onGroupLoaded } from "./sessions.ts";
import { adoptSnapshot, groupRecord } from "./snapshot.ts";
import { consumerProtocolType } from "./subscription.ts";

export const classicKind: GroupKind<"classic"> = {
  type: "classic",
  apply,
  onLoaded: onGroupLoaded,
  onAlarm,
  dissolve: dissolveGroup,
  memberBytes,
  assertConsistent,
  state: ({ state }) => state,
  protocolType: ({ protocolType }) => protocolType ?? "",
  isEmpty: ({ state }) => state === "Empty",
  // Ids that were handed out keep it for their while.
  isUnused: ({ state, pendingMembers }) => state === "Empty" && pendingMembers.size === 0,
  end,
  commitError,
  fetchError: () => ErrorCode.NONE,
  onCommit(turn, group, memberId) {
    const member = group.members.get(memberId);
    if (member !== undefined) touchSession(turn, member);
  },
  deleteOffsetsError,
  isSubscribedTo: (group, topic) =>
    group.protocolType === consumerProtocolType && group.subscribedTopics?.has(topic) !== false,
  expiryBase,
};

function apply(groups: Map<string, Group>, { key, value }: RecordsOfGroups["classic"]): void {
  if (value !== null) adoptSnapshot(storedGroup(groups, key.group), value);
  else if (groups.get(key.group)?.type === "classic") groups.delete(key.group);
}

/** The classic group of this id, which the log knows. */
function storedGroup(groups: Map<string, Group>, groupId: string): ClassicGroup {
  const known = groups.get(groupId);
  if (known?.type === "classic") return known;
  const group = newGroup(groupId, undefined);
  groups.set(groupId, group);
  return group;
}

function memberBytes({ members, pendingMembers }: ClassicGroup): number {
  let bytes = pendingMembers.size * memberOverheadBytes;
  for (const { memberId, groupInstanceId, clientId, protocols, assignment } of members.values()) {
    bytes += memberOverheadBytes + assignment.length + memberId.length + clientId.length +
      (groupInstanceId?.length ?? 0);
    for (const { name, metadata } of protocols) bytes += name.length + metadata.length;
  }
  return bytes;
}

/** A group that the log does not know, because nobody came back with his id, needs no end. */
function end({ groupId, isStored }: ClassicGroup): GroupCoordinatorRecord[] {
  return isStored ? [groupRecord(groupId, null)] : [];
}

function commitError(group: ClassicGroup, client: OffsetsClient): ErrorCode {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = client;
  const { isTransactional } = client;
  if (generationId < 0 && group.state === "Empty") return ErrorCode.NONE;
  if (generationId < 0 && memberId === "" && groupInstanceId === null) {
    return isTransactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }
  const errorCode = memberError(group, memberId ?? "", groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  const isRefused = group.state === "CompletingRebalance" && !isTransactional;
  return isRefused ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** Only consumers say what they subscribe to; other groups with members keep all their offsets. */
function deleteOffsetsError({ state, protocolType }: ClassicGroup): ErrorCode {
  const isOpen = state === "Empty" || protocolType === consumerProtocolType;
  return isOpen ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
}

function expiryBase(group: ClassicGroup): ExpiryBase | undefined {
  if (group.protocolType === undefined) return (_, offset) => offset.commitTimestamp;
  if (group.state === "Empty") return (_, offset) => group.stateSinceMs ?? offset.commitTimestamp;
  const { subscribedTopics } = group;
  if (group.state !== "Stable" || group.protocolType !== consumerProtocolType) return undefined;
  if (subscribedTopics === undefined) return undefined;
  return (topic, offset) => subscribedTopics.has(topic) ? undefined : offset.commitTimestamp;
}
