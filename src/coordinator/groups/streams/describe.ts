// Streams groups as tools see them: StreamsGroupDescribe (KIP-1071).

import type {
  StreamsGroupDescribeResponse,
} from "../../../protocol/apis/89_streams_group_describe.ts";
import type { Group } from "../group.ts";
import type { StreamsGroupConfig } from "../group_config.ts";
import {
  describedWell,
  notFound,
  protocolDisabled,
  type Undescribed,
  undescribed,
} from "../modern/described.ts";
import type { GroupTopics } from "../modern/topics.ts";
import { configure, type InternalTopic } from "./configured.ts";
import { stateOf, type StreamsGroup, type StreamsMember, targetOfMember } from "./group.ts";
import { type HeldTasks, type TaskAssignment, taskIdsOf } from "./tasks.ts";
import type { TopicInfo, Topology } from "./topology.ts";

export type DescribedStreamsGroup = StreamsGroupDescribeResponse["groups"][number];

/** What describing one takes. */
export interface Describing {
  readonly groupId: string;
  readonly topics: GroupTopics;
  readonly config: StreamsGroupConfig;
}

/** Describes `group`, or says of `groupId` that it is no streams group, or that none is served. */
export function describeStreamsGroup(
  group: Group | undefined,
  { groupId, topics, config }: Describing,
): DescribedStreamsGroup {
  if (!config.isEnabled) return nothingOf(groupId, protocolDisabled);
  if (group?.type !== "streams") {
    return nothingOf(groupId, notFound(group, { groupId, type: "streams" }));
  }
  return {
    ...nothingOf(groupId, describedWell),
    groupState: stateOf(group),
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    topology: group.topology === undefined ? null : described(group.topology, topics),
    members: [...group.members.values()].map((member) => describeMember(group, member)),
    assignorName: "sticky",
  };
}

/** One of which nothing is told but why. */
function nothingOf(groupId: string, why: Undescribed): DescribedStreamsGroup {
  return {
    ...undescribed(groupId, why),
    topology: null,
    topologyDescription: null,
    topologyDescriptionStatus: 0,
    assignorName: null,
  };
}

/** With the partitions of the application's own topics, where it can be run. */
function described(topology: Topology, topics: GroupTopics): DescribedStreamsGroup["topology"] {
  const configured = configure(topology, topics);
  const isReady = !("errorCode" in configured) && configured.problem === undefined;
  const internal: ReadonlyMap<string, InternalTopic> = isReady ? configured.internal : new Map();
  const counted = (infos: readonly TopicInfo[]) =>
    infos.map((info) => ({
      ...info,
      partitions: internal.get(info.name)?.partitionCount ?? info.partitions,
    }));
  return {
    epoch: topology.epoch,
    subtopologies: topology.subtopologies.map((each) => ({
      subtopologyId: each.subtopologyId,
      sourceTopics: each.sourceTopics,
      repartitionSinkTopics: each.repartitionSinkTopics,
      stateChangelogTopics: counted(each.stateChangelogTopics),
      repartitionSourceTopics: counted(each.repartitionSourceTopics),
    })),
  };
}

function describeMember(
  group: StreamsGroup,
  member: StreamsMember,
): DescribedStreamsGroup["members"][number] {
  return {
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    topologyEpoch: member.topologyEpoch,
    processId: member.processId,
    userEndpoint: member.userEndpoint,
    clientTags: [...member.clientTags],
    taskOffsets: [],
    taskEndOffsets: [],
    assignment: inRoles(member.assigned),
    targetAssignment: inRoles(targetOfMember(group, member.memberId)),
    isClassic: false,
  };
}

function inRoles(tasks: HeldTasks | TaskAssignment) {
  return {
    activeTasks: taskIdsOf(tasks.active),
    standbyTasks: taskIdsOf(tasks.standby),
    warmupTasks: taskIdsOf(tasks.warmup),
  };
}
