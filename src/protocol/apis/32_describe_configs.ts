// DescribeConfigs (key 32). Configuration of topics, brokers and other resources (KIP-133).
//
//   v0    whether a value is the default
//   v1    where a value comes from instead, and its synonyms (KIP-226)
//   v2    answered before throttling (KIP-219)
//   v3    types and documentation (KIP-569)
//   v4    flexible (KIP-482)

import {
  about,
  api,
  array,
  boolean,
  configResourceType,
  configSource,
  configType,
  configValue,
  defaultsTo,
  errorCode,
  essential,
  from,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
} from "../schema.ts";
import { clusterAccess, groupAccess, topicAccess } from "../shared_errors.ts";

const describeConfigsSynonym = {
  name: string,
  value: about("The value; null where it is a secret, or not set", nullable(configValue)),
  source: about("Where the value comes from", configSource),
};

export const DescribeConfigs = api({
  key: 32,
  name: "DescribeConfigs",
  versions: "0-4",
  flexible: "4+",
  about: "Tells the configuration of topics, brokers and groups, and where each value comes from.",
  errors: {
    results: {
      ...topicAccess,
      ...groupAccess,
      ...clusterAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic",
      INVALID_TOPIC_EXCEPTION: "no topic can have this name",
      INVALID_REQUEST: "the request names what has no configuration, or names it twice",
      INVALID_CONFIG: "the stored configuration is invalid",
    },
  },
  request: {
    resources: about(
      "What to tell the configuration of",
      array({
        resourceType: about("What has the configuration", configResourceType),
        resourceName: about(
          "The name of the topic or group, the id of the broker; empty is all brokers",
          string,
        ),
        configurationKeys: about("The keys to tell; null is all", nullable(array(string))),
      }),
    ),
    includeSynonyms: about("Tell the other sources of each value too", from(1, essential(boolean))),
    includeDocumentation: about("Tell what each key is for", from(3, essential(boolean))),
  },
  response: {
    throttleTimeMs,
    results: array({
      errorCode,
      errorMessage: nullable(string),
      resourceType: about("What has the configuration", configResourceType),
      resourceName: about(
        "The name of the topic or group, the id of the broker; empty is all brokers",
        string,
      ),
      configs: array({
        name: string,
        value: about("The value; null where it is a secret, or not set", nullable(configValue)),
        readOnly: about("Whether it can only be set in the broker's file", boolean),
        isDefault: about("Whether nobody has set it", until(0, boolean)),
        configSource: about("Where the value comes from", from(1, defaultsTo(-1, configSource))),
        isSensitive: about("Whether it is a secret, and its value null", boolean),
        synonyms: about(
          "All sources that have a value, the one in force first",
          from(1, array(describeConfigsSynonym)),
        ),
        configType: about("The type of the value", from(3, configType)),
        documentation: about("What the key is for", from(3, nullable(string))),
      }),
    }),
  },
});

export type DescribeConfigsRequest = RequestOf<typeof DescribeConfigs>;
export type DescribeConfigsResponse = ResponseOf<typeof DescribeConfigs>;
