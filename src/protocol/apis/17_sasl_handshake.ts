// SaslHandshake (key 17). The SASL mechanism that a connection is going to use (KIP-43).
//
//   v1    the exchange follows in SaslAuthenticate requests, not in bare frames (KIP-152)

import { api, array, errorCode, type RequestOf, type ResponseOf, string } from "../schema.ts";

export const SaslHandshake = api({
  key: 17,
  name: "SaslHandshake",
  versions: "0-1",
  flexible: "none",
  request: { mechanism: string },
  response: { errorCode, mechanisms: array(string) },
});

export type SaslHandshakeRequest = RequestOf<typeof SaslHandshake>;
export type SaslHandshakeResponse = ResponseOf<typeof SaslHandshake>;
