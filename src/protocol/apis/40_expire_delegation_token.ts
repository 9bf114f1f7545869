// ExpireDelegationToken (key 40). Lets a delegation token expire sooner, or at once (KIP-48).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)

import {
  about,
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
  about: "Lets a delegation token expire sooner, or removes it.",
  errors: {
    response: {
      DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: "the client has not said who it is, or only by a token",
      DELEGATION_TOKEN_AUTH_DISABLED: "delegation.token.secret.key is not set",
      DELEGATION_TOKEN_NOT_FOUND: "no token is proved by this HMAC",
      DELEGATION_TOKEN_OWNER_MISMATCH: "the client is neither its owner nor its renewer",
      DELEGATION_TOKEN_EXPIRED: "its time is over",
      UNSUPPORTED_VERSION: "the cluster's metadata version has no delegation tokens",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    hmac: about("What the token is proved by", bytes),
    expiryTimePeriodMs: about("In how long it expires; negative: it is removed", int64),
  },
  response: {
    errorCode,
    expiryTimestampMs: about("Until when the token is good", int64),
    throttleTimeMs,
  },
});

export type ExpireDelegationTokenRequest = RequestOf<typeof ExpireDelegationToken>;
export type ExpireDelegationTokenResponse = ResponseOf<typeof ExpireDelegationToken>;
