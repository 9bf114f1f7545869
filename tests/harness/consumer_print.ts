// Records and responses of consumer and share groups as scenarios show them. Topics are told by the
// number that FakeTopics has made their id of: topic 1 is "1", its partitions are "1:0,1".

import { uuidToBytes } from "../../src/base/ids.ts";
import type { GroupCoordinatorRecord } from "../../src/coordinator/mod.ts";
import { ErrorCode, errorName } from "../../src/protocol/errors.ts";
import type {
  ConsumerGroupHeartbeatResponse,
} from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import type {
  ShareGroupHeartbeatResponse,
} from "../../src/protocol/apis/76_share_group_heartbeat.ts";

type ShareGroupRecord = Extract<
  GroupCoordinatorRecord,
  { readonly type: `ShareGroup${string}` }
>;

interface Partitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

export function printPartitions(topics: readonly Partitions[]): string {
  if (topics.length === 0) return "nothing";
  return topics.map(({ topicId, partitions }) => `${numberOf(topicId)}:${partitions.join(",")}`)
    .sort().join(" ");
}

function numberOf(topicId: string): number {
  const bytes = new Uint8Array(16);
  uuidToBytes(topicId, bytes);
  return bytes[0] ?? 0;
}

const states: Record<number, string> = { 0: "STABLE", 1: "UNREVOKED", 2: "UNRELEASED" };

export function printConsumerRecord(record: GroupCoordinatorRecord): string {
  const { type, key, value } = record;
  const member = "memberId" in key ? ` ${key.memberId}` : "";
  const short = type.replace("ConsumerGroup", "").replace("Metadata", "") || "Group";
  const what = `record: ${short}${member}`;
  if (value === null) return `${what} = tombstone`;
  switch (type) {
    case "ConsumerGroupMetadata":
      return `${what} epoch=${value.epoch}`;
    case "ConsumerGroupTargetAssignmentMetadata":
      return `${what} epoch=${value.assignmentEpoch}`;
    case "ConsumerGroupTargetAssignmentMember":
      return `${what} ${printPartitions(value.topicPartitions)}`;
    case "ConsumerGroupCurrentMemberAssignment":
      return `${what} epoch=${value.memberEpoch} previous=${value.previousMemberEpoch}` +
        ` ${states[value.state]} has ${printPartitions(value.assignedPartitions)}` +
        (value.partitionsPendingRevocation.length === 0
          ? ""
          : ` revokes ${printPartitions(value.partitionsPendingRevocation)}`);
    case "ConsumerGroupMemberMetadata":
      return `${what} topics=${value.subscribedTopicNames.join(",")}` +
        (value.subscribedTopicRegex ? ` regex=${value.subscribedTopicRegex}` : "") +
        (value.instanceId === null ? "" : ` instance=${value.instanceId}`) +
        (value.classicMemberMetadata === null ? "" : " classic");
    case "ConsumerGroupRegularExpression":
      return `${what} ${value.topics.join(",")}`;
    default:
      return `${what} ${JSON.stringify(value)}`;
  }
}

export function printShareRecord({ type, key, value }: ShareGroupRecord): string {
  const member = "memberId" in key ? ` ${key.memberId}` : "";
  const short = type.replace("ShareGroup", "").replace("Metadata", "") || "Group";
  const what = `record: ${short}${member}`;
  if (value === null) return `${what} = tombstone`;
  switch (type) {
    case "ShareGroupMetadata":
      return `${what} epoch=${value.epoch}`;
    case "ShareGroupTargetAssignmentMetadata":
      return `${what} epoch=${value.assignmentEpoch}`;
    case "ShareGroupTargetAssignmentMember":
      return `${what} ${printPartitions(value.topicPartitions)}`;
    case "ShareGroupCurrentMemberAssignment":
      return `${what} epoch=${value.memberEpoch} previous=${value.previousMemberEpoch}` +
        ` has ${printPartitions(value.assignedPartitions)}`;
    case "ShareGroupMemberMetadata":
      return `${what} topics=${value.subscribedTopicNames.join(",")}`;
    case "ShareGroupStatePartitionMetadata":
      return `${what} initializing ${printPartitions(value.initializingTopics)}` +
        ` initialized ${printPartitions(value.initializedTopics)}` +
        ` deleting ${
          value.deletingTopics.map(({ topicName }) => topicName).join(",") || "nothing"
        }`;
  }
}

export function printHeartbeat(
  response: ConsumerGroupHeartbeatResponse | ShareGroupHeartbeatResponse,
): string {
  const { errorCode, memberId, memberEpoch, assignment } = response;
  if (errorCode !== ErrorCode.NONE) return errorName(errorCode);
  return `heard member=${memberId} epoch=${memberEpoch}` +
    (assignment === null ? "" : ` assigned ${printPartitions(assignment.topicPartitions)}`);
}
