// SaslAuthenticate (key 36). One step of a SASL exchange (KIP-152).
//
//   v1    how long the session lasts before it has to be renewed (KIP-368)
//   v2    flexible (KIP-482)

import {
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
  request: { authBytes: bytes },
  response: {
    errorCode,
    errorMessage: nullable(string),
    authBytes: bytes,
    sessionLifetimeMs: from(1, int64),
  },
});

export type SaslAuthenticateRequest = RequestOf<typeof SaslAuthenticate>;
export type SaslAuthenticateResponse = ResponseOf<typeof SaslAuthenticate>;
