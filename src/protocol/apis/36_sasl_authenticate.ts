// SaslAuthenticate (key 36). One step of a SASL exchange (KIP-152).
//
//   v1    how long the session lasts before it has to be renewed (KIP-368)
//   v2    flexible (KIP-482)

import {
  about,
  api,
  bytes,
  errorCode,
  from,
  int64,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";

export const SaslAuthenticate = api({
  key: 36,
  name: "SaslAuthenticate",
  versions: "0-2",
  flexible: "2+",
  about: "Takes the exchange of the mechanism that was chosen one step further.",
  errors: {
    response: {
      SASL_AUTHENTICATION_FAILED: "the client has not proved who it is",
      ILLEGAL_SASL_STATE: "no mechanism was chosen, or the client is in already",
    },
  },
  request: { authBytes: about("What the mechanism has the client say", bytes) },
  response: {
    errorCode,
    errorMessage: nullable(string),
    authBytes: about("What the mechanism has the broker say", bytes),
    sessionLifetimeMs: about(
      "For how long the client is in before it has to say again who it is; 0 for ever",
      from(1, int64),
    ),
  },
});

export type SaslAuthenticateRequest = RequestOf<typeof SaslAuthenticate>;
export type SaslAuthenticateResponse = ResponseOf<typeof SaslAuthenticate>;
