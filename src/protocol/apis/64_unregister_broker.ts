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
import { clusterAccess } from "../shared_errors.ts";

export const UnregisterBroker = api({
  key: 64,
  name: "UnregisterBroker",
  versions: "0",
  flexible: "0+",
  about: "Forgets a broker that will not come back.",
  errors: {
    response: {
      ...clusterAccess,
      BROKER_ID_NOT_REGISTERED: "there is no such broker",
      INVALID_REQUEST: "the broker is this one, which is in use",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: { brokerId },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
  },
});

export type UnregisterBrokerRequest = RequestOf<typeof UnregisterBroker>;
export type UnregisterBrokerResponse = ResponseOf<typeof UnregisterBroker>;
