// AlterConfigs (key 33). Replaces all of a resource's configuration (KIP-133).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//
// Keys that are left out return to their defaults: IncrementalAlterConfigs is the safer one.

import {
  about,
  api,
  array,
  boolean,
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

export const AlterConfigs = api({
  key: 33,
  name: "AlterConfigs",
  versions: "0-2",
  flexible: "2+",
  about: "Replaces the whole configuration of something: keys left out return to their defaults.",
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
          "All keys that are to differ from the default",
          array({
            name: string,
            value: about("The value; null is the default", nullable(configValue)),
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

export type AlterConfigsRequest = RequestOf<typeof AlterConfigs>;
export type AlterConfigsResponse = ResponseOf<typeof AlterConfigs>;
