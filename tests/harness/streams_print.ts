// Records and responses of streams groups as scenarios show them. Tasks are told by their
// subtopology: "0:0,1 1:2" is tasks 0 and 1 of subtopology 0, and task 2 of subtopology 1.

import type { GroupCoordinatorRecord, StreamsHeartbeatResult } from "../../src/coordinator/mod.ts";
import type {
  StreamsGroupDescribeResponse,
} from "../../src/protocol/apis/89_streams_group_describe.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";

interface Tasks {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

export function printTasks(tasks: readonly Tasks[]): string {
  if (tasks.length === 0) return "nothing";
  return tasks.map(({ subtopologyId, partitions }) => `${subtopologyId}:${partitions.join(",")}`)
    .join(" ");
}

interface InRoles {
  readonly activeTasks: readonly Tasks[];
  readonly standbyTasks: readonly Tasks[];
}

function printRoles({ activeTasks, standbyTasks }: InRoles): string {
  const standby = standbyTasks.length === 0 ? "" : `, copies ${printTasks(standbyTasks)}`;
  return printTasks(activeTasks) + standby;
}

const states: Record<number, string> = { 1: "STABLE", 2: "UNREVOKED", 3: "UNRELEASED" };

/** Undefined for a record of another kind of group. */
export function printStreamsRecord(record: GroupCoordinatorRecord): string | undefined {
  const { type, key, value } = record;
  if (!type.startsWith("StreamsGroup")) return undefined;
  const member = "memberId" in key ? ` ${key.memberId}` : "";
  const short = type.replace("StreamsGroup", "").replace("Metadata", "") || "Group";
  const what = `record: ${short}${member}`;
  if (value === null) return `${what} = tombstone`;
  switch (type) {
    case "StreamsGroupMetadata":
      return `${what} epoch=${value.epoch} validated=${value.validatedTopologyEpoch}`;
    case "StreamsGroupTopology":
      return `${what} epoch=${value.epoch} subtopologies=${
        value.subtopologies.map(({ subtopologyId }) => subtopologyId).join(",")
      }`;
    case "StreamsGroupMemberMetadata":
      return `${what} process=${value.processId} topology=${value.topologyEpoch}`;
    case "StreamsGroupTargetAssignmentMetadata":
      return `${what} epoch=${value.assignmentEpoch}`;
    case "StreamsGroupTargetAssignmentMember":
      return `${what} ${printRoles(value)}`;
    case "StreamsGroupCurrentMemberAssignment": {
      const revoking = {
        activeTasks: value.activeTasksPendingRevocation,
        standbyTasks: value.standbyTasksPendingRevocation,
      };
      const isRevoking = revoking.activeTasks.length + revoking.standbyTasks.length > 0;
      return `${what} epoch=${value.memberEpoch} previous=${value.previousMemberEpoch}` +
        ` ${states[value.state]} has ${printRoles(value)}` +
        (isRevoking ? ` revokes ${printRoles(revoking)}` : "");
    }
    default:
      return `${what} ${JSON.stringify(value)}`;
  }
}

export function printStreamsHeartbeat({ heartbeat, missing }: StreamsHeartbeatResult): string {
  const { errorCode, errorMessage, memberId, memberEpoch, activeTasks, standbyTasks } = heartbeat;
  if (errorCode !== ErrorCode.NONE) return `${errorName(errorCode)} ${errorMessage ?? ""}`.trim();
  const status = (heartbeat.status ?? []).map((each) => ` [${each.statusDetail}]`).join("");
  const topics = missing.map(({ name, partitionCount }) => ` creates ${name}:${partitionCount}`);
  const endpoints = (heartbeat.partitionsByUserEndpoint ?? []).map((each) =>
    ` ${each.userEndpoint.host} has ${
      each.activePartitions.map(({ topic, partitions }) => `${topic}/${partitions.join(",")}`)
        .join(" ")
    }`
  );
  return `heard member=${memberId} epoch=${memberEpoch}` +
    (activeTasks === null || standbyTasks === null
      ? ""
      : ` has ${printRoles({ activeTasks, standbyTasks })}`) +
    status + topics.join("") +
    endpoints.join("");
}

export function printDescribed(group: StreamsGroupDescribeResponse["groups"][number]): string[] {
  if (group.errorCode !== ErrorCode.NONE) {
    return [`${errorName(group.errorCode)} ${group.errorMessage}`];
  }
  return [
    `${group.groupState} epoch=${group.groupEpoch} assignment=${group.assignmentEpoch}` +
    ` topology=${group.topology?.epoch ?? "none"}`,
    ...group.members.map((member) =>
      `member ${member.memberId} epoch=${member.memberEpoch} has ${printRoles(member.assignment)}` +
      `, is to have ${printRoles(member.targetAssignment)}`
    ),
  ];
}
