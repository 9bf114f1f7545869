// A JoinGroup request as the coordinator takes it.
//
//   JoinInput (as decoded) ──joinRequestError──> refused before any group is looked at
//                          ──joinOf──> Join: defaults filled in, bytes copied ──> join.ts
//
// Invariant: a Join holds nothing of the request's frame, since members keep parts of it for long.

import { ErrorCode } from "../protocol/errors.ts";
import type { JoinGroupRequest } from "../protocol/mod.ts";
import type { MemberProtocol, Waiting } from "./group.ts";
import type { Token, Turn } from "./outcome.ts";

/** A JoinGroup request and where it came from. */
export interface JoinInput {
  readonly request: JoinGroupRequest;
  readonly apiVersion: number;
  /** "" when the request's header has none. */
  readonly clientId: string;
  /** Kafka shows "/" and the IP address. */
  readonly clientHost: string;
}

/** A join on its way: the request with its defaults filled in, and what it keeps, copied. */
export interface Join {
  readonly token: Token;
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
export function joinRequestError(turn: Turn, { request }: JoinInput): ErrorCode {
  const { sessionTimeoutMs } = request;
  const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = turn.config;
  if (request.groupId === "") return ErrorCode.INVALID_GROUP_ID;
  if (sessionTimeoutMs < sessionTimeoutMinMs || sessionTimeoutMs > sessionTimeoutMaxMs) {
    return ErrorCode.INVALID_SESSION_TIMEOUT;
  }
  return ErrorCode.NONE;
}

/** The join that a request asks for. */
export function joinOf({ request, apiVersion, clientId, clientHost, token }: JoinInput & {
  token: Token;
}): Join {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
  return {
    token,
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
export function waitingOf({ token, apiVersion }: Join): Waiting {
  return { token, apiVersion };
}
