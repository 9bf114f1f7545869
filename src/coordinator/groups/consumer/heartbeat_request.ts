// A ConsumerGroupHeartbeat as the coordinator takes it, and what is refused before any group is
// looked at.

import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "../../../protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import {
  joinEpoch,
  leaveEpoch,
  type Refusal,
  refusal,
  staticLeaveEpoch,
} from "../modern/epochs.ts";
import type { View } from "../turn.ts";

/** A ConsumerGroupHeartbeat and where it came from. */
export interface HeartbeatInput {
  readonly request: ConsumerGroupHeartbeatRequest;
  readonly apiVersion: number;
  /** "" when the request's header has none. */
  readonly clientId: string;
  /** Kafka shows "/" and the IP address. */
  readonly clientHost: string;
  /** A fresh one, as text: the id of a member that brings none. */
  readonly uuid: string;
  /** Whether the client may know of a topic; absent: of every one. */
  readonly mayDescribe?: (topic: string) => boolean;
}

/** Why the request is refused whatever the group; undefined when it is not. */
export function requestRefusal(
  { config }: View,
  { request, apiVersion }: HeartbeatInput,
): Refusal | undefined {
  const consumer = config.consumer();
  if (!consumer.isEnabled) {
    const why =
      "The consumer group protocol is turned off: group.coordinator.rebalance.protocols " +
      "does not name it.";
    return refusal(ErrorCode.UNSUPPORTED_VERSION, why);
  }
  const invalid = invalidRequest(request, apiVersion);
  if (invalid !== undefined) return refusal(ErrorCode.INVALID_REQUEST, invalid);
  const { serverAssignor } = request;
  if (serverAssignor !== null && !consumer.assignors.includes(serverAssignor)) {
    const why = `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ` +
      `${consumer.assignors.join(", ")}.`;
    return refusal(ErrorCode.UNSUPPORTED_ASSIGNOR, why);
  }
  return undefined;
}

function invalidRequest(
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
): string | undefined {
  const { memberEpoch, memberId } = request;
  if (request.groupId.trim() === "") return "GroupId can't be empty.";
  // Members choose their id from version 1 on (KIP-1082); in version 0 one that joins may have
  // none.
  const mayHaveNoId = apiVersion === 0 && memberEpoch === joinEpoch;
  if (!mayHaveNoId && memberId.trim() === "") return "MemberId can't be empty.";
  if (request.instanceId?.trim() === "") return "InstanceId can't be empty.";
  if (request.rackId?.trim() === "") return "RackId can't be empty.";
  if (memberEpoch === joinEpoch) return invalidJoin(request);
  if (memberEpoch === staticLeaveEpoch && request.instanceId === null) {
    return "InstanceId can't be null.";
  }
  return memberEpoch < staticLeaveEpoch ? "MemberEpoch is invalid." : undefined;
}

function invalidJoin(request: ConsumerGroupHeartbeatRequest): string | undefined {
  if (request.rebalanceTimeoutMs === -1) {
    return "RebalanceTimeoutMs must be provided in first request.";
  }
  if (request.topicPartitions === null || request.topicPartitions.length > 0) {
    return "TopicPartitions must be empty when (re-)joining.";
  }
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
    return "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when " +
      "(re-)joining.";
  }
  return undefined;
}

/** Whether the member leaves, for good or for a while. */
export function isLeaving({ memberEpoch }: ConsumerGroupHeartbeatRequest): boolean {
  return memberEpoch === leaveEpoch || memberEpoch === staticLeaveEpoch;
}

/** Whether the request says all of the member, so that the response says all of its assignment. */
export function isFullRequest(request: ConsumerGroupHeartbeatRequest): boolean {
  if (request.memberEpoch === joinEpoch) return true;
  return request.rebalanceTimeoutMs !== -1 && request.topicPartitions !== null &&
    (request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null);
}

/** A response that says why not. */
export function refusedHeartbeat(
  { errorCode, errorMessage }: { errorCode: ErrorCode; errorMessage: string | null },
): ConsumerGroupHeartbeatResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    assignment: null,
  };
}
