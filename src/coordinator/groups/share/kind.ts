// Share groups where all kinds of group are alike: lists, deletion, sessions.
//
// They have no committed offsets: who commits some finds no such group. One without members does
// not go by itself, since the share coordinator keeps what it has done.

import { assert } from "../../../base/assert.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { type GroupKind, memberOverheadBytes } from "../group_kind.ts";
import { assignedKind } from "../modern/assigned_kind.ts";
import { setAlarm } from "../modern/timers.ts";
import type { GroupTopics } from "../modern/topics.ts";
import type { Turn } from "../turn.ts";
import { type ShareGroup, shareStateOf } from "./group.ts";
import { decideFence } from "./membership.ts";
import { initializingPartitions, withoutTopics } from "./states.ts";
import {
  applyShareRecord,
  groupTombstones,
  type ShareGroupRecord,
  statesRecord,
} from "./stored.ts";

export const shareKind: GroupKind<"share"> = {
  ...assignedKind,
  type: "share",
  apply: applyShareRecord,
  onLoaded,
  // To take a member out needs records: it is the next decision.
  onAlarm: (turn, { groupId }, { memberId }) =>
    void turn.then.push((view) => decideFence(view, groupId, memberId)),
  memberBytes,
  assertConsistent,
  state: shareStateOf,
  protocolType: () => "share",
  isUnused: () => false,
  end: groupTombstones,
  commitError: () => ErrorCode.GROUP_ID_NOT_FOUND,
  // Tools ask for offsets whatever the group, and find none.
  fetchError: () => ErrorCode.NONE,
  deleteOffsetsError: () => ErrorCode.GROUP_ID_NOT_FOUND,
  isSubscribedTo: ({ members }, topic) =>
    [...members.values()].some(({ subscribedTopicNames }) => subscribedTopicNames.includes(topic)),
  expiryBase: () => undefined,
  onTopicsDeleted,
};

/** What the share coordinator keeps of a topic goes with it. */
function onTopicsDeleted({ groupId, states }: ShareGroup, topics: GroupTopics): ShareGroupRecord[] {
  const left = withoutTopics(states, (topicId) => topics.byId(topicId) !== undefined);
  return left === states ? [] : [statesRecord(groupId, left)];
}

function memberBytes({ members }: ShareGroup): number {
  let bytes = 0;
  for (const { memberId, rackId, clientId, subscribedTopicNames } of members.values()) {
    bytes += memberOverheadBytes;
    for (const text of [memberId, rackId, clientId, ...subscribedTopicNames]) {
      bytes += text?.length ?? 0;
    }
  }
  return bytes;
}

/** Its members get a fresh session each; what was being begun is asked for again. */
function onLoaded(turn: Turn, group: ShareGroup): void {
  const { groupId, groupEpoch: stateEpoch } = group;
  const { sessionTimeoutMs: afterMs } = turn.config.share().settingsOf(groupId);
  for (const memberId of group.members.keys()) {
    setAlarm(turn, group.timers, { member: { groupId, memberId }, kind: "session", afterMs });
  }
  const topics = initializingPartitions(group.states);
  if (topics.length > 0) turn.statesWanted.push({ groupId, stateEpoch, topics });
}

function assertConsistent({ groupEpoch, assignmentEpoch, members, targets, states }: ShareGroup) {
  assert(assignmentEpoch <= groupEpoch, "the target is ahead of the group");
  for (const { memberEpoch } of members.values()) {
    assert(memberEpoch <= groupEpoch, "a member is ahead of the group");
  }
  for (const memberId of targets.keys()) assert(members.has(memberId), "a target is nobody's");
  for (const [topicId, { partitions }] of states.initializing) {
    const known = states.initialized.get(topicId)?.partitions;
    for (const partition of partitions) {
      assert(!known?.has(partition), "a state is begun that is kept already");
    }
  }
}
