// What requests about delegation tokens have in common: who may ask, and how long tokens last.

import type { TokenLifetimes } from "../cluster/delegation_tokens.ts";
import type { RequestContext } from "./handler.ts";
import { anonymous } from "./network/session.ts";
import type { Services } from "./services.ts";

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

/** How long tokens last, as configured. */
export function tokenLifetimes(config: Pick<Services["config"], "get">): TokenLifetimes {
  return {
    maxMs: config.get("delegation.token.max.lifetime.ms"),
    renewMs: config.get("delegation.token.expiry.time.ms"),
  };
}
