// What a StreamsGroupHeartbeat is answered, and what the broker is to do for it besides.

import type {
  StreamsGroupHeartbeatResponse,
} from "../../../protocol/apis/88_streams_group_heartbeat.ts";
import type { ErrorCode } from "../../../protocol/errors.ts";
import type { InternalTopic } from "./configured.ts";

/** A response, and the topics that the broker is to make for the application. */
export interface StreamsHeartbeatResult {
  readonly heartbeat: StreamsGroupHeartbeatResponse;
  readonly missing: readonly InternalTopic[];
}

/** A response that says why not, or nothing but that all is well. */
export function plainHeartbeat(
  { errorCode, errorMessage }: { errorCode: ErrorCode; errorMessage: string | null },
): StreamsGroupHeartbeatResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage,
    memberId: "",
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    acceptableRecoveryLagLegacy: 0,
    taskOffsetIntervalMs: 0,
    acceptableRecoveryLag: -1,
    status: [],
    activeTasks: null,
    standbyTasks: null,
    warmupTasks: null,
    topologyDescriptionRequired: false,
    endpointInformationEpoch: 0,
    partitionsByUserEndpoint: null,
  };
}

/** The same, where no topic is missing. */
export function refusedHeartbeat(
  why: { errorCode: ErrorCode; errorMessage: string | null },
): StreamsHeartbeatResult {
  return { heartbeat: plainHeartbeat(why), missing: [] };
}
