// DescribeConfigs: the configuration of topics and brokers: values, where they come from, what they
// mean.
//
// Serves: 0-4.
// Behaviour: sensitive values are hidden (null). Named keys that do not exist are left out. Groups
//   and client metrics have no configuration of their own here: their list is empty.
// Versions: 1 sources and synonyms (KIP-226); 3 types and documentation (KIP-569); 4 flexible.

import { topicNameProblem } from "../../cluster/mod.ts";
import {
  DescribeConfigs,
  ErrorCode,
  type RequestOf,
  type ResponseInput,
} from "../../protocol/mod.ts";
import type { DescribedConfig } from "../config.ts";
import type { Broker } from "../broker.ts";
import { handler } from "../handler.ts";

type Resource = RequestOf<typeof DescribeConfigs>["resources"][number];
type Result = ResponseInput<typeof DescribeConfigs>["results"][number];

const resourceTypes = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 };

export const describeConfigs = handler(DescribeConfigs, {
  serves: "0-4",

  handle(request, { broker }) {
    const { includeSynonyms, includeDocumentation } = request;
    const results = request.resources.map((resource) => {
      const found = describe(resource, broker);
      if ("errorCode" in found) return failed(resource, found);
      const { configurationKeys: keys } = resource;
      const configs = found
        .filter(({ name }) => keys === null || keys.length === 0 || keys.includes(name))
        .map((each) => ({
          ...each,
          synonyms: includeSynonyms ? each.synonyms : [],
          documentation: includeDocumentation ? each.documentation : null,
        }));
      return { ...failed(resource, { errorCode: ErrorCode.NONE, errorMessage: null }), configs };
    });
    return { results };
  },
});

interface Failure {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

function failed({ resourceType, resourceName }: Resource, failure: Failure): Result {
  return { ...failure, resourceType, resourceName, configs: [] };
}

function describe(
  { resourceType, resourceName }: Resource,
  broker: Broker,
): readonly DescribedConfig[] | Failure {
  switch (resourceType) {
    case resourceTypes.topic: {
      const problem = topicNameProblem(resourceName);
      if (problem !== undefined) {
        return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: problem };
      }
      if (broker.metadata.image.topic(resourceName) === undefined) {
        const errorMessage = `topic ${resourceName} does not exist`;
        return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage };
      }
      return broker.config.describeTopic(broker.topics.configOverrides(resourceName));
    }
    case resourceTypes.broker: {
      if (resourceName !== "" && resourceName !== String(broker.nodeId)) {
        const errorMessage = `broker ${resourceName} is not this broker, ${broker.nodeId}`;
        return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
      }
      // An empty name asks for the cluster-wide defaults set dynamically: none today.
      return resourceName === "" ? [] : broker.config.describeBroker();
    }
    case resourceTypes.clientMetrics:
    case resourceTypes.group:
      return resourceName !== ""
        ? []
        : { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: "the resource has no name" };
    default: {
      const errorMessage = `resource type ${resourceType} has no configuration here`;
      return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
    }
  }
}
