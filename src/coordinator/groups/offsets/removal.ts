// How committed offsets go: OffsetDelete (KIP-496), expiry (KIP-211), deletion of their topic.
//
// When they expire is for the kind of group to say (GroupKind.expiryBase).
// An offset with an expiry of its own (OffsetCommit 2-4) obeys that instead of the retention time.
// One that an open transaction may replace does not expire; OffsetDelete takes out both.
// All of it is tombstones, written like any change of an offset.

import { subtractInt64 } from "../../../base/int64.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { OffsetDeleteRequest, OffsetDeleteResponse } from "../../../protocol/mod.ts";
import { commitErrorOf } from "../../append_errors.ts";
import type { Group } from "../group.ts";
import { kindOf } from "../group_kinds.ts";
import type { At } from "../../machine.ts";
import type { OffsetCommitRecord } from "./records.ts";
import { offsetRecord, tombstonesOf } from "./offset_table.ts";
import { answering, answerNow, answerWhenDurable, type Plan, type View } from "../turn.ts";

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
    const subscribed = group !== undefined && kindOf(group).isSubscribedTo(group, name);
    for (const { partitionIndex: partition } of partitions) {
      const key = { group: groupId, topic: name, partition };
      const isKnown = committed.get(name)?.has(partition) || view.offsets.pending.has(key);
      if (!subscribed && isKnown) records.push(offsetRecord(key, null));
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

function deleteError(group: Group | undefined, groupId: string): ErrorCode {
  if (groupId === "") return ErrorCode.INVALID_GROUP_ID;
  return group === undefined
    ? ErrorCode.GROUP_ID_NOT_FOUND
    : kindOf(group).deleteOffsetsError(group);
}

/** What has expired of the group's offsets, as tombstones, and how many offsets there were. */
export function expiredOffsets(
  view: View,
  group: Group,
): { readonly tombstones: OffsetCommitRecord[]; readonly looked: number } {
  const { groupId } = group;
  const tombstones: OffsetCommitRecord[] = [];
  const baseMsOf = kindOf(group).expiryBase(group);
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
      const key = { group: groupId, topic, partition };
      if (isExpired && !view.offsets.pending.has(key)) tombstones.push(offsetRecord(key, null));
    }
  }
  return { tombstones, looked };
}

/** Decides that every offset committed for `topics` goes: they were deleted. */
export function decideTopicsDeleted(view: View, topics: readonly string[]): Plan {
  const records = [...view.groups.values()].flatMap((group) => [
    ...tombstonesOf(view.offsets, group.groupId, topics),
    ...kindOf(group).onTopicsDeleted?.(group, view.topics) ?? [],
  ]);
  return { records, settle: () => {}, refuse: () => {} };
}
