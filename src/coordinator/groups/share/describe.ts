// Share groups as tools see them: ShareGroupDescribe (KIP-932).

import type { ShareGroupDescribeResponse } from "../../../protocol/apis/77_share_group_describe.ts";
import type { Group } from "../group.ts";
import type { GroupConfig } from "../group_config.ts";
import {
  describedWell,
  groupIdInvalid,
  notFound,
  protocolDisabled,
  undescribed,
  withNames,
} from "../modern/described.ts";
import type { GroupTopics } from "../modern/topics.ts";
import { type ShareMember, shareStateOf } from "./group.ts";

export type DescribedShareGroup = ShareGroupDescribeResponse["groups"][number];

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
  if (!config.share().isEnabled) return undescribed(groupId, protocolDisabled);
  if (groupId === "") return undescribed(groupId, groupIdInvalid);
  if (group?.type !== "share") {
    return undescribed(groupId, notFound(group, { groupId, type: "share" }));
  }
  return {
    ...undescribed(groupId, describedWell),
    groupState: shareStateOf(group),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: config.share().assignor,
    members: [...group.members.values()].map((member) => describeMember(member, topics)),
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
    assignment: withNames(topics, member.assigned),
  };
}
