// CreateDelegationToken (key 38). A short-lived secret that stands for a user (KIP-48).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    on behalf of another owner (KIP-373)

import {
  api,
  array,
  bytes,
  errorCode,
  essential,
  from,
  int64,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const CreateDelegationToken = api({
  key: 38,
  name: "CreateDelegationToken",
  versions: "0-3",
  flexible: "2+",
  request: {
    ownerPrincipalType: from(3, essential(nullable(string))),
    ownerPrincipalName: from(3, essential(nullable(string))),
    renewers: array({ principalType: string, principalName: string }),
    maxLifetimeMs: int64,
  },
  response: {
    errorCode,
    principalType: string,
    principalName: string,
    tokenRequesterPrincipalType: from(3, string),
    tokenRequesterPrincipalName: from(3, string),
    issueTimestampMs: int64,
    expiryTimestampMs: int64,
    maxTimestampMs: int64,
    tokenId: string,
    hmac: bytes,
    throttleTimeMs,
  },
});

export type CreateDelegationTokenRequest = RequestOf<typeof CreateDelegationToken>;
export type CreateDelegationTokenResponse = ResponseOf<typeof CreateDelegationToken>;
