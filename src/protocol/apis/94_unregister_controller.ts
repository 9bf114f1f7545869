// UnregisterController (key 94). Forgets a controller that will not come back.

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

export const UnregisterController = api({
  key: 94,
  name: "UnregisterController",
  versions: "0",
  flexible: "0+",
  request: { controllerId: brokerId },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
  },
});

export type UnregisterControllerRequest = RequestOf<typeof UnregisterController>;
export type UnregisterControllerResponse = ResponseOf<typeof UnregisterController>;
