// ListConfigResources (key 74). The resources that have a configuration.
//
//   v0    those of client metrics alone, as ListClientMetricsResources (KIP-714)
//   v1    of any type, or all (KIP-1142)

import {
  about,
  api,
  array,
  configResourceType,
  defaultsTo,
  errorCode,
  essential,
  from,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const ListConfigResources = api({
  key: 74,
  name: "ListConfigResources",
  versions: "0-1",
  flexible: "0+",
  about: "Lists what has a configuration.",
  errors: {
    response: { ...clusterAccess, UNSUPPORTED_VERSION: "there is no such type of resource" },
  },
  request: {
    resourceTypes: about(
      "Only resources of these types; empty is all",
      from(1, essential(array(configResourceType))),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    configResources: array({
      resourceName: about("The name of the topic or group, the id of the broker", string),
      resourceType: about(
        "What has the configuration",
        from(1, defaultsTo(16, configResourceType)),
      ),
    }),
  },
});

export type ListConfigResourcesRequest = RequestOf<typeof ListConfigResources>;
export type ListConfigResourcesResponse = ResponseOf<typeof ListConfigResources>;
