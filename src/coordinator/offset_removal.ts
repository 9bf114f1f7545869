// How committed offsets go: OffsetDelete (KIP-496), expiry (KIP-211), deletion of their topic.
//
//   group                     expires                          counted from
//   Empty, had members        all its offsets                  when it became empty
//   Stable consumers          those of topics that nobody      the commit
//                             in it subscribes to
//   never had members         all its offsets                  the commit
//   any other                 nothing                          -
//
// An offset with an expiry of its own (OffsetCommit 2-4) obeys that instead of the retention time.
// All of it is tombstones, written like any change of an offset.

import { type Int64, subtractInt64 } from "../base/int64.ts";
import { ErrorCode } from "../protocol/errors.ts";
import type { OffsetDeleteRequest, OffsetDeleteResponse } from "../protocol/mod.ts";
import { commitErrorOf } from "./append_errors.ts";
import type { Group } from "./group.ts";
import type { At } from "./machine.ts";
import { type CommittedOffset, offsetRecord, tombstonesOf } from "./offsets.ts";
import type { OffsetCommitRecord } from "./records.ts";
import { consumerProtocolType } from "./subscription.ts";
import { answering, answerNow, answerWhenDurable, type Plan, type View } from "./turn.ts";

/** Decides an OffsetDelete. Unknown topics are the caller's to refuse. */
export function decideOffsetDeletion(
  view: View,
  request: OffsetDeleteRequest,
  at: At<OffsetDeleteResponse>,
): Plan {
  const { groupId } = request;
  const group = view.groups.get(groupId);
  const errorCode = deleteError(group, groupId);
  const refused = (errorCode: ErrorCode): OffsetDeleteResponse => ({
    errorCode,
    throttleTimeMs: 0,
    topics: [],
  });
  if (errorCode !== ErrorCode.NONE) return answering(at.asked, refused(errorCode));
  const committed = view.offsets.ofGroup(groupId);
  const records: OffsetCommitRecord[] = [];
  const topics = request.topics.map(({ name, partitions }) => {
    const subscribed = group !== undefined && isSubscribedTo(group, name);
    for (const { partitionIndex: partition } of partitions) {
      if (subscribed || !committed.get(name)?.has(partition)) continue;
      records.push(offsetRecord({ group: groupId, topic: name, partition }, null));
    }
    const errorCode = subscribed ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE;
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    };
  });
  return {
    records,
    settle: (turn) =>
      answerWhenDurable(turn, {
        to: at.asked,
        response: { ...refused(ErrorCode.NONE), topics },
        failed: (error) => refused(commitErrorOf(error)),
      }),
    refuse: (turn, error) => answerNow(turn, at.asked, refused(commitErrorOf(error))),
  };
}

/** Only consumers say what they subscribe to; other groups with members keep all their offsets. */
function deleteError(group: Group | undefined, groupId: string): ErrorCode {
  if (groupId === "") return ErrorCode.INVALID_GROUP_ID;
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
  if (group.state === "Empty" || group.protocolType === consumerProtocolType) return ErrorCode.NONE;
  return ErrorCode.NON_EMPTY_GROUP;
}

/** Whether a member may read `topic`. What cannot be told, or not yet, is taken for a yes. */
function isSubscribedTo(group: Group, topic: string): boolean {
  return group.protocolType === consumerProtocolType &&
    group.subscribedTopics?.has(topic) !== false;
}

/** What has expired of the group's offsets, as tombstones, and how many offsets there were. */
export function expiredOffsets(
  view: View,
  group: Group,
): { readonly tombstones: OffsetCommitRecord[]; readonly looked: number } {
  const { groupId } = group;
  const tombstones: OffsetCommitRecord[] = [];
  const baseMsOf = expiryBaseOf(group);
  let looked = 0;
  for (const [topic, partitions] of view.offsets.ofGroup(groupId)) {
    for (const [partition, offset] of partitions) {
      looked++;
      const baseMs = baseMsOf?.(topic, offset);
      if (baseMs === undefined) continue;
      const { expireTimestamp } = offset;
      const isExpired = expireTimestamp < 0
        ? subtractInt64(view.nowMs, baseMs) >= view.config.offsetsRetentionMs
        : view.nowMs >= expireTimestamp;
      if (isExpired) tombstones.push(offsetRecord({ group: groupId, topic, partition }, null));
    }
  }
  return { tombstones, looked };
}

type ExpiryBase = (topic: string, offset: CommittedOffset) => Int64 | undefined;

/** From when on an offset's retention counts; undefined while it cannot expire. */
function expiryBaseOf(group: Group): ExpiryBase | undefined {
  if (group.protocolType === undefined) return (_, offset) => offset.commitTimestamp;
  if (group.state === "Empty") return (_, offset) => group.stateSinceMs ?? offset.commitTimestamp;
  const { subscribedTopics } = group;
  if (group.state !== "Stable" || group.protocolType !== consumerProtocolType) return undefined;
  if (subscribedTopics === undefined) return undefined;
  return (topic, offset) => subscribedTopics.has(topic) ? undefined : offset.commitTimestamp;
}

/** Decides that every offset committed for `topics` goes: they were deleted. */
export function decideTopicsDeleted(view: View, topics: readonly string[]): Plan {
  const records = [...view.groups.keys()].flatMap((
    groupId,
  ) => [...tombstonesOf(view.offsets, groupId, topics)]);
  return { records, settle: () => {}, refuse: () => {} };
}
