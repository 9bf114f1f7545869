// What requests about delegation tokens have in common: who may ask, and how long tokens last.

import type { TokenLifetimes } from "../../cluster/access/delegation_tokens.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { RequestContext } from "../handler.ts";
import { anonymous } from "../network/session.ts";
import type { Services } from "../services.ts";

/**
 * Whether the client has said who it is, and not by a token: a token makes no others. As in Kafka,
 * nobody asks by a connection that anybody can read and write without a login.
 */
export function mayAskForTokens(
  { services, session }: Pick<RequestContext<"config">, "services" | "session">,
): boolean {
  const protocol = services.config.protocolOf(session.listener.name);
  if (session.isByToken || protocol === "PLAINTEXT") return false;
  return protocol !== "SSL" || session.principal !== anonymous;
}

/**
 * Why the client's token is not to be changed: the answer of Renew and Expire, which Kafka fills
 * otherwise for each reason. Undefined when it may be asked for.
 */
export function refusedChange(
  context: Pick<RequestContext<"config" | "delegationTokens">, "services" | "session">,
): { errorCode: number; expiryTimestampMs: number } | undefined {
  if (!mayAskForTokens(context)) {
    return { errorCode: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, expiryTimestampMs: -1 };
  }
  if (context.services.delegationTokens.areEnabled) return undefined;
  return { errorCode: ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED, expiryTimestampMs: 0 };
}

/** How long tokens last, as configured. */
export function tokenLifetimes(config: Pick<Services["config"], "get">): TokenLifetimes {
  return {
    maxMs: config.get("delegation.token.max.lifetime.ms"),
    renewMs: config.get("delegation.token.expiry.time.ms"),
  };
}
