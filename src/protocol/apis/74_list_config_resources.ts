// ListConfigResources (key 74). The resources that have a configuration.
//
//   v0    those of client metrics alone, as ListClientMetricsResources (KIP-714)
//   v1    of any type, or all (KIP-1142)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int8,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const ListConfigResources = api({
  key: 74,
  name: "ListConfigResources",
  versions: "0-1",
  flexible: "0+",
  request: { resourceTypes: from(1, essential(array(int8))) },
  response: {
    throttleTimeMs,
    errorCode,
    configResources: array({ resourceName: string, resourceType: from(1, defaultsTo(16, int8)) }),
  },
});

export type ListConfigResourcesRequest = RequestOf<typeof ListConfigResources>;
export type ListConfigResourcesResponse = ResponseOf<typeof ListConfigResources>;
