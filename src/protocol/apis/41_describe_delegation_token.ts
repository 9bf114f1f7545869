// DescribeDelegationToken (key 41). The delegation tokens of some owners, or all (KIP-48).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    who asked for a token, where that is not its owner (KIP-373)

import {
  about,
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
  about: "The delegation tokens of some owners, or all that the client may see.",
  errors: {
    response: {
      DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: "the client has not said who it is, or only by a token",
      DELEGATION_TOKEN_AUTH_DISABLED: "delegation.token.secret.key is not set",
    },
  },
  request: {
    owners: about(
      "Whose tokens are asked for; null: everybody's",
      nullable(array({
        principalType: about("The type of the owner, such as User", string),
        principalName: about("The name of the owner", string),
      })),
    ),
  },
  response: {
    errorCode,
    tokens: about(
      "The tokens",
      array({
        principalType: about("The type of the owner", string),
        principalName: about("Whom the token stands for", string),
        tokenRequesterPrincipalType: about("The type of who has asked for it", from(3, string)),
        tokenRequesterPrincipalName: about("Who has asked for it", from(3, string)),
        issueTimestamp: about("When it was made", int64),
        expiryTimestamp: about("Until when it is good", int64),
        maxTimestamp: about("Until when it can be renewed", int64),
        tokenId: about("The id of the token", string),
        hmac: about("What it is proved by", bytes),
        renewers: about(
          "Who may put off its expiry, besides its owner",
          array({
            principalType: about("The type of the renewer", string),
            principalName: about("The name of the renewer", string),
          }),
        ),
      }),
    ),
    throttleTimeMs,
  },
});

export type DescribeDelegationTokenRequest = RequestOf<typeof DescribeDelegationToken>;
export type DescribeDelegationTokenResponse = ResponseOf<typeof DescribeDelegationToken>;
