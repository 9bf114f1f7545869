// ExpireDelegationToken: lets a token expire sooner, or removes it at once (KIP-48).
//
// Serves: 0-2.
// Behaviour: for its owner and its renewers, by its HMAC. Who has come in by it stays for as long
//   as its login was good for.
// Versions: 2 flexible.

import { decideExpireToken } from "../../cluster/access/delegation_tokens.ts";
import { ExpireDelegationToken } from "../../protocol/apis/40_expire_delegation_token.ts";
import { refusedChange } from "../access/delegation_token_requests.ts";
import { handler, type RequestContext } from "../handler.ts";
import { principalText } from "../network/session.ts";

type Context = RequestContext<"change" | "clock" | "config" | "delegationTokens">;

export const expireDelegationToken = handler(ExpireDelegationToken, {
  serves: "0-2",
  authorise: [],
  handle(request, context: Context) {
    const { services, session } = context;
    const { clock, delegationTokens } = services;
    const refused = refusedChange(context);
    if (refused !== undefined) return refused;
    const hmac = request.hmac.slice();
    const requester = principalText(session.principal);
    const nowMs = clock.now();
    return services.change((image) => {
      const token = delegationTokens.find(hmac);
      return decideExpireToken(image, request, { token, requester, nowMs });
    });
  },
  refuse: (_, { errorCode }) => ({ errorCode, expiryTimestampMs: 0 }),
});
