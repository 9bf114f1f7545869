// ExpireDelegationToken (key 40). Lets a delegation token expire sooner, or at once (KIP-48).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)

import {
  api,
  bytes,
  errorCode,
  int64,
  type RequestOf,
  type ResponseOf,
  throttleTimeMs,
} from "../schema.ts";

export const ExpireDelegationToken = api({
  key: 40,
  name: "ExpireDelegationToken",
  versions: "0-2",
  flexible: "2+",
  request: { hmac: bytes, expiryTimePeriodMs: int64 },
  response: {
    errorCode,
    expiryTimestampMs: int64,
    throttleTimeMs,
  },
});

export type ExpireDelegationTokenRequest = RequestOf<typeof ExpireDelegationToken>;
export type ExpireDelegationTokenResponse = ResponseOf<typeof ExpireDelegationToken>;
