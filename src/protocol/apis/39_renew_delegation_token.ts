// RenewDelegationToken (key 39). Puts off when a delegation token expires (KIP-48).
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

export const RenewDelegationToken = api({
  key: 39,
  name: "RenewDelegationToken",
  versions: "0-2",
  flexible: "2+",
  request: { hmac: bytes, renewPeriodMs: int64 },
  response: {
    errorCode,
    expiryTimestampMs: int64,
    throttleTimeMs,
  },
});

export type RenewDelegationTokenRequest = RequestOf<typeof RenewDelegationToken>;
export type RenewDelegationTokenResponse = ResponseOf<typeof RenewDelegationToken>;
