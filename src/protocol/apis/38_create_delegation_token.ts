// CreateDelegationToken (key 38). A short-lived secret that stands for a user (KIP-48).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    on behalf of another owner (KIP-373)

import {
  about,
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
  about: "Makes a short-lived secret that stands for a user.",
  errors: {
    response: {
      DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: "the client has not said who it is, or only by a token",
      DELEGATION_TOKEN_AUTH_DISABLED: "delegation.token.secret.key is not set",
      DELEGATION_TOKEN_AUTHORIZATION_FAILED: "the client may make no tokens for that owner",
      INVALID_PRINCIPAL_TYPE: "a renewer is no user",
      POLICY_VIOLATION: "there are too many tokens already",
      UNSUPPORTED_VERSION: "the cluster's metadata version has no delegation tokens",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    ownerPrincipalType: about(
      "The type of the owner, such as User",
      from(3, essential(nullable(string))),
    ),
    ownerPrincipalName: about(
      "Whom the token is to stand for; null: who asks",
      from(3, essential(nullable(string))),
    ),
    renewers: about(
      "Who may put off its expiry, besides its owner",
      array({
        principalType: about("The type of the renewer, such as User", string),
        principalName: about("The name of the renewer", string),
      }),
    ),
    maxLifetimeMs: about("The longest that it can live; -1: as long as the broker allows", int64),
  },
  response: {
    errorCode,
    principalType: about("The type of the owner", string),
    principalName: about("Whom the token stands for", string),
    tokenRequesterPrincipalType: about("The type of who has asked for it", from(3, string)),
    tokenRequesterPrincipalName: about("Who has asked for it", from(3, string)),
    issueTimestampMs: about("When it was made", int64),
    expiryTimestampMs: about("Until when it is good", int64),
    maxTimestampMs: about("Until when it can be renewed", int64),
    tokenId: about("The id of the token: the user name of a login by it", string),
    hmac: about("What it is proved by: the password of a login by it", bytes),
    throttleTimeMs,
  },
});

export type CreateDelegationTokenRequest = RequestOf<typeof CreateDelegationToken>;
export type CreateDelegationTokenResponse = ResponseOf<typeof CreateDelegationToken>;
