// RenewDelegationToken: puts off when a token expires, up to the end of its life (KIP-48).
//
// Serves: 0-2.
// Behaviour: for its owner and its renewers, by its HMAC.
// Versions: 2 flexible.

import { decideRenewToken } from "../../cluster/access/delegation_tokens.ts";
import { RenewDelegationToken } from "../../protocol/apis/39_renew_delegation_token.ts";
import { refusedChange, tokenLifetimes } from "../access/delegation_token_requests.ts";
import { handler, type RequestContext } from "../handler.ts";
import { principalText } from "../network/session.ts";

type Context = RequestContext<"change" | "clock" | "config" | "delegationTokens">;

export const renewDelegationToken = handler(RenewDelegationToken, {
  serves: "0-2",
  authorise: [],
  handle(request, context: Context) {
    const { services, session } = context;
    const { clock, config, delegationTokens } = services;
    const refused = refusedChange(context);
    if (refused !== undefined) return refused;
    const hmac = request.hmac.slice();
    const requester = principalText(session.principal);
    const [nowMs, lifetimes] = [clock.now(), tokenLifetimes(config)];
    return services.change((image) => {
      const token = delegationTokens.find(hmac);
      return decideRenewToken(image, request, { token, requester, nowMs, lifetimes });
    });
  },
  refuse: (_, { errorCode }) => ({ errorCode, expiryTimestampMs: 0 }),
});
