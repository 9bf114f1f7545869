// SaslHandshake (key 17). The SASL mechanism that a connection is going to use (KIP-43).
//
//   v1    the exchange follows in SaslAuthenticate requests, not in bare frames (KIP-152)

import {
  about,
  api,
  array,
  errorCode,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";

export const SaslHandshake = api({
  key: 17,
  name: "SaslHandshake",
  versions: "0-1",
  flexible: "none",
  about: "Chooses the mechanism by which the client is going to say who it is.",
  errors: {
    response: {
      UNSUPPORTED_SASL_MECHANISM: "this listener has no such mechanism enabled",
      ILLEGAL_SASL_STATE: "this listener asks nobody to log in, or a login is under way",
    },
  },
  request: { mechanism: about("The mechanism, such as SCRAM-SHA-512", string) },
  response: { errorCode, mechanisms: about("The mechanisms that are enabled", array(string)) },
});

export type SaslHandshakeRequest = RequestOf<typeof SaslHandshake>;
export type SaslHandshakeResponse = ResponseOf<typeof SaslHandshake>;
