// Consumer groups as tools see them: ConsumerGroupDescribe (KIP-848, KIP-1099).
//
// Partitions of topics that are gone are left out, since they have no name any more.

import { ErrorCode, errorMessage } from "../../protocol/errors.ts";
import type {
  ConsumerGroupDescribeResponse,
} from "../../protocol/apis/69_consumer_group_describe.ts";
import type { Group } from "../group.ts";
import type { ConsumerGroupConfig } from "../group_config.ts";
import { type Assignment, type OwnedPartitions, topicPartitionsOf } from "../modern/assignment.ts";
import type { GroupTopics } from "../modern/topics.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  preferredAssignor,
  stateOf,
  targetOfMember,
} from "./group.ts";

export type DescribedConsumerGroup = ConsumerGroupDescribeResponse["groups"][number];

/** "Not asked for", in the field of authorized operations. */
const operationsUnknown = -0x8000_0000;
const memberTypes = { classic: 0, consumer: 1 } as const;

/** What describing one takes. */
export interface Describing {
  readonly groupId: string;
  readonly topics: GroupTopics;
  readonly config: ConsumerGroupConfig;
}

/** Describes `group`, or says of `groupId` that it is no consumer group, or that none is served. */
export function describeConsumerGroup(
  group: Group | undefined,
  { groupId, topics, config }: Describing,
): DescribedConsumerGroup {
  if (!config.isEnabled) {
    const { UNSUPPORTED_VERSION: errorCode } = ErrorCode;
    return undescribed(groupId, { errorCode, errorMessage: null });
  }
  if (groupId === "") {
    const { INVALID_GROUP_ID: errorCode } = ErrorCode;
    return undescribed(groupId, { errorCode, errorMessage: errorMessage(errorCode) });
  }
  if (group?.type !== "consumer") {
    const what = group === undefined ? "not found" : "is not a consumer group";
    return undescribed(groupId, {
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: `Group ${groupId} ${what}.`,
    });
  }
  return {
    ...undescribed(groupId, { errorCode: ErrorCode.NONE, errorMessage: null }),
    groupState: stateOf(group),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: preferredAssignor(group.members.values()) ?? config.assignors[0] ?? "",
    members: [...group.members.values()].map((member) => describeMember(group, member, topics)),
  };
}

/** One of which nothing is told but why. */
function undescribed(
  groupId: string,
  { errorCode, errorMessage }: { errorCode: ErrorCode; errorMessage: string | null },
): DescribedConsumerGroup {
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
  group: ConsumerGroup,
  member: ConsumerMember,
  topics: GroupTopics,
): DescribedConsumerGroup["members"][number] {
  const { memberId } = member;
  return {
    memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames],
    subscribedTopicRegex: member.subscribedTopicRegex,
    assignment: withNames(topics, member.assigned),
    targetAssignment: withNames(topics, targetOfMember(group, memberId)),
    memberType: member.classic === null ? memberTypes.consumer : memberTypes.classic,
  };
}

function withNames(topics: GroupTopics, partitions: Assignment | OwnedPartitions) {
  return {
    topicPartitions: topicPartitionsOf(partitions).flatMap((each) => {
      const topicName = topics.byId(each.topicId)?.name;
      return topicName === undefined ? [] : [{ ...each, topicName }];
    }),
  };
}
