// IncrementalAlterConfigs (key 44). Sets, deletes, appends to or subtracts from single
// configuration keys (KIP-339).
//
//   v1    flexible (KIP-482)

import {
  about,
  api,
  array,
  boolean,
  configOperation,
  configResourceType,
  configValue,
  errorCode,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess, groupAccess, topicAccess } from "../shared_errors.ts";

export const IncrementalAlterConfigs = api({
  key: 44,
  name: "IncrementalAlterConfigs",
  versions: "0-1",
  flexible: "1+",
  about: "Sets, deletes, appends to or subtracts from single keys of a configuration.",
  errors: {
    responses: {
      ...topicAccess,
      ...groupAccess,
      ...clusterAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic",
      INVALID_TOPIC_EXCEPTION: "no topic can have this name",
      INVALID_REQUEST: "the request names what has no configuration, or names it twice",
      INVALID_CONFIG: "a key is unknown, or its value invalid",
      POLICY_VIOLATION: "a policy of the broker forbids it",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    resources: about(
      "What to configure",
      array({
        resourceType: about("What has the configuration", configResourceType),
        resourceName: about(
          "The name of the topic or group, the id of the broker; empty is all brokers",
          string,
        ),
        configs: about(
          "The keys to change",
          array({
            name: string,
            configOperation: about("What to do with the key", configOperation),
            value: about("The value; null to delete", nullable(configValue)),
          }),
        ),
      }),
    ),
    validateOnly: about("Only say whether it would work", boolean),
  },
  response: {
    throttleTimeMs,
    responses: array({
      errorCode,
      errorMessage: nullable(string),
      resourceType: about("What has the configuration", configResourceType),
      resourceName: about(
        "The name of the topic or group, the id of the broker; empty is all brokers",
        string,
      ),
    }),
  },
});

export type IncrementalAlterConfigsRequest = RequestOf<typeof IncrementalAlterConfigs>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof IncrementalAlterConfigs>;
