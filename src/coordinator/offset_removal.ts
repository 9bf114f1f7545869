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
import type { Group } from "./group.ts";
import { type CommittedOffset, writeOffset } from "./offsets.ts";
import { answerNow, answerWhenDurable, commitErrorOf, type Token, type Turn } from "./outcome.ts";
import { consumerProtocolType } from "./subscription.ts";

/** Decides an OffsetDelete. Unknown topics are the caller's to refuse. */
export function deleteOffsets(
  turn: Turn,
  { request, token }: { request: OffsetDeleteRequest; token: Token },
): void {
  const { groupId } = request;
  const group = turn.groups.get(groupId);
  const errorCode = deleteError(group, groupId);
  if (errorCode !== ErrorCode.NONE) {
    answerNow(turn, token, { errorCode, throttleTimeMs: 0, topics: [] });
    return;
  }
  const committed = turn.offsets.ofGroup(groupId);
  const topics = request.topics.map(({ name, partitions }) => {
    const subscribed = group !== undefined && isSubscribedTo(group, name);
    for (const { partitionIndex: partition } of partitions) {
      if (subscribed || !committed.get(name)?.has(partition)) continue;
      writeOffset(turn, { key: { group: groupId, topic: name, partition }, value: null });
    }
    const errorCode = subscribed ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE;
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    };
  });
  answerWhenDurable(turn, {
    token,
    response: { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics },
    failed: (appendError): OffsetDeleteResponse => ({
      errorCode: commitErrorOf(appendError),
      throttleTimeMs: 0,
      topics: [],
    }),
  });
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

/** Removes what has expired of the group's offsets. Returns how many offsets were looked at. */
export function expireOffsets(turn: Turn, group: Group): number {
  const { groupId } = group;
  const baseMsOf = expiryBaseOf(group);
  if (baseMsOf === undefined) return 0;
  const { offsetsRetentionMs } = turn.config;
  let looked = 0;
  let expired = 0;
  for (const [topic, partitions] of [...turn.offsets.ofGroup(groupId)]) {
    for (const [partition, offset] of [...partitions]) {
      looked++;
      const baseMs = baseMsOf(topic, offset);
      if (baseMs === undefined) continue;
      const { expireTimestamp } = offset;
      const isExpired = expireTimestamp < 0
        ? subtractInt64(turn.nowMs, baseMs) >= offsetsRetentionMs
        : turn.nowMs >= expireTimestamp;
      if (!isExpired) continue;
      writeOffset(turn, { key: { group: groupId, topic, partition }, value: null });
      expired++;
    }
  }
  if (expired > 0) {
    turn.notes.push({ message: "offsets expired", fields: { group: groupId, offsets: expired } });
  }
  return looked;
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

/** Removes every offset committed for `topics`: they were deleted. */
export function removeOffsetsOfTopics(turn: Turn, topics: Iterable<string>): void {
  const names = [...topics];
  for (const groupId of turn.groups.keys()) {
    const committed = turn.offsets.ofGroup(groupId);
    for (const topic of names) {
      for (const partition of [...committed.get(topic)?.keys() ?? []]) {
        writeOffset(turn, { key: { group: groupId, topic, partition }, value: null });
      }
    }
  }
}
