// A ShareGroupHeartbeat as the coordinator takes it, and what is refused before any group is looked
// at.

import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from "../../../protocol/apis/76_share_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { joinEpoch, leaveEpoch, type Refusal, refusal } from "../modern/epochs.ts";
import type { View } from "../turn.ts";

/** Of a UUID in words; who reads names it in every request. */
const memberIdLengthMax = 36;

/** A ShareGroupHeartbeat and where it came from. */
export interface ShareHeartbeatInput {
  readonly request: ShareGroupHeartbeatRequest;
  /** "" when the request's header has none. */
  readonly clientId: string;
  /** Kafka shows "/" and the IP address. */
  readonly clientHost: string;
}

/** Why share groups are not served; undefined where they are. */
export function protocolRefusal({ config }: Pick<View, "config">): Refusal | undefined {
  if (config.share().isEnabled) return undefined;
  const why = "Share groups are turned off: the cluster's share.version is 0.";
  return refusal(ErrorCode.UNSUPPORTED_VERSION, why);
}

/** Why the request is refused whatever the group; undefined when it is not. */
export function requestRefusal(
  view: View,
  { request }: ShareHeartbeatInput,
): Refusal | undefined {
  const invalid = invalidRequest(request);
  return protocolRefusal(view) ??
    (invalid === undefined ? undefined : refusal(ErrorCode.INVALID_REQUEST, invalid));
}

function invalidRequest(request: ShareGroupHeartbeatRequest): string | undefined {
  if (request.memberId.trim() === "") return "MemberId can't be empty.";
  if (request.memberId.length > memberIdLengthMax) {
    return `MemberId can't be longer than ${memberIdLengthMax} characters.`;
  }
  if (request.groupId.trim() === "") return "GroupId can't be empty.";
  if (request.rackId?.trim() === "") return "RackId can't be empty.";
  if (request.memberEpoch < leaveEpoch) return "MemberEpoch is invalid.";
  const { subscribedTopicNames: names } = request;
  return request.memberEpoch === joinEpoch && (names === null || names.length === 0)
    ? "SubscribedTopicNames must be set in first request."
    : undefined;
}

/** A response that says why not. */
export function refusedHeartbeat(
  { errorCode, errorMessage }: { errorCode: ErrorCode; errorMessage: string | null },
): ShareGroupHeartbeatResponse {
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
