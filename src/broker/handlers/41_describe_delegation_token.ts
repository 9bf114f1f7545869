// DescribeDelegationToken: tokens of some owners, or all, with what they are proved by (KIP-48).
//
// Serves: 0-3.
// Behaviour: of the tokens asked for, those that the client owns, has asked for or may renew, and
//   those that it is allowed to see; others are left out.
// Versions: 2 flexible; 3 who has asked for it (KIP-373).

import { concerns, principalParts } from "../../cluster/access/delegation_tokens.ts";
import { ErrorCode, type ResponseInput } from "../../protocol/mod.ts";
import type { DelegationToken } from "../../cluster/access/principals.ts";
import { DescribeDelegationToken } from "../../protocol/apis/41_describe_delegation_token.ts";
import { type May, needs } from "../access/authorizer.ts";
import { mayAskForTokens } from "../access/delegation_token_requests.ts";
import { handler, type RequestContext } from "../handler.ts";
import { principalText } from "../network/session.ts";

type Context = RequestContext<"config" | "delegationTokens" | "metadata">;
type Described = ResponseInput<typeof DescribeDelegationToken>["tokens"][number];

export const describeDelegationToken = handler(DescribeDelegationToken, {
  serves: "0-3",
  authorise: [
    needs("delegationToken describe", {
      or: "user describeTokens",
      refusal: null,
      when: "of others",
    }),
  ],
  handle({ owners }, context: Context) {
    const { services: { delegationTokens, metadata }, session, may } = context;
    if (!mayAskForTokens(context)) {
      return { errorCode: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, tokens: [] };
    }
    if (!delegationTokens.areEnabled) {
      return { errorCode: ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED, tokens: [] };
    }
    const asked = owners?.map((each) => `${each.principalType}:${each.principalName}`);
    const requester = principalText(session.principal);
    const tokens: Described[] = [];
    for (const token of metadata.image.delegationTokens()) {
      if (asked !== undefined && !asked.some((owner) => concerns(token, owner))) continue;
      if (!concerns(token, requester) && !maySee(may, token)) continue;
      tokens.push(described(token, delegationTokens.hmacOf(token.tokenId)));
    }
    return { errorCode: ErrorCode.NONE, tokens };
  },
});

function maySee(may: May, { tokenId, owner }: DelegationToken): boolean {
  return may("describe", { type: "delegationToken", name: tokenId }) ||
    may("describeTokens", { type: "user", name: owner });
}

function described(token: DelegationToken, hmac: Uint8Array): Described {
  const [principalType, principalName] = principalParts(token.owner);
  const [requesterType, requesterName] = principalParts(token.requester);
  return {
    principalType,
    principalName,
    tokenRequesterPrincipalType: requesterType,
    tokenRequesterPrincipalName: requesterName,
    issueTimestamp: token.issueTimestamp,
    expiryTimestamp: token.expirationTimestamp,
    maxTimestamp: token.maxTimestamp,
    tokenId: token.tokenId,
    hmac,
    renewers: token.renewers.map((renewer) => {
      const [principalType, principalName] = principalParts(renewer);
      return { principalType, principalName };
    }),
  };
}
