// DescribeConfigs (key 32). Configuration of topics, brokers and other resources (KIP-133).
//
//   v0    whether a value is the default
//   v1    where a value comes from instead, and its synonyms (KIP-226)
//   v2    answered before throttling (KIP-219)
//   v3    types and documentation (KIP-569)
//   v4    flexible (KIP-482)

import {
  api,
  array,
  boolean,
  configValue,
  defaultsTo,
  errorCode,
  essential,
  from,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
} from "../schema.ts";

const describeConfigsSynonym = { name: string, value: nullable(configValue), source: int8 };

export const DescribeConfigs = api({
  key: 32,
  name: "DescribeConfigs",
  versions: "0-4",
  flexible: "4+",
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configurationKeys: nullable(array(string)),
    }),
    includeSynonyms: from(1, essential(boolean)),
    includeDocumentation: from(3, essential(boolean)),
  },
  response: {
    throttleTimeMs,
    results: array({
      errorCode,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullable(configValue),
        readOnly: boolean,
        isDefault: until(0, boolean),
        configSource: from(1, defaultsTo(-1, int8)),
        isSensitive: boolean,
        synonyms: from(1, array(describeConfigsSynonym)),
        configType: from(3, int8),
        documentation: from(3, nullable(string)),
      }),
    }),
  },
});

export type DescribeConfigsRequest = RequestOf<typeof DescribeConfigs>;
export type DescribeConfigsResponse = ResponseOf<typeof DescribeConfigs>;
