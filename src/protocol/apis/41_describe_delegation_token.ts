// DescribeDelegationToken (key 41). The delegation tokens of some owners, or all (KIP-48).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    who asked for a token, where that is not its owner (KIP-373)

import {
  api,
  array,
  bytes,
  errorCode,
  from,
  int64,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeDelegationToken = api({
  key: 41,
  name: "DescribeDelegationToken",
  versions: "0-3",
  flexible: "2+",
  request: {
    owners: nullable(array({ principalType: string, principalName: string })),
  },
  response: {
    errorCode,
    tokens: array({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: from(3, string),
      tokenRequesterPrincipalName: from(3, string),
      issueTimestamp: int64,
      expiryTimestamp: int64,
      maxTimestamp: int64,
      tokenId: string,
      hmac: bytes,
      renewers: array({ principalType: string, principalName: string }),
    }),
    throttleTimeMs,
  },
});

export type DescribeDelegationTokenRequest = RequestOf<typeof DescribeDelegationToken>;
export type DescribeDelegationTokenResponse = ResponseOf<typeof DescribeDelegationToken>;
