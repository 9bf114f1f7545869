// A StreamsGroupHeartbeat as the coordinator takes it, and what is refused before any group is
// looked at.
//
// Static members, regular expressions for source topics and warm-up tasks are refused, as Kafka
// 4.3 does. How far a member's tasks are says which warm-up tasks have caught up; none are given.
//
// Differs from Kafka: TaskOffsets and TaskEndOffsets are taken, and nothing is done with them,
// since every member of Kafka Streams 4.4 tells them; Kafka refuses them until 4.4.

import { assert } from "../../../base/assert.ts";
import type {
  StreamsGroupHeartbeatRequest,
} from "../../../protocol/apis/88_streams_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import {
  joinEpoch,
  leaveEpoch,
  type Refusal,
  refusal,
  staticLeaveEpoch,
} from "../modern/epochs.ts";
import type { View } from "../turn.ts";
import { type TaskAssignment, tasksOf } from "./tasks.ts";
import { badCopartition, type Topology } from "./topology.ts";

/** A StreamsGroupHeartbeat and where it came from. */
export interface StreamsHeartbeatInput {
  readonly request: StreamsGroupHeartbeatRequest;
  /** "" when the request's header has none. */
  readonly clientId: string;
  /** Kafka shows "/" and the IP address. */
  readonly clientHost: string;
}

/** Why the request is refused whatever the group; undefined when it is not. */
export function requestRefusal(
  { config }: View,
  request: StreamsGroupHeartbeatRequest,
): Refusal | undefined {
  if (!config.streams().isEnabled) {
    const why =
      "The streams group protocol is turned off: group.coordinator.rebalance.protocols does " +
      "not name it, or streams.version is 0.";
    return refusal(ErrorCode.UNSUPPORTED_VERSION, why);
  }
  const invalid = unsupported(request) ?? invalidRequest(request);
  if (invalid !== undefined) return refusal(ErrorCode.INVALID_REQUEST, invalid);
  return request.topology === null ? undefined : topologyRefusal(request.topology);
}

function unsupported(request: StreamsGroupHeartbeatRequest): string | undefined {
  if (request.instanceId !== null) return "Static membership is not yet supported.";
  if ((request.warmupTasks ?? []).length > 0) return "WarmupTasks are not supported yet.";
  const subtopologies = request.topology?.subtopologies ?? [];
  if (subtopologies.every(({ sourceTopicRegex }) => sourceTopicRegex.length === 0)) {
    return undefined;
  }
  return "Regular expressions for source topics are not supported yet.";
}

function invalidRequest(request: StreamsGroupHeartbeatRequest): string | undefined {
  const { memberEpoch, activeTasks, standbyTasks, warmupTasks } = request;
  if (request.memberId.trim() === "") return "MemberId can't be empty.";
  if (request.groupId.trim() === "") return "GroupId can't be empty.";
  if (request.rackId?.trim() === "") return "RackId can't be empty.";
  if (memberEpoch === joinEpoch) {
    const invalid = invalidJoin(request);
    if (invalid !== undefined) return invalid;
  } else if (memberEpoch === staticLeaveEpoch) {
    return "InstanceId can't be null.";
  } else if (memberEpoch < staticLeaveEpoch) {
    return `MemberEpoch is ${memberEpoch}, but must be greater than or equal to -2.`;
  }
  const told = [activeTasks, standbyTasks, warmupTasks].filter((tasks) => tasks !== null);
  if (told.length > 0 && told.length < 3) {
    return "If one task-type is non-null, all must be non-null.";
  }
  if (memberEpoch !== joinEpoch && request.topology !== null) {
    return "Topology can only be provided when (re-)joining.";
  }
  return undefined;
}

function invalidJoin(request: StreamsGroupHeartbeatRequest): string | undefined {
  if (request.rebalanceTimeoutMs === -1) {
    return "RebalanceTimeoutMs must be provided in first request.";
  }
  const isEmpty = (tasks: readonly unknown[] | null): boolean => tasks?.length === 0;
  if (!isEmpty(request.activeTasks)) return "ActiveTasks must be empty when (re-)joining.";
  if (!isEmpty(request.standbyTasks)) return "StandbyTasks must be empty when (re-)joining.";
  if (!isEmpty(request.warmupTasks)) return "WarmupTasks must be empty when (re-)joining.";
  if (request.topology === null) return "Topology must be non-null when (re-)joining.";
  return undefined;
}

/**
 * Differs from Kafka: a topology with a negative epoch, two subtopologies with one id or indexes
 * out of range is refused with an error that says so; Kafka fails in other ways.
 */
function topologyRefusal(topology: Topology): Refusal | undefined {
  const invalid = (why: string) => refusal(ErrorCode.STREAMS_INVALID_TOPOLOGY, why);
  if (topology.epoch < 0) {
    return refusal(ErrorCode.INVALID_REQUEST, "Topology epoch must be non-negative.");
  }
  const ids = new Set<string>();
  for (const { subtopologyId, stateChangelogTopics } of topology.subtopologies) {
    if (ids.has(subtopologyId)) return invalid(`Subtopology ${subtopologyId} is there twice.`);
    ids.add(subtopologyId);
    const fixed = stateChangelogTopics.find(({ partitions }) => partitions !== 0);
    if (fixed === undefined) continue;
    return invalid(
      `Changelog topic ${fixed.name} must have an undefined partition count, but it is set to ` +
        `${fixed.partitions}.`,
    );
  }
  const bad = badCopartition(topology);
  return bad === undefined
    ? undefined
    : invalid(`A copartition group of subtopology ${bad} names a topic that is not there.`);
}

/** Whether the member leaves. */
export function isLeaving({ memberEpoch }: StreamsGroupHeartbeatRequest): boolean {
  return memberEpoch === leaveEpoch;
}

/** What the member says that it has; null when that did not change. */
export function ownedTasks(request: StreamsGroupHeartbeatRequest): TaskAssignment | null {
  const { activeTasks, standbyTasks, warmupTasks } = request;
  if (activeTasks === null) return null;
  assert(standbyTasks !== null && warmupTasks !== null, "tasks are told in all roles or in none");
  return {
    active: tasksOf(activeTasks),
    standby: tasksOf(standbyTasks),
    warmup: tasksOf(warmupTasks),
  };
}
