// OffsetCommit and TxnOffsetCommit: a group stores how far it has read, at once or once a
// transaction has committed.
//
//   group   generation or epoch   result
//   none    < 0                   stored, in a group of its own: a consumer without membership
//   none    >= 0                  ILLEGAL_GENERATION (v9: GROUP_ID_NOT_FOUND)
//   any     any                   as its kind says (GroupKind.commitError)
//
// A commit also keeps its member's session alive. An error concerns every partition of the request,
// except metadata past offset.metadata.max.bytes, which concerns its own.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { OffsetCommitRequest, OffsetCommitResponse } from "../../../protocol/mod.ts";
import type {
  TxnOffsetCommitRequest,
  TxnOffsetCommitResponse,
} from "../../../protocol/apis/28_txn_offset_commit.ts";
import type { Uuid } from "../../../base/ids.ts";
import { addInt64 } from "../../../base/int64.ts";
import { commitErrorOf } from "../../append_errors.ts";
import { kindOf } from "../group_kinds.ts";
import type { At } from "../../machine.ts";
import { type CommittedOffset, offsetRecord } from "./offset_table.ts";
import type { GroupCoordinatorRecord } from "../record_kinds.ts";
import { answering, answerNow, answerWhenDurable, type Plan, type View } from "../turn.ts";

export interface CommitInput {
  readonly request: OffsetCommitRequest;
  readonly apiVersion: number;
}

type CommittedPartition = OffsetCommitRequest["topics"][number]["partitions"][number];

/** Decides an OffsetCommit. The caller has named topics by their ids, and refused unknown ones. */
export function decideCommit(view: View, input: CommitInput, at: At<OffsetCommitResponse>): Plan {
  const { request: { groupId }, apiVersion } = input;
  const unknown = apiVersion >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
  const errorCode = commitError(view, { ...input, unknown });
  const plan = storing(view, { ...input, errorCode }, at);
  return {
    ...plan,
    settle(turn) {
      const known = turn.groups.get(groupId);
      const isMember = errorCode === ErrorCode.NONE && known !== undefined;
      if (isMember) kindOf(known).onCommit(turn, known, input.request.memberId);
      plan.settle(turn);
    },
  };
}

/**
 * Decides a TxnOffsetCommit (KIP-98): the offsets are pending until the producer's transaction
 * ends. Who names a member of the group, or a generation, is fenced as a member is (KIP-447).
 */
export function decideTransactionCommit(
  view: View,
  request: TxnOffsetCommitRequest,
  at: At<TxnOffsetCommitResponse> & { readonly apiVersion: number },
): Plan {
  const { producerId, producerEpoch } = request;
  const topics = request.topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((each) => ({ ...each, commitTimestamp: -1 })),
  }));
  const input: CommitInput = {
    request: { ...request, topics, retentionTimeMs: -1 },
    apiVersion: at.apiVersion,
  };
  const unknown = ErrorCode.ILLEGAL_GENERATION;
  const found = commitError(view, { ...input, unknown, isTransactional: true });
  // Producers know of generations alone.
  const errorCode = found === ErrorCode.STALE_MEMBER_EPOCH ? unknown : found;
  return { ...storing(view, { ...input, errorCode }, at), producer: { producerId, producerEpoch } };
}

/** Stores what is committed, where nothing speaks against it. */
function storing(
  view: View,
  { request, errorCode }: Omit<CommitInput, "apiVersion"> & { readonly errorCode: ErrorCode },
  at: At<OffsetCommitResponse>,
): Plan {
  const { groupId: group } = request;
  if (errorCode !== ErrorCode.NONE) {
    return answering(at.asked, commitResponse(request, () => errorCode));
  }
  const { offsetMetadataBytesMax } = view.config;
  const fits = ({ committedMetadata }: CommittedPartition): boolean =>
    (committedMetadata ?? "").length <= offsetMetadataBytesMax;
  const records: GroupCoordinatorRecord[] = [];
  for (const { name, topicId, partitions } of request.topics) {
    for (const partition of partitions) {
      if (!fits(partition)) continue;
      const value = committedOffset(view, { request, partition, topicId });
      records.push(
        offsetRecord({ group, topic: name, partition: partition.partitionIndex }, value),
      );
    }
  }
  const responseOf = (errorCodeOfStored: ErrorCode): OffsetCommitResponse =>
    commitResponse(
      request,
      (partition) => fits(partition) ? errorCodeOfStored : ErrorCode.OFFSET_METADATA_TOO_LARGE,
    );
  return {
    records,
    settle(turn) {
      const response = responseOf(ErrorCode.NONE);
      if (records.length === 0) return answerNow(turn, at.asked, response);
      answerWhenDurable(turn, {
        to: at.asked,
        response,
        failed: (error) => responseOf(commitErrorOf(error)),
      });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, responseOf(commitErrorOf(error))),
  };
}

/** Why nothing may be stored, or NONE; `unknown`: of a generation of a group that is not there. */
function commitError(
  view: View,
  o: CommitInput & { readonly unknown: ErrorCode; readonly isTransactional?: boolean },
): ErrorCode {
  const { request, apiVersion, isTransactional, unknown } = o;
  const { groupId, generationIdOrMemberEpoch: generationId } = request;
  const group = view.groups.get(groupId);
  if (group === undefined) {
    return generationId < 0 ? ErrorCode.NONE : unknown;
  }
  const { memberId, groupInstanceId, topics } = request;
  return kindOf(group).commitError(group, {
    memberId,
    groupInstanceId,
    generationIdOrMemberEpoch: generationId,
    apiVersion,
    isTransactional,
    topics: topics.flatMap(({ name, partitions }) => {
      const topicId = view.topics.byName(name)?.id;
      if (topicId === undefined) return [];
      const indexes = partitions.map(({ partitionIndex }) => partitionIndex);
      return [{ name, topicId, partitions: indexes }];
    }),
  });
}

function committedOffset(
  view: View,
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
    commitTimestamp: commitTimestamp < 0 ? view.nowMs : commitTimestamp,
    expireTimestamp: retentionTimeMs < 0 ? -1 : addInt64(view.nowMs, retentionTimeMs),
    topicId,
  };
}

/** A response with the same topics and partitions, each with its error code. */
function commitResponse(
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
