// Questions about where partitions are and who leads them, and about the cluster as a whole.

import type { ProducerId } from "../../../src/base/ids.ts";
import { AlterReplicaLogDirs } from "../../../src/protocol/apis/34_alter_replica_log_dirs.ts";
import { DescribeLogDirs } from "../../../src/protocol/apis/35_describe_log_dirs.ts";
import { ElectLeaders } from "../../../src/protocol/apis/43_elect_leaders.ts";
import {
  IncrementalAlterConfigs,
} from "../../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  AlterPartitionReassignments,
} from "../../../src/protocol/apis/45_alter_partition_reassignments.ts";
import {
  ListPartitionReassignments,
} from "../../../src/protocol/apis/46_list_partition_reassignments.ts";
import { DescribeQuorum } from "../../../src/protocol/apis/55_describe_quorum.ts";
import { UpdateFeatures } from "../../../src/protocol/apis/57_update_features.ts";
import { DescribeProducers } from "../../../src/protocol/apis/61_describe_producers.ts";
import { UnregisterBroker } from "../../../src/protocol/apis/64_unregister_broker.ts";
import { ListConfigResources } from "../../../src/protocol/apis/74_list_config_resources.ts";
import {
  InitProducerId,
  Produce,
  type RequestInput,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";
import { batch } from "./batches.ts";
import { resourceTypes } from "./changes.ts";

async function produce(talk: Talk, topicId: string, records: Uint8Array): Promise<void> {
  const topicData = [{ name: talk.topic, topicId, partitionData: [{ index: 0, records }] }];
  await talk.need(Produce, { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData });
}

type LogDirsInput = RequestInput<typeof DescribeLogDirs>;

/** Each folder's room and path are its machine's. */
function withoutFolders(talk: Talk) {
  return ({ results, ...answer }: ResponseOf<typeof DescribeLogDirs>) => ({
    ...answer,
    results: results.map((folder) => ({
      ...folder,
      logDir: folder.logDir.length > 0,
      totalBytes: Math.sign(Number(folder.totalBytes)),
      usableBytes: Math.sign(Number(folder.usableBytes)),
      topics: sortedBy(
        folder.topics.filter(({ name }) => name.startsWith(talk.topic)),
        ({ name }) => name,
      ).map((topic) => ({
        ...topic,
        partitions: sortedBy(topic.partitions, ({ partitionIndex }) => partitionIndex),
      })),
    })),
  });
}

const folderScenarios: Scenario[] = [
  {
    about: DescribeLogDirs,
    name: "all partitions, some, and ones that are not there",
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 2 });
      await produce(talk, topicId, batch(["a", "b"]));
      const { topic } = talk;
      const tries: LogDirsInput["topics"][] = [
        null,
        [],
        [{ topic, partitions: [0, 1] }],
        [{ topic, partitions: [1] }],
        [{ topic, partitions: [7, -1] }],
        [{ topic, partitions: [] }],
        [{ topic: `${topic}-missing`, partitions: [0] }],
        [{ topic: "", partitions: [0] }],
        [{ topic, partitions: [0, 0] }],
        [{ topic, partitions: [0] }, { topic, partitions: [1] }],
      ];
      for (const topics of tries) {
        await talk.ask(DescribeLogDirs, { topics }, { look: withoutFolders(talk) });
      }
    },
  },
  {
    about: AlterReplicaLogDirs,
    name: "to folders that are there, and are not",
    async run(talk) {
      await talk.createTopic();
      const described = await talk.need(DescribeLogDirs, { topics: null });
      const here = described.results[0].logDir;
      const topics = [{ name: talk.topic, partitions: [0] }];
      const tries = [
        { path: here, topics },
        { path: "/no/such/folder", topics },
        { path: "relative", topics },
        { path: "", topics },
        { path: here, topics: [{ name: `${talk.topic}-missing`, partitions: [0] }] },
        { path: here, topics: [{ name: talk.topic, partitions: [7] }] },
        { path: here, topics: [] },
      ];
      for (const one of tries) await talk.ask(AlterReplicaLogDirs, { dirs: [one] });
      await talk.ask(AlterReplicaLogDirs, { dirs: [] });
    },
  },
];

const producerScenarios: Scenario[] = [
  {
    about: DescribeProducers,
    name: "of partitions with and without, and of none",
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 2 });
      const asked = { transactionalId: null, transactionTimeoutMs: 60_000 };
      let id: ProducerId = -1;
      await talk.until(async () => {
        id = (await talk.need(InitProducerId, asked, { version: 4 })).producerId;
        return id >= 0;
      });
      const by = { producerId: id, producerEpoch: 3 };
      await produce(talk, topicId, batch(["a", "b"], { ...by, baseSequence: 0 }));
      await produce(talk, topicId, batch(["c"], { ...by, baseSequence: 2 }));
      await produce(talk, topicId, batch(["not idempotent"]));
      const name = talk.topic;
      const tries = [
        [{ name, partitionIndexes: [0, 1] }],
        [{ name, partitionIndexes: [7, -1] }],
        [{ name, partitionIndexes: [] }],
        [{ name: `${name}-missing`, partitionIndexes: [0] }],
        [{ name: "", partitionIndexes: [0] }],
        [{ name: "a b", partitionIndexes: [0] }],
        [{ name, partitionIndexes: [0] }, { name, partitionIndexes: [1] }],
        [],
      ];
      for (const topics of tries) await talk.ask(DescribeProducers, { topics });
    },
  },
];

const electionScenarios: Scenario[] = [
  {
    about: ElectLeaders,
    name: "where none is needed, and for what is not there",
    async run(talk) {
      await talk.createTopic({ partitions: 2 });
      const { topic } = talk;
      const types = talk.version >= 1 ? [0, 1, 2] : [0];
      const tries = [
        [{ topic, partitions: [0, 1] }],
        [{ topic, partitions: [7, -1] }],
        [{ topic, partitions: [] }],
        [{ topic: `${topic}-missing`, partitions: [0] }],
        [{ topic: "", partitions: [0] }],
        [],
        null,
      ];
      const look = (answer: ResponseOf<typeof ElectLeaders>) => ({
        ...answer,
        replicaElectionResults: answer.replicaElectionResults.filter((each) =>
          each.topic === talk.topic
        ),
      });
      for (const electionType of types) {
        for (const topicPartitions of tries) {
          const type = talk.version >= 1 ? { electionType } : {};
          await talk.ask(ElectLeaders, { topicPartitions, timeoutMs: 10_000, ...type }, { look });
        }
      }
    },
  },
];

const reassignmentScenarios: Scenario[] = [
  {
    about: AlterPartitionReassignments,
    name: "to the same, to what cannot be, and to none",
    async run(talk) {
      await talk.createTopic({ partitions: 2 });
      const name = talk.topic;
      const to = (replicas: number[] | null, partitionIndex = 0, topic = name) => {
        return [{ name: topic, partitions: [{ partitionIndex, replicas }] }];
      };
      const tries = [
        to([1]),
        to([]),
        to([9]),
        to([1, 9]),
        to([1, 1]),
        to([-1]),
        to(null),
        to([1], 7),
        to([1], -1),
        to(null, 7),
        to([1], 0, `${name}-missing`),
        to([1], 0, ""),
        [...to([1]), ...to([1], 1)],
        [],
      ];
      for (const topics of tries) {
        await talk.ask(AlterPartitionReassignments, { topics, timeoutMs: 10_000 });
      }
      if (talk.version < 1) return;
      const asked = { timeoutMs: 10_000, allowReplicationFactorChange: false };
      for (const topics of [to([1]), to([1, 9]), to(null)]) {
        await talk.ask(AlterPartitionReassignments, { topics, ...asked });
      }
    },
  },
  {
    about: ListPartitionReassignments,
    name: "while there are none",
    async run(talk) {
      await talk.createTopic();
      const of = (name: string, index: number) => [{ name, partitionIndexes: [index] }];
      const { topic } = talk;
      for (const topics of [null, [], of(topic, 0), of(topic, 7), of(`${topic}-missing`, 0)]) {
        await talk.ask(ListPartitionReassignments, { topics, timeoutMs: 10_000 });
      }
    },
  },
];

type FeatureInput = RequestInput<typeof UpdateFeatures>["featureUpdates"][number];

const featureScenarios: Scenario[] = [
  {
    about: UpdateFeatures,
    name: "features and levels that cannot be",
    async run(talk) {
      const how = (type: number): Partial<FeatureInput> =>
        talk.version >= 1 ? { upgradeType: type } : { allowDowngrade: type !== 1 };
      const metadata = "metadata.version";
      const tries: FeatureInput[][] = [
        [{ feature: "no.such.feature", maxVersionLevel: 1, ...how(1) }],
        [{ feature: "no.such.feature", maxVersionLevel: 0, ...how(2) }],
        [{ feature: "", maxVersionLevel: 1, ...how(1) }],
        [{ feature: metadata, maxVersionLevel: 9999, ...how(1) }],
        [{ feature: metadata, maxVersionLevel: -1, ...how(1) }],
        [{ feature: metadata, maxVersionLevel: 0, ...how(2) }],
        [{ feature: metadata, maxVersionLevel: 1, ...how(1) }],
        [{ feature: metadata, maxVersionLevel: 1, ...how(3) }],
        [
          { feature: "no.such.feature", maxVersionLevel: 1, ...how(1) },
          { feature: "no.such.feature", maxVersionLevel: 1, ...how(1) },
        ],
        [
          { feature: "no.such.feature", maxVersionLevel: 1, ...how(1) },
          { feature: metadata, maxVersionLevel: 9999, ...how(1) },
        ],
        [],
      ];
      const look = (answer: ResponseOf<typeof UpdateFeatures>) => ({
        ...answer,
        results: sortedBy(answer.results, ({ feature }) => feature),
      });
      for (const featureUpdates of tries) {
        await talk.ask(UpdateFeatures, { featureUpdates, timeoutMs: 10_000 }, { look });
      }
      if (talk.version < 1) return;
      const asked = { timeoutMs: 10_000, validateOnly: true };
      for (const featureUpdates of tries) {
        await talk.ask(UpdateFeatures, { featureUpdates, ...asked }, { look });
      }
      for (const upgradeType of [0, 4]) {
        const featureUpdates = [{ feature: metadata, maxVersionLevel: 1, upgradeType }];
        await talk.ask(UpdateFeatures, { featureUpdates, ...asked }, { look });
      }
    },
  },
];

const clusterScenarios: Scenario[] = [
  {
    about: UnregisterBroker,
    name: "that are not there",
    async run(talk) {
      for (const brokerId of [99, -1, 0]) await talk.ask(UnregisterBroker, { brokerId });
    },
  },
  {
    about: ListConfigResources,
    name: "by type",
    async run(talk) {
      await talk.need(IncrementalAlterConfigs, {
        resources: [
          { resourceType: resourceTypes.group, name: "consumer.session.timeout.ms" },
          { resourceType: resourceTypes.clientMetrics, name: "interval.ms" },
        ].map(({ resourceType, name }) => ({
          resourceType,
          resourceName: talk.group,
          configs: [{ name, configOperation: 0, value: "50000" }],
        })),
        validateOnly: false,
      });
      await talk.createTopic();
      const { topic, broker, brokerLogger, clientMetrics, group } = resourceTypes;
      const tries = [
        [],
        [topic],
        [broker],
        [brokerLogger],
        [clientMetrics],
        [group],
        [topic, topic],
        [0],
        [99],
        [topic, 99],
      ];
      const own = [talk.topic, talk.group, "1", ""];
      const look = (answer: ResponseOf<typeof ListConfigResources>) => ({
        ...answer,
        configResources: sortedBy(
          answer.configResources.filter(({ resourceName }) => own.includes(resourceName)),
          (each) => `${each.resourceType} ${each.resourceName}`,
        ),
      });
      if (talk.version === 0) await talk.ask(ListConfigResources, {}, { look });
      else {
        for (const resourceTypes of tries) {
          await talk.ask(ListConfigResources, { resourceTypes }, { look });
        }
      }
    },
  },
  {
    about: DescribeQuorum,
    name: "of the metadata, and of other topics",
    async run(talk) {
      await talk.createTopic();
      const of = (topicName: string, partitionIndex: number) => {
        return [{ topicName, partitions: [{ partitionIndex }] }];
      };
      const metadata = "__cluster_metadata";
      const tries = [of(metadata, 0), of(metadata, 1), of(talk.topic, 0), of("", 0), []];
      for (const topics of tries) {
        await talk.ask(DescribeQuorum, { topics }, { look: withoutOffsets });
      }
    },
  },
];

/** How far the metadata is, and since when, is each broker's own. */
function withoutOffsets({ topics, nodes, ...answer }: ResponseOf<typeof DescribeQuorum>) {
  const sign = (
    replica: (typeof topics)[number]["partitions"][number]["currentVoters"][number],
  ) => ({
    ...replica,
    replicaDirectoryId: "id",
    logEndOffset: Math.sign(Number(replica.logEndOffset)),
    lastFetchTimestamp: Math.sign(Number(replica.lastFetchTimestamp)),
    lastCaughtUpTimestamp: Math.sign(Number(replica.lastCaughtUpTimestamp)),
  });
  return {
    ...answer,
    nodes: nodes.map(({ nodeId }) => nodeId),
    topics: topics.map(({ partitions, ...topic }) => ({
      ...topic,
      partitions: partitions.map((partition) => ({
        ...partition,
        leaderEpoch: Math.sign(partition.leaderEpoch),
        highWatermark: Math.sign(Number(partition.highWatermark)),
        currentVoters: partition.currentVoters.map(sign),
        observers: partition.observers.length,
      })),
    })),
  };
}

export const replicaScenarios: readonly Scenario[] = [
  ...folderScenarios,
  ...producerScenarios,
  ...electionScenarios,
  ...reassignmentScenarios,
  ...featureScenarios,
  ...clusterScenarios,
];
