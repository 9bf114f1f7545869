// Consumer groups as tools see them: ConsumerGroupDescribe (KIP-848, KIP-1099).

import type {
  ConsumerGroupDescribeResponse,
} from "../../../protocol/apis/69_consumer_group_describe.ts";
import type { Group } from "../group.ts";
import type { ConsumerGroupConfig } from "../group_config.ts";
import {
  describedWell,
  groupIdInvalid,
  notFound,
  protocolDisabled,
  undescribed,
  withNames,
} from "../modern/described.ts";
import type { GroupTopics } from "../modern/topics.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  preferredAssignor,
  stateOf,
  targetOfMember,
} from "./group.ts";

export type DescribedConsumerGroup = ConsumerGroupDescribeResponse["groups"][number];

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
  if (!config.isEnabled) return undescribed(groupId, protocolDisabled);
  if (groupId === "") return undescribed(groupId, groupIdInvalid);
  if (group?.type !== "consumer") {
    return undescribed(groupId, notFound(group, { groupId, type: "consumer" }));
  }
  return {
    ...undescribed(groupId, describedWell),
    groupState: stateOf(group),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: preferredAssignor(group.members.values()) ?? config.assignors[0] ?? "",
    members: [...group.members.values()].map((member) => describeMember(group, member, topics)),
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
