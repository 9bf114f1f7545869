// Questions about changes of configuration, and what is described after them.
//
// Both brokers are shared by all scenarios: a broker's own keys are only validated, and what is
// set is set on topics, groups and subscriptions of the scenario's own.

import { AlterConfigs } from "../../../src/protocol/apis/33_alter_configs.ts";
import {
  IncrementalAlterConfigs,
} from "../../../src/protocol/apis/44_incremental_alter_configs.ts";
import { DescribeConfigs, type RequestInput, type ResponseOf } from "../../../src/protocol/mod.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";

export const resourceTypes = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const;

const operations = { set: 0, delete: 1, append: 2, subtract: 3, unknown: 4 } as const;

type Operation = readonly [name: string, operation: keyof typeof operations, value: string | null];
type Setting = readonly [name: string, value: string | null];
type IncrementalInput = RequestInput<typeof IncrementalAlterConfigs>;
type IncrementalResource = IncrementalInput["resources"][number];
type AlterResource = RequestInput<typeof AlterConfigs>["resources"][number];

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

function topicOf(talk: Talk): Resource {
  return { resourceType: resourceTypes.topic, resourceName: talk.topic };
}

function byResource(answer: ResponseOf<typeof AlterConfigs>) {
  return sortedBy(
    answer.responses,
    (each) => `${each.resourceType} ${each.resourceName} ${each.errorCode}`,
  );
}

function incremental(resource: Resource, changes: readonly Operation[]): IncrementalResource {
  const configs = changes.map(([name, operation, value]) => {
    return { name, configOperation: operations[operation], value };
  });
  return { ...resource, configs };
}

function replacing(resource: Resource, settings: readonly Setting[]): AlterResource {
  return { ...resource, configs: settings.map(([name, value]) => ({ name, value })) };
}

async function change(
  talk: Talk,
  resources: IncrementalResource[],
  { validateOnly = false } = {},
): Promise<void> {
  await talk.ask(IncrementalAlterConfigs, { resources, validateOnly }, { look: byResource });
}

async function replace(
  talk: Talk,
  resources: AlterResource[],
  { validateOnly = false } = {},
): Promise<void> {
  await talk.ask(AlterConfigs, { resources, validateOnly }, { look: byResource });
}

/** What is set on `resource`: the metadata that leads a new topic has all changes before it. */
async function showSet(talk: Talk, resource: Resource): Promise<void> {
  await talk.createTopic({ name: `${talk.topic}-after-${talk.entries.length}` });
  const look = (answer: ResponseOf<typeof DescribeConfigs>) =>
    answer.results.map(({ configs, ...result }) => ({
      ...result,
      configs: Object.fromEntries(
        configs.filter(({ configSource }) => configSource === 1 || configSource > 5)
          .map(({ name, value, configSource }) => [name, { value, configSource }]),
      ),
    }));
  const asked = { ...resource, configurationKeys: null };
  await talk.ask(DescribeConfigs, { resources: [asked] }, { look });
}

/** Each on a topic of its own setting, `retention.ms` and two policies. */
const topicChanges: readonly (readonly Operation[])[] = [
  [["retention.ms", "set", "2000"]],
  [["retention.ms", "set", "2000"], ["segment.bytes", "set", "2097152"]],
  [["retention.ms", "delete", null]],
  [["retention.ms", "delete", "ignored"]],
  [["segment.bytes", "delete", null]],
  [["cleanup.policy", "append", "compact"]],
  [["cleanup.policy", "append", "delete"]],
  [["cleanup.policy", "subtract", "delete"]],
  [["cleanup.policy", "append", "shred"]],
  [["cleanup.policy", "subtract", "shred"]],
  [["cleanup.policy", "append", "compact,delete"]],
  [["cleanup.policy", "subtract", "compact,delete"]],
  [["retention.ms", "append", "1"]],
  [["retention.ms", "subtract", "1"]],
  [["no.such.key", "set", "1"]],
  [["no.such.key", "delete", null]],
  [["no.such.key", "append", "1"]],
  [["", "set", "1"]],
  [["retention.ms", "set", null]],
  [["cleanup.policy", "append", null]],
  [["retention.ms", "set", ""]],
  [["retention.ms", "set", "abc"]],
  [["retention.ms", "set", "-2"]],
  [["retention.ms", "set", " 3000 "]],
  [["retention.ms", "unknown", "1"]],
  [["retention.ms", "set", "1"], ["retention.ms", "set", "2"]],
  [["retention.ms", "set", "1"], ["retention.ms", "delete", null]],
  [["retention.ms", "set", "1"], ["no.such.key", "set", "2"]],
  [["segment.bytes", "set", "1"]],
  [["max.message.bytes", "set", "-1"]],
  [["min.insync.replicas", "set", "0"]],
  [["min.insync.replicas", "set", "9"]],
  [["compression.type", "set", "brotli"]],
  [["compression.type", "set", "zstd"], ["compression.zstd.level", "set", "23"]],
  [["compression.gzip.level", "set", "0"]],
  [["message.timestamp.type", "set", "LogAppendTime"]],
  [["unclean.leader.election.enable", "set", "TRUE"]],
  [["preallocate", "set", "maybe"]],
  [["min.compaction.lag.ms", "set", "10"], ["max.compaction.lag.ms", "set", "5"]],
  [["local.retention.ms", "set", "5"]],
  [["remote.storage.enable", "set", "true"]],
  [["leader.replication.throttled.replicas", "set", "*"]],
  [["leader.replication.throttled.replicas", "append", "0:1"]],
  [["leader.replication.throttled.replicas", "set", "nonsense"]],
  [["leader.replication.throttled.replicas", "set", "none"]],
  [["leader.replication.throttled.replicas", "set", "0:1,1:1"]],
  [["leader.replication.throttled.replicas", "append", "2:1"]],
  [["leader.replication.throttled.replicas", "subtract", "0:1,1:1,2:1"]],
  [["message.format.version", "set", "3.0"]],
  [["flush.messages", "set", "1"], ["flush.ms", "set", "1000"]],
  [["retention.bytes", "set", "9223372036854775807"]],
  [["retention.bytes", "set", "9223372036854775808"]],
  [["segment.jitter.ms", "set", "-1"]],
  [["min.cleanable.dirty.ratio", "set", "1.5"]],
  [],
];

const otherResources: readonly Resource[] = [
  { resourceType: resourceTypes.topic, resourceName: "no-such-topic" },
  { resourceType: resourceTypes.topic, resourceName: "" },
  { resourceType: resourceTypes.topic, resourceName: "a b" },
  { resourceType: resourceTypes.broker, resourceName: "2" },
  { resourceType: resourceTypes.broker, resourceName: "-1" },
  { resourceType: resourceTypes.broker, resourceName: "x" },
  { resourceType: resourceTypes.brokerLogger, resourceName: "" },
  { resourceType: resourceTypes.brokerLogger, resourceName: "2" },
  { resourceType: resourceTypes.clientMetrics, resourceName: "" },
  { resourceType: resourceTypes.group, resourceName: "" },
  { resourceType: 0, resourceName: "x" },
  { resourceType: 99, resourceName: "x" },
];

const brokerChanges: readonly (readonly Operation[])[] = [
  [["log.retention.ms", "set", "1000000"]],
  [["log.retention.ms", "set", "abc"]],
  [["log.retention.ms", "delete", null]],
  [["message.max.bytes", "set", "-1"]],
  [["broker.id", "set", "5"]],
  [["log.dirs", "set", "/nowhere"]],
  [["num.partitions", "set", "5"]],
  [["log.cleanup.policy", "append", "compact"]],
  [["log.cleanup.policy", "set", "shred"]],
  [["log.retention.ms", "append", "1"]],
  [["auto.create.topics.enable", "set", "false"]],
  [["max.connections", "set", "100"]],
  [["min.insync.replicas", "set", "1"]],
  [["unclean.leader.election.enable", "set", "true"]],
  [["leader.replication.throttled.rate", "set", "1000"]],
  [["follower.replication.throttled.rate", "delete", null]],
];

const groupChanges: readonly (readonly Operation[])[] = [
  [["consumer.session.timeout.ms", "set", "50000"]],
  [["consumer.session.timeout.ms", "set", "1"]],
  [["consumer.session.timeout.ms", "set", "x"]],
  [["consumer.heartbeat.interval.ms", "set", "5000"]],
  [["share.auto.offset.reset", "set", "earliest"]],
  [["share.auto.offset.reset", "set", "sometime"]],
  [["no.such.key", "set", "1"]],
  [["consumer.session.timeout.ms", "append", "1"]],
  [["consumer.session.timeout.ms", "delete", null]],
];

const metricsChanges: readonly (readonly Operation[])[] = [
  [["interval.ms", "set", "1000"], ["metrics", "set", "org.apache.kafka.producer."]],
  [["metrics", "append", "org.apache.kafka.consumer."]],
  [["interval.ms", "set", "1"]],
  [["interval.ms", "set", "x"]],
  [["interval.ms", "set", "9999999"]],
  [["match", "set", "client_id=.*"]],
  [["match", "set", "nonsense"]],
  [["match", "set", "client_id=["]],
  [["no.such.key", "set", "1"]],
  [["interval.ms", "delete", null]],
];

const incrementalScenarios: Scenario[] = [
  {
    about: IncrementalAlterConfigs,
    name: "keys of a topic, one change after another",
    async run(talk) {
      const configs = { "retention.ms": "1000", "cleanup.policy": "delete" };
      await talk.createTopic({ configs });
      for (const one of topicChanges) await change(talk, [incremental(topicOf(talk), one)]);
      await showSet(talk, topicOf(talk));
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "lists",
    async run(talk) {
      const lists: (readonly [Operation, string])[] = [
        [["cleanup.policy", "append", "compact"], "delete"],
        [["cleanup.policy", "append", "compact"], "compact"],
        [["cleanup.policy", "append", "delete,compact"], "delete"],
        [["cleanup.policy", "subtract", "delete"], "compact,delete"],
        [["cleanup.policy", "subtract", "delete"], "delete"],
        [["cleanup.policy", "subtract", "compact"], "delete"],
        [["cleanup.policy", "append", " compact , delete "], "delete"],
        [["cleanup.policy", "append", ""], "delete"],
        [["cleanup.policy", "subtract", ""], "delete"],
      ];
      for (const [index, [one, policy]] of lists.entries()) {
        const name = `${talk.topic}-${index}`;
        await talk.createTopic({ name, configs: { "cleanup.policy": policy } });
        const resource = { ...topicOf(talk), resourceName: name };
        await change(talk, [incremental(resource, [one])]);
        await showSet(talk, resource);
      }
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "what is not set",
    async run(talk) {
      await talk.createTopic();
      await change(talk, [
        incremental(topicOf(talk), [
          ["cleanup.policy", "append", "compact"],
          ["follower.replication.throttled.replicas", "append", "0:1"],
          ["leader.replication.throttled.replicas", "subtract", "0:1"],
          ["retention.ms", "delete", null],
        ]),
      ]);
      await showSet(talk, topicOf(talk));
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "resources: good with bad, twice, none",
    async run(talk) {
      await talk.createTopic();
      const good = incremental(topicOf(talk), [["retention.ms", "set", "5"]]);
      const bad = otherResources.map((each) => incremental(each, [["retention.ms", "set", "5"]]));
      await change(talk, [...bad, good]);
      await change(talk, [good, good]);
      await change(talk, []);
      await change(talk, otherResources.map((each) => incremental(each, [])));
      await showSet(talk, topicOf(talk));
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "only validated",
    async run(talk) {
      await talk.createTopic({ configs: { "retention.ms": "1000" } });
      const validateOnly = true;
      const resource = topicOf(talk);
      await change(talk, [incremental(resource, [["retention.ms", "set", "5"]])], { validateOnly });
      await change(talk, [incremental(resource, [["retention.ms", "set", "x"]])], { validateOnly });
      await change(talk, [incremental(resource, [["retention.ms", "delete", null]])], {
        validateOnly,
      });
      await showSet(talk, resource);
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "keys of a broker, only validated",
    async run(talk) {
      for (const resourceName of ["1", ""]) {
        const resource = { resourceType: resourceTypes.broker, resourceName };
        for (const one of brokerChanges) {
          await change(talk, [incremental(resource, one)], { validateOnly: true });
        }
      }
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "keys of a group",
    async run(talk) {
      const resource = { resourceType: resourceTypes.group, resourceName: talk.group };
      for (const one of groupChanges) await change(talk, [incremental(resource, one)]);
      await showSet(talk, resource);
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "keys of a subscription to client metrics",
    async run(talk) {
      const resource = { resourceType: resourceTypes.clientMetrics, resourceName: talk.group };
      for (const one of metricsChanges) await change(talk, [incremental(resource, one)]);
      await showSet(talk, resource);
    },
  },
];

/** What a key of the broker is, with its synonyms, once `value` is in force. */
async function showKey(talk: Talk, name: string, value: string): Promise<void> {
  const asked = { resourceType: resourceTypes.broker, resourceName: "1" };
  const resources = [{ ...asked, configurationKeys: [name] }];
  await talk.until(async () => {
    const answer = await talk.need(DescribeConfigs, { resources, includeSynonyms: true });
    return answer.results[0].configs[0]?.value === value;
  });
  await talk.ask(DescribeConfigs, { resources, includeSynonyms: true }, { look: withSources });
}

/** Values, sources and the synonyms that are in the same unit. */
function withSources(answer: ResponseOf<typeof DescribeConfigs>) {
  return answer.results.map(({ configs, ...result }) => ({
    ...result,
    configs: configs.map(({ name, value, configSource, synonyms }) => ({
      name,
      value,
      configSource,
      synonyms: synonyms.filter(({ source }) => source < 4),
    })),
  }));
}

const shownKeys = ["log.retention.ms", "message.max.bytes", "log.cleanup.policy"] as const;

/** On a broker that nobody else's requests depend on, and at one version: they are the broker's. */
const brokerScenarios: Scenario[] = [
  {
    about: IncrementalAlterConfigs,
    name: "keys of a broker and of all brokers, in force",
    broker: "strict",
    versions: { min: 1 },
    async run(talk) {
      const one = { resourceType: resourceTypes.broker, resourceName: "1" };
      const all = { ...one, resourceName: "" };
      await talk.createTopic();
      await change(talk, [incremental(all, [
        ["log.retention.ms", "set", "5000000"],
        ["message.max.bytes", "set", "2000000"],
        ["log.cleanup.policy", "append", "compact"],
      ])]);
      await showKey(talk, "log.retention.ms", "5000000");
      await change(talk, [incremental(one, [["log.retention.ms", "set", "6000000"]])]);
      await showKey(talk, "log.retention.ms", "6000000");
      await showKey(talk, "message.max.bytes", "2000000");
      await showKey(talk, "log.cleanup.policy", "delete,compact");
      const names = ["retention.ms", "max.message.bytes", "cleanup.policy"];
      const resources = [
        { ...topicOf(talk), configurationKeys: names },
        { ...all, configurationKeys: null },
        { ...all, configurationKeys: ["log.retention.ms"] },
      ];
      const o = { includeSynonyms: true };
      const look = (answer: ResponseOf<typeof DescribeConfigs>) =>
        withSources(answer).map(({ configs, ...result }) => ({
          ...result,
          // Kafka sets min.insync.replicas for all brokers by itself.
          configs: sortedBy(configs, ({ name }) => name)
            .filter(({ name }) => name !== "min.insync.replicas"),
        }));
      await talk.ask(DescribeConfigs, { resources, ...o }, { look });
      await change(talk, [incremental(one, [["log.retention.ms", "delete", null]])]);
      await showKey(talk, "log.retention.ms", "5000000");
      await change(talk, [
        incremental(all, shownKeys.map((name) => [name, "delete", null] as const)),
      ]);
      await showKey(talk, "message.max.bytes", "1048588");
      await showKey(talk, "log.cleanup.policy", "delete");
      await talk.ask(DescribeConfigs, { resources, ...o }, { look });
    },
  },
  {
    about: IncrementalAlterConfigs,
    name: "throttles of a reassignment",
    broker: "strict",
    versions: { min: 1 },
    async run(talk) {
      const one = { resourceType: resourceTypes.broker, resourceName: "1" };
      const rates = ["leader.replication.throttled.rate", "follower.replication.throttled.rate"];
      await change(talk, [incremental(one, rates.map((name) => [name, "set", "1000000"]))]);
      for (const name of rates) await showKey(talk, name, "1000000");
      await change(talk, [incremental(one, rates.map((name) => [name, "delete", null]))]);
    },
  },
];

/** Of AlterConfigs: all that a topic has set from then on, or why not. */
const topicSettings: readonly (readonly Setting[])[] = [
  [["segment.bytes", "2097152"]],
  [["retention.ms", "abc"]],
  [["no.such.key", "1"]],
  [["retention.ms", null]],
  [["retention.ms", "1"], ["retention.ms", "2"]],
  [["retention.ms", "1"], ["no.such.key", "2"]],
  [["cleanup.policy", "compact,delete"]],
  [["cleanup.policy", ""]],
];

const alterScenarios: Scenario[] = [
  {
    about: AlterConfigs,
    name: "all of a topic, one change after another",
    async run(talk) {
      await talk.createTopic({ configs: { "retention.ms": "1000" } });
      for (const one of topicSettings) {
        await replace(talk, [replacing(topicOf(talk), one)]);
        await showSet(talk, topicOf(talk));
      }
      await replace(talk, [replacing(topicOf(talk), [])], { validateOnly: true });
      await showSet(talk, topicOf(talk));
      await replace(talk, [replacing(topicOf(talk), [])]);
      await showSet(talk, topicOf(talk));
    },
  },
  {
    about: AlterConfigs,
    name: "resources: good with bad, none",
    async run(talk) {
      await talk.createTopic();
      const good = replacing(topicOf(talk), [["retention.ms", "5"]]);
      await replace(talk, [replacing(otherResources[0], [["retention.ms", "5"]]), good]);
      // One at a time, none twice: Kafka never answers some of them that come together.
      for (const each of otherResources) {
        await replace(talk, [replacing(each, [["retention.ms", "5"]])]);
        await replace(talk, [replacing(each, [])]);
      }
      await replace(talk, []);
    },
  },
  {
    about: AlterConfigs,
    name: "keys of a broker, only validated",
    async run(talk) {
      const resource = { resourceType: resourceTypes.broker, resourceName: "1" };
      for (const one of brokerChanges) {
        const settings = one.map(([name, _, value]) => [name, value] as const);
        await replace(talk, [replacing(resource, settings)], { validateOnly: true });
      }
    },
  },
];

const documentationScenarios: Scenario[] = [
  {
    about: DescribeConfigs,
    name: "documentation of a topic's keys",
    versions: { min: 3 },
    async run(talk) {
      await talk.createTopic();
      const look = (answer: ResponseOf<typeof DescribeConfigs>) =>
        Object.fromEntries(
          answer.results[0].configs.map((each) => [each.name, {
            type: each.configType,
            isDocumented: Boolean(each.documentation),
          }]),
        );
      for (const includeDocumentation of [true, false]) {
        const resources = [{ ...topicOf(talk), configurationKeys: null }];
        await talk.ask(DescribeConfigs, { resources, includeDocumentation }, { look });
      }
    },
  },
  {
    about: DescribeConfigs,
    name: "a resource twice, and with others",
    async run(talk) {
      await talk.createTopic();
      const look = (answer: ResponseOf<typeof DescribeConfigs>) =>
        answer.results.map(({ configs, ...rest }) => ({ ...rest, count: configs.length }));
      const configurationKeys = ["retention.ms"];
      const good = { ...topicOf(talk), configurationKeys };
      const missing = { ...good, resourceName: `${talk.topic}-missing` };
      await talk.ask(DescribeConfigs, { resources: [good, missing, good] }, { look });
      await talk.ask(DescribeConfigs, { resources: [] }, { look });
    },
  },
];

export const changeScenarios: readonly Scenario[] = [
  ...incrementalScenarios,
  ...brokerScenarios,
  ...alterScenarios,
  ...documentationScenarios,
];
