// IncrementalAlterConfigs (key 44). Sets, deletes, appends to or subtracts from single
// configuration keys (KIP-339).
//
//   v1    flexible (KIP-482)

import {
  api,
  array,
  boolean,
  configValue,
  errorCode,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const IncrementalAlterConfigs = api({
  key: 44,
  name: "IncrementalAlterConfigs",
  versions: "0-1",
  flexible: "1+",
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({ name: string, configOperation: int8, value: nullable(configValue) }),
    }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs,
    responses: array({
      errorCode,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
    }),
  },
});

export type IncrementalAlterConfigsRequest = RequestOf<typeof IncrementalAlterConfigs>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof IncrementalAlterConfigs>;
