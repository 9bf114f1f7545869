// Share groups as tools see them: ShareGroupDescribe (KIP-932).
//
// Partitions of topics that are gone are left out, since they have no name any more.

import type { ShareGroupDescribeResponse } from "../../protocol/apis/77_share_group_describe.ts";
import { ErrorCode, errorMessage } from "../../protocol/errors.ts";
import type { Group } from "../group.ts";
import type { GroupConfig } from "../group_config.ts";
import { topicPartitionsOf } from "../modern/assignment.ts";
import type { GroupTopics } from "../modern/topics.ts";
import { type ShareMember, shareStateOf } from "./group.ts";
import { protocolRefusal } from "./heartbeat_request.ts";

export type DescribedShareGroup = ShareGroupDescribeResponse["groups"][number];

/** "Not asked for", in the field of authorized operations. */
const operationsUnknown = -0x8000_0000;

/** What describing one takes. */
export interface Describing {
  readonly groupId: string;
  readonly topics: GroupTopics;
  readonly config: GroupConfig;
}

/** Describes `group`, or says of `groupId` that it is no share group, or that none is served. */
export function describeShareGroup(
  group: Group | undefined,
  { groupId, topics, config }: Describing,
): DescribedShareGroup {
  const refused = protocolRefusal({ config });
  if (refused !== undefined) {
    return undescribed(groupId, { errorCode: refused.errorCode, errorMessage: null });
  }
  if (groupId === "") {
    const { INVALID_GROUP_ID: errorCode } = ErrorCode;
    return undescribed(groupId, { errorCode, errorMessage: errorMessage(errorCode) });
  }
  if (group?.type !== "share") {
    const what = group === undefined ? "not found" : "is not a share group";
    return undescribed(groupId, {
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: `Group ${groupId} ${what}.`,
    });
  }
  return {
    ...undescribed(groupId, { errorCode: ErrorCode.NONE, errorMessage: null }),
    groupState: shareStateOf(group),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: config.share().assignor,
    members: [...group.members.values()].map((member) => describeMember(member, topics)),
  };
}

/** One of which nothing is told but why. */
function undescribed(
  groupId: string,
  { errorCode, errorMessage }: { errorCode: ErrorCode; errorMessage: string | null },
): DescribedShareGroup {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
    authorizedOperations: operationsUnknown,
  };
}

function describeMember(
  member: ShareMember,
  topics: GroupTopics,
): DescribedShareGroup["members"][number] {
  return {
    memberId: member.memberId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames],
    assignment: {
      topicPartitions: topicPartitionsOf(member.assigned).flatMap((each) => {
        const topicName = topics.byId(each.topicId)?.name;
        return topicName === undefined ? [] : [{ ...each, topicName }];
      }),
    },
  };
}
