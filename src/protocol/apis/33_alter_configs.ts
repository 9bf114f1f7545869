// AlterConfigs (key 33). Replaces all of a resource's configuration (KIP-133).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//
// Keys that are left out return to their defaults: IncrementalAlterConfigs is the safer one.

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

export const AlterConfigs = api({
  key: 33,
  name: "AlterConfigs",
  versions: "0-2",
  flexible: "2+",
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({ name: string, value: nullable(configValue) }),
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

export type AlterConfigsRequest = RequestOf<typeof AlterConfigs>;
export type AlterConfigsResponse = ResponseOf<typeof AlterConfigs>;
