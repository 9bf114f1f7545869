// A JoinGroup request as the coordinator takes it.
//
//   JoinInput (as decoded) ──joinRequestError──> refused before any group is looked at
//                          ──joinOf──> Join: defaults filled in, bytes copied ──> join.ts
//
// Invariant: a Join holds nothing of the request's frame, since members keep parts of it for long.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { JoinGroupRequest, JoinGroupResponse } from "../../../protocol/mod.ts";
import type { MemberProtocol, Waiting } from "./group.ts";
import type { Asked } from "../../machine.ts";
import type { View } from "../turn.ts";

/** A JoinGroup request and where it came from. */
export interface JoinInput {
  readonly request: JoinGroupRequest;
  readonly apiVersion: number;
  /** "" when the request's header has none. */
  readonly clientId: string;
  /** Kafka shows "/" and the IP address. */
  readonly clientHost: string;
  /** A fresh one, as text: the end of a member's id, should it need one. */
  readonly uuid: string;
}

/** A join on its way: the request with its defaults filled in, and what it keeps, copied. */
export interface Join {
  readonly asked: Asked<JoinGroupResponse>;
  readonly uuid: string;
  readonly apiVersion: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly reason: string;
}

/** Why the request is refused before any group is looked at, or NONE. */
export function joinRequestError(view: View, { request }: JoinInput): ErrorCode {
  const { sessionTimeoutMs } = request;
  const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = view.config;
  if (request.groupId === "") return ErrorCode.INVALID_GROUP_ID;
  if (sessionTimeoutMs < sessionTimeoutMinMs || sessionTimeoutMs > sessionTimeoutMaxMs) {
    return ErrorCode.INVALID_SESSION_TIMEOUT;
  }
  return ErrorCode.NONE;
}

/** The join that a request asks for. */
export function joinOf(
  { request, apiVersion, clientId, clientHost, uuid }: JoinInput,
  asked: Asked<JoinGroupResponse>,
): Join {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
  return {
    asked,
    uuid,
    apiVersion,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocolType: request.protocolType,
    // The request's bytes are views of its frame; a member outlives it.
    protocols: request.protocols.map(({ name, metadata }) => ({
      name,
      metadata: metadata.slice(),
    })),
    reason: request.reason ?? "not provided",
  };
}

/** The part of a join that waits. */
export function waitingOf({ asked, apiVersion }: Join): Waiting<JoinGroupResponse> {
  return { asked, apiVersion };
}

/** The id of a member that brings none: whose it is, and what makes it the only one. */
export function freshMemberId({ groupInstanceId, clientId, uuid }: Join): string {
  return `${groupInstanceId ?? clientId}-${uuid}`;
}
