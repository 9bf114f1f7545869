// OffsetCommit: a group stores how far it has read.
//
//   generation   group state          member known  result
//   < 0          Empty, or no group   (none said)   stored: a consumer without membership
//   any          Completing           yes           REBALANCE_IN_PROGRESS: it must sync first
//   any          others               yes           stored, if the generation is the group's
//   any          any                  no            UNKNOWN_MEMBER_ID
//   >= 0         no group             -             ILLEGAL_GENERATION (v9: GROUP_ID_NOT_FOUND)
//
// A commit while the group prepares to rebalance is welcome: members commit before they rejoin.
// It also keeps the member's session alive. An error concerns every partition of the request,
// except metadata past offset.metadata.max.bytes, which concerns its own.

import { ErrorCode } from "../protocol/errors.ts";
import type { OffsetCommitRequest, OffsetCommitResponse } from "../protocol/mod.ts";
import type { Uuid } from "../base/ids.ts";
import { addInt64 } from "../base/int64.ts";
import { type Group, memberError, newGroup, touchSession } from "./group.ts";
import { type CommittedOffset, writeOffset } from "./offsets.ts";
import { answerNow, answerWhenDurable, commitErrorOf, type Token, type Turn } from "./outcome.ts";

export interface CommitInput {
  readonly request: OffsetCommitRequest;
  readonly apiVersion: number;
  readonly token: Token;
}

type CommittedPartition = OffsetCommitRequest["topics"][number]["partitions"][number];

/** Decides an OffsetCommit. The caller has named topics by their ids, and refused unknown ones. */
export function commitOffsets(turn: Turn, input: CommitInput): void {
  const { request, token } = input;
  const errorCode = commitError(turn, input);
  if (errorCode !== ErrorCode.NONE) {
    answerNow(turn, token, commitResponse(request, () => errorCode));
    return;
  }
  let group = turn.groups.get(request.groupId);
  if (group === undefined) {
    group = newGroup(request.groupId, turn.nowMs);
    turn.groups.set(group.groupId, group);
  }
  const member = group.members.get(request.memberId);
  if (member !== undefined) touchSession(turn, member);
  const { offsetMetadataBytesMax } = turn.config;
  const fits = ({ committedMetadata }: CommittedPartition): boolean =>
    (committedMetadata ?? "").length <= offsetMetadataBytesMax;
  let written = 0;
  for (const { name, topicId, partitions } of request.topics) {
    for (const partition of partitions) {
      if (!fits(partition)) continue;
      const value = committedOffset(turn, { request, partition, topicId });
      const key = { group: group.groupId, topic: name, partition: partition.partitionIndex };
      writeOffset(turn, { key, value });
      written++;
    }
  }
  const errorCodeOf = (partition: CommittedPartition): ErrorCode =>
    fits(partition) ? ErrorCode.NONE : ErrorCode.OFFSET_METADATA_TOO_LARGE;
  const response = commitResponse(request, errorCodeOf);
  if (written === 0) return answerNow(turn, token, response);
  answerWhenDurable(turn, {
    token,
    response,
    failed: (appendError) =>
      commitResponse(request, (partition) => {
        return fits(partition) ? commitErrorOf(appendError) : errorCodeOf(partition);
      }),
  });
}

function commitError(turn: Turn, { request, apiVersion }: CommitInput): ErrorCode {
  const { groupId, generationIdOrMemberEpoch: generationId } = request;
  const group = turn.groups.get(groupId);
  if (group === undefined) {
    if (generationId < 0) return ErrorCode.NONE;
    return apiVersion >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
  }
  return commitErrorIn(group, request);
}

function commitErrorIn(group: Group, request: OffsetCommitRequest): ErrorCode {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request;
  if (generationId < 0 && group.state === "Empty") return ErrorCode.NONE;
  if (generationId < 0 && memberId === "" && groupInstanceId === null) {
    return ErrorCode.UNKNOWN_MEMBER_ID;
  }
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  return group.state === "CompletingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

function committedOffset(
  turn: Turn,
  { request, partition, topicId }: {
    request: OffsetCommitRequest;
    partition: CommittedPartition;
    topicId: Uuid;
  },
): CommittedOffset {
  const { retentionTimeMs } = request;
  const { commitTimestamp } = partition;
  return {
    offset: partition.committedOffset,
    leaderEpoch: partition.committedLeaderEpoch,
    metadata: partition.committedMetadata ?? "",
    commitTimestamp: commitTimestamp < 0 ? turn.nowMs : commitTimestamp,
    expireTimestamp: retentionTimeMs < 0 ? -1 : addInt64(turn.nowMs, retentionTimeMs),
    topicId,
  };
}

/** A response with the same topics and partitions, each with its error code. */
export function commitResponse(
  request: OffsetCommitRequest,
  errorCodeOf: (partition: CommittedPartition) => ErrorCode,
): OffsetCommitResponse {
  return {
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map((partition) => ({
        partitionIndex: partition.partitionIndex,
        errorCode: errorCodeOf(partition),
      })),
    })),
  };
}
