// Questions about configuration and the cluster.

import {
  ApiVersions,
  DescribeCluster,
  DescribeConfigs,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import type { Scenario } from "../differential.ts";
import { byName } from "./topics.ts";

type ConfigAnswer = ResponseOf<typeof DescribeConfigs>;

/** By name, and without what depends on the machine and the start. */
function described(answer: ConfigAnswer) {
  return answer.results.map(({ configs, ...result }) => ({ ...result, configs: byName(configs) }));
}

const topicType = 2;
const brokerType = 4;

const describeScenarios: Scenario[] = [
  {
    about: DescribeConfigs,
    name: "a topic's configuration",
    async run(talk) {
      const configs = { "retention.ms": "1000", "cleanup.policy": "compact,delete" };
      await talk.createTopic({ configs });
      const resource = {
        resourceType: topicType,
        resourceName: talk.topic,
        configurationKeys: null,
      };
      const o = talk.version >= 1 ? { includeSynonyms: true } : {};
      await talk.ask(DescribeConfigs, { resources: [resource], ...o }, { look: described });
    },
  },
  {
    about: DescribeConfigs,
    name: "named keys",
    async run(talk) {
      await talk.createTopic();
      for (const keys of [["retention.ms", "no.such.key"], [], ["segment.bytes"]]) {
        const resource = {
          resourceType: topicType,
          resourceName: talk.topic,
          configurationKeys: keys,
        };
        await talk.ask(DescribeConfigs, { resources: [resource] }, { look: described });
      }
    },
  },
  {
    about: DescribeConfigs,
    name: "the broker's configuration",
    async run(talk) {
      const resource = { resourceType: brokerType, resourceName: "1", configurationKeys: null };
      const o = talk.version >= 1 ? { includeSynonyms: true } : {};
      await talk.ask(DescribeConfigs, { resources: [resource], ...o }, { look: described });
    },
  },
  {
    about: DescribeConfigs,
    name: "resources that are not there",
    async run(talk) {
      const tries: [number, string][] = [
        [topicType, `${talk.topic}-missing`],
        [topicType, ""],
        [topicType, "a b"],
        [brokerType, ""],
        [brokerType, "2"],
        [brokerType, "x"],
        [8, ""],
        [8, "2"],
        [8, "x"],
        [0, "x"],
        [16, "metrics"],
        [16, ""],
        [32, ""],
        [32, "x"],
        [99, "x"],
      ];
      for (const [resourceType, resourceName] of tries) {
        const resource = { resourceType, resourceName, configurationKeys: null };
        await talk.ask(DescribeConfigs, { resources: [resource] }, { look: described });
      }
    },
  },
];

const clusterScenarios: Scenario[] = [
  {
    about: DescribeCluster,
    name: "the cluster",
    async run(talk) {
      const asked = { includeClusterAuthorizedOperations: true };
      await talk.ask(DescribeCluster, asked);
      await talk.ask(DescribeCluster, { includeClusterAuthorizedOperations: false });
    },
  },
  {
    about: DescribeCluster,
    name: "other endpoints",
    versions: { min: 1 },
    async run(talk) {
      for (const endpointType of [0, 2, 3]) {
        const asked = { includeClusterAuthorizedOperations: false, endpointType };
        await talk.ask(DescribeCluster, asked);
      }
    },
  },
  {
    about: ApiVersions,
    name: "good and bad client software",
    async run(talk) {
      const look = (answer: ResponseOf<typeof ApiVersions>) => ({
        ...answer,
        apiKeys: answer.apiKeys.length > 0 ? "list" : [],
        supportedFeatures: answer.supportedFeatures.map(({ name }) => name).sort(),
        finalizedFeatures: answer.finalizedFeatures.map(({ name }) => name).sort(),
        finalizedFeaturesEpoch: answer.finalizedFeaturesEpoch >= 0,
      });
      for (const name of ["test", "", "a b", "-a", "a.b-c", "a_b"]) {
        const software = { clientSoftwareName: name, clientSoftwareVersion: "1.0" };
        await talk.ask(ApiVersions, software, { look });
      }
    },
  },
];

export const configScenarios: readonly Scenario[] = [...describeScenarios, ...clusterScenarios];
