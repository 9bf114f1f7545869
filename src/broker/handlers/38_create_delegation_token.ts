// CreateDelegationToken: a short-lived secret that stands for a user (KIP-48).
//
// Serves: 0-3.
// Behaviour: the token is in the synced metadata log before its HMAC is told, which is stored
//   nowhere. Only on a connection that says who its client is, and not by a token itself.
// Versions: 2 flexible; 3 for another owner (KIP-373).

import { decideCreateToken, tokenRefusal } from "../../cluster/access/delegation_tokens.ts";
import { ErrorCode, type RequestOf } from "../../protocol/mod.ts";
import { CreateDelegationToken } from "../../protocol/apis/38_create_delegation_token.ts";
import { needs } from "../access/authorizer.ts";
import { mayAskForTokens, tokenLifetimes } from "../access/delegation_token_requests.ts";
import { handler, type RequestContext } from "../handler.ts";
import { principalText } from "../network/session.ts";

type Context = RequestContext<
  "change" | "clock" | "config" | "delegationTokens" | "newUuid"
>;

export const createDelegationToken = handler(CreateDelegationToken, {
  serves: "0-3",
  authorise: [
    needs("user createTokens", {
      refusal: ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
      when: "of another owner",
    }),
  ],
  handle(request, context: Context) {
    const { services, session, may } = context;
    const { clock, config, delegationTokens } = services;
    const requester = principalText(session.principal);
    const owner = ownerOf(request) ?? requester;
    const refused = (errorCode: ErrorCode, timestamp: number) =>
      tokenRefusal(errorCode, { owner, requester, timestamp });
    if (!mayAskForTokens(context)) {
      return refused(ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, -1);
    }
    if (owner !== requester && !may("createTokens", { type: "user", name: owner })) {
      return refused(ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED, -1);
    }
    if (request.renewers.some(({ principalType }) => principalType !== "User")) {
      return refused(ErrorCode.INVALID_PRINCIPAL_TYPE, -1);
    }
    if (!delegationTokens.areEnabled) {
      return refused(ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED, 0);
    }
    const tokenId = services.newUuid();
    const hmac = delegationTokens.hmacOf(tokenId);
    const [nowMs, lifetimes] = [clock.now(), tokenLifetimes(config)];
    return services.change((image) =>
      decideCreateToken(image, request, { owner, requester, tokenId, hmac, lifetimes, nowMs })
    );
  },
  refuse: (request, { errorCode }) =>
    tokenRefusal(errorCode, {
      owner: ownerOf(request) ?? "User:",
      requester: "User:",
      timestamp: 0,
    }),
});

function ownerOf(request: RequestOf<typeof CreateDelegationToken>): string | undefined {
  const { ownerPrincipalType: type, ownerPrincipalName: name } = request;
  return name ? `${type}:${name}` : undefined;
}
