// UnregisterBroker (key 64). Forgets a broker that will not come back (KIP-631).

import {
  api,
  brokerId,
  errorCode,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const UnregisterBroker = api({
  key: 64,
  name: "UnregisterBroker",
  versions: "0",
  flexible: "0+",
  request: { brokerId },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
  },
});

export type UnregisterBrokerRequest = RequestOf<typeof UnregisterBroker>;
export type UnregisterBrokerResponse = ResponseOf<typeof UnregisterBroker>;
