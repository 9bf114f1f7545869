// Groups whose members the coordinator assigns, as tools see them: what all kinds tell alike.

import { ErrorCode, errorMessage } from "../../../protocol/errors.ts";
import type { Group, GroupType } from "../group.ts";
import { type Assignment, type OwnedPartitions, topicPartitionsOf } from "./assignment.ts";
import type { GroupTopics } from "./topics.ts";

/** "Not asked for", in the field of authorized operations. */
const operationsUnknown = -0x8000_0000;

/** Why a group is not described. */
export interface Undescribed {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

export const describedWell: Undescribed = { errorCode: ErrorCode.NONE, errorMessage: null };

export const protocolDisabled: Undescribed = {
  errorCode: ErrorCode.UNSUPPORTED_VERSION,
  errorMessage: null,
};

export const groupIdInvalid: Undescribed = {
  errorCode: ErrorCode.INVALID_GROUP_ID,
  errorMessage: errorMessage(ErrorCode.INVALID_GROUP_ID),
};

/** That there is no group of this id and type. */
export function notFound(
  group: Group | undefined,
  { groupId, type }: { readonly groupId: string; readonly type: GroupType },
): Undescribed {
  const what = group === undefined ? "not found" : `is not a ${type} group`;
  return {
    errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
    errorMessage: `Group ${groupId} ${what}.`,
  };
}

/** A group of which nothing is told but why. */
export function undescribed(groupId: string, why: Undescribed) {
  return {
    ...why,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
    authorizedOperations: operationsUnknown,
  };
}

/** Partitions by name; those of topics that are gone are left out: they have none any more. */
export function withNames(topics: GroupTopics, partitions: Assignment | OwnedPartitions) {
  return {
    topicPartitions: topicPartitionsOf(partitions).flatMap((each) => {
      const topicName = topics.byId(each.topicId)?.name;
      return topicName === undefined ? [] : [{ ...each, topicName }];
    }),
  };
}
