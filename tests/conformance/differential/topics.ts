// Questions about topics and their partitions. Long because it is a list.

import { ZERO_UUID } from "../../../src/base/ids.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeTopicPartitions,
  Metadata,
  type RequestInput,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";

const unknownId = "AbCdEfGhIjKlMnOpQrStUw";
const badNames = ["", ".", "..", "a b", "a/b", "ä", "x".repeat(250)];

type NewTopic = RequestInput<typeof CreateTopics>["topics"][number];

function newTopic(name: string, o: Partial<NewTopic> = {}): NewTopic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...o };
}

/** CreateTopics with the list of configurations left to its own scenario. */
async function create(talk: Talk, topics: NewTopic[], o: { validateOnly?: boolean } = {}) {
  return await talk.ask(CreateTopics, { topics, timeoutMs: 10_000, ...o }, {
    look: withoutConfigs,
  });
}

function withoutConfigs(answer: ResponseOf<typeof CreateTopics>) {
  return {
    ...answer,
    topics: sortedBy(answer.topics, ({ name }) => name)
      .map((topic) => ({ ...topic, configs: topic.configs === null ? null : "list" })),
  };
}

const metadataScenarios: Scenario[] = [
  {
    about: Metadata,
    name: "all topics",
    async run(talk) {
      await talk.createTopic({ partitions: 3 });
      const topics = talk.version === 0 ? [] : null;
      await talk.ask(Metadata, { topics }, {
        look: (answer: ResponseOf<typeof Metadata>) => ({
          ...answer,
          topics: answer.topics.filter(({ name }) => name === talk.topic),
        }),
      });
    },
  },
  {
    about: Metadata,
    name: "no topics",
    versions: { min: 1 },
    run: async (talk) => void await talk.ask(Metadata, { topics: [] }),
  },
  {
    about: Metadata,
    name: "a topic that is not there, and may not be created",
    versions: { min: 4 },
    async run(talk) {
      const topics = [{ name: talk.topic }, { name: `${talk.topic}-2` }];
      await talk.ask(Metadata, { topics, allowAutoTopicCreation: false });
    },
  },
  {
    about: Metadata,
    name: "a topic that the broker does not create",
    broker: "strict",
    run: async (talk) => void await talk.ask(Metadata, { topics: [{ name: talk.topic }] }),
  },
  {
    about: Metadata,
    name: "names that no topic can have",
    async run(talk) {
      for (const name of badNames) {
        await talk.ask(Metadata, { topics: [{ name }], allowAutoTopicCreation: true });
      }
    },
  },
  {
    about: Metadata,
    name: "the same topic twice",
    async run(talk) {
      await talk.createTopic();
      await talk.ask(Metadata, { topics: [{ name: talk.topic }, { name: talk.topic }] });
    },
  },
  {
    about: Metadata,
    name: "topics by id",
    versions: { min: 12 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const o = { allowAutoTopicCreation: false };
      await talk.ask(Metadata, { topics: [{ name: null, topicId }], ...o });
      await talk.ask(Metadata, { topics: [{ name: null, topicId: unknownId }], ...o });
      await talk.ask(Metadata, { topics: [{ name: null, topicId: ZERO_UUID }], ...o });
      await talk.ask(Metadata, { topics: [{ name: talk.topic, topicId: unknownId }], ...o });
      await talk.ask(Metadata, {
        topics: [{ name: null, topicId }, { name: null, topicId: unknownId }],
        ...o,
      }, {
        look: (answer: ResponseOf<typeof Metadata>) =>
          sortedBy(answer.topics, ({ errorCode }) => errorCode),
      });
    },
  },
  {
    about: Metadata,
    name: "topics by id, of a version that cannot",
    versions: { min: 10, max: 11 },
    async run(talk) {
      const topicId = await talk.createTopic();
      await talk.ask(Metadata, { topics: [{ name: talk.topic, topicId }] });
    },
  },
  {
    about: Metadata,
    name: "authorized operations",
    versions: { min: 8 },
    async run(talk) {
      await talk.createTopic();
      await talk.ask(Metadata, {
        topics: [{ name: talk.topic }, { name: `${talk.topic}-missing` }],
        allowAutoTopicCreation: false,
        includeTopicAuthorizedOperations: true,
        ...(talk.version <= 10 ? { includeClusterAuthorizedOperations: true } : {}),
      });
    },
  },
  {
    about: Metadata,
    name: "the offsets topic",
    async run(talk) {
      await talk.ask(Metadata, { topics: [{ name: "__consumer_offsets" }] });
    },
  },
];

const createScenarios: Scenario[] = [
  {
    about: CreateTopics,
    name: "good topics",
    async run(talk) {
      await create(talk, [
        newTopic(`${talk.topic}-a`),
        newTopic(`${talk.topic}-b`, { numPartitions: 3 }),
        newTopic(`${talk.topic}-c`, {
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 1, brokerIds: [1] }, {
            partitionIndex: 0,
            brokerIds: [1],
          }],
        }),
      ]);
    },
  },
  {
    about: CreateTopics,
    name: "the broker's own numbers",
    versions: { min: 4 },
    async run(talk) {
      await create(talk, [newTopic(talk.topic, { numPartitions: -1, replicationFactor: -1 })]);
    },
  },
  {
    about: CreateTopics,
    name: "numbers that cannot be",
    async run(talk) {
      const { topic } = talk;
      for (const [numPartitions, replicationFactor] of [[0, 1], [-2, 1], [1, 0], [1, -2], [1, 2]]) {
        await create(talk, [newTopic(topic, { numPartitions, replicationFactor })]);
      }
      await create(talk, [newTopic(topic, { numPartitions: 0, replicationFactor: 0 })]);
    },
  },
  {
    about: CreateTopics,
    name: "names that cannot be",
    async run(talk) {
      for (const name of [...badNames, "x".repeat(249)]) {
        const validateOnly = talk.version >= 1;
        await create(talk, [newTopic(name)], validateOnly ? { validateOnly } : {});
      }
      await create(talk, [newTopic("__cluster_metadata")]);
    },
  },
  {
    about: CreateTopics,
    name: "a topic that is there, twice in one request, and colliding",
    async run(talk) {
      const dotted = `${talk.topic}.a`;
      await talk.createTopic();
      await talk.createTopic({ name: dotted });
      await create(talk, [newTopic(talk.topic)]);
      await create(talk, [newTopic(`${talk.topic}-2`), newTopic(`${talk.topic}-2`)]);
      await create(talk, [newTopic(`${talk.topic}_a`)]);
    },
  },
  {
    about: CreateTopics,
    name: "assignments that cannot be",
    async run(talk) {
      const tries: Partial<NewTopic>[] = [
        { assignments: [{ partitionIndex: 0, brokerIds: [1] }], replicationFactor: 1 },
        {
          assignments: [{ partitionIndex: 0, brokerIds: [1] }],
          replicationFactor: -1,
          numPartitions: 1,
        },
        { assignments: [{ partitionIndex: 0, brokerIds: [] }] },
        { assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] },
        { assignments: [{ partitionIndex: 0, brokerIds: [9] }] },
        { assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
        { assignments: [{ partitionIndex: -1, brokerIds: [1] }] },
        {
          assignments: [
            { partitionIndex: 0, brokerIds: [1] },
            { partitionIndex: 0, brokerIds: [1] },
          ],
        },
        {
          assignments: [
            { partitionIndex: 0, brokerIds: [1] },
            { partitionIndex: 2, brokerIds: [1] },
          ],
        },
      ];
      for (const one of tries) {
        await create(talk, [
          newTopic(talk.topic, { numPartitions: -1, replicationFactor: -1, ...one }),
        ]);
      }
    },
  },
  {
    about: CreateTopics,
    name: "configurations that cannot be",
    async run(talk) {
      const tries: [string, string | null][] = [
        ["no.such.key", "1"],
        ["retention.ms", "abc"],
        ["retention.ms", "-2"],
        ["retention.ms", null],
        ["cleanup.policy", "shred"],
        ["cleanup.policy", "compact,delete"],
        ["segment.bytes", "1"],
        ["segment.bytes", "99999999999"],
        ["min.insync.replicas", "0"],
        ["compression.type", "brotli"],
        ["message.timestamp.type", "Sometime"],
        ["max.message.bytes", "-1"],
        ["preallocate", "maybe"],
        ["min.cleanable.dirty.ratio", "1.5"],
        ["leader.replication.throttled.replicas", "x"],
        ["unclean.leader.election.enable", "TRUE"],
        ["retention.bytes", " 100 "],
        ["", "1"],
      ];
      for (const [index, [name, value]] of tries.entries()) {
        await create(talk, [newTopic(`${talk.topic}-${index}`, { configs: [{ name, value }] })]);
      }
    },
  },
  {
    about: CreateTopics,
    name: "only validated",
    versions: { min: 1 },
    async run(talk) {
      await create(talk, [newTopic(talk.topic, { numPartitions: 2 })], { validateOnly: true });
      const answer = await talk.need(Metadata, {
        topics: [{ name: talk.topic }],
        allowAutoTopicCreation: false,
      });
      talk.entries.push({ title: "afterwards", answer: answer.topics[0].errorCode });
    },
  },
  {
    about: CreateTopics,
    name: "too much, twice, and null",
    versions: { min: 4 },
    async run(talk) {
      const { topic } = talk;
      const validateOnly = true;
      const key = (value: string | null) => ({ name: "retention.ms", value });
      await create(talk, [newTopic(topic, { numPartitions: 10_001 })], { validateOnly });
      await create(talk, [newTopic(topic, { configs: [key("1"), key("2")] })], { validateOnly });
      await create(talk, [newTopic(topic, { configs: [key(null)] })], { validateOnly });
      await create(talk, [newTopic(topic, { configs: [key("")] })], { validateOnly });
      await create(talk, [newTopic(topic), newTopic("a b"), newTopic(`${topic}-2`)], {
        validateOnly,
      });
      await create(talk, []);
      await create(talk, [
        newTopic(topic, { numPartitions: 6000 }),
        newTopic(`${topic}-2`, { numPartitions: 6000 }),
      ], { validateOnly });
    },
  },
  {
    about: CreateTopics,
    name: "the configuration that results",
    versions: { min: 5 },
    async run(talk) {
      const configs = [{ name: "retention.ms", value: "1000" }, {
        name: "cleanup.policy",
        value: "compact",
      }];
      await talk.ask(CreateTopics, { topics: [newTopic(talk.topic, { configs })] }, {
        look: (answer: ResponseOf<typeof CreateTopics>) => byName(answer.topics[0].configs ?? []),
      });
    },
  },
];

/** A list whose order means nothing. */
export function byName<T extends { name: string }>(list: readonly T[]): Record<string, T> {
  return Object.fromEntries(list.map((each) => [each.name, each]));
}

const changeScenarios: Scenario[] = [
  {
    about: DeleteTopics,
    name: "by name",
    versions: { max: 5 },
    async run(talk) {
      await talk.createTopic();
      const topicNames = [talk.topic, `${talk.topic}-missing`, ""];
      const look = (answer: ResponseOf<typeof DeleteTopics>) =>
        Object.fromEntries(answer.responses.map((each) => [each.name, each]));
      await talk.ask(DeleteTopics, { topicNames, timeoutMs: 10_000 }, { look });
      await talk.ask(DeleteTopics, { topicNames: ["a", "a"], timeoutMs: 10_000 }, { look });
    },
  },
  {
    about: DeleteTopics,
    name: "by name and id",
    versions: { min: 6 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const { topic } = talk;
      const o = { timeoutMs: 10_000 };
      const look = (answer: ResponseOf<typeof DeleteTopics>) =>
        sortedBy(answer.responses, ({ name, errorCode }) => `${name} ${errorCode}`);
      const asked = [
        [{ name: null, topicId: unknownId }],
        [{ name: null, topicId: ZERO_UUID }],
        [{ name: topic, topicId }],
        [{ name: topic, topicId: unknownId }],
        [{ name: `${topic}-missing`, topicId: ZERO_UUID }],
        [{ name: null, topicId: unknownId }, { name: null, topicId: unknownId }],
        [{ name: topic, topicId: ZERO_UUID }, { name: null, topicId }],
        [{ name: null, topicId }],
        [{ name: null, topicId }],
      ];
      for (const topics of asked) await talk.ask(DeleteTopics, { topics, ...o }, { look });
    },
  },
  {
    about: CreatePartitions,
    name: "more, as many, fewer, and for no topic",
    async run(talk) {
      await talk.createTopic({ partitions: 2 });
      const name = talk.topic;
      const o = { timeoutMs: 10_000, validateOnly: false };
      const asked = [
        { name, count: 2, assignments: null },
        { name, count: 1, assignments: null },
        { name, count: 0, assignments: null },
        { name, count: -1, assignments: null },
        { name: `${name}-missing`, count: 3, assignments: null },
        { name: "", count: 3, assignments: null },
        { name, count: 3, assignments: [] },
        { name, count: 3, assignments: [{ brokerIds: [9] }] },
        { name, count: 3, assignments: [{ brokerIds: [1, 1] }] },
        { name, count: 3, assignments: [{ brokerIds: [] }] },
        { name, count: 3, assignments: [{ brokerIds: [1] }, { brokerIds: [1] }] },
        { name, count: 3, assignments: [{ brokerIds: [1] }] },
        { name, count: 5, assignments: null },
      ];
      for (const topic of asked) await talk.ask(CreatePartitions, { topics: [topic], ...o });
      const twice = [asked[0], asked[0]];
      await talk.ask(CreatePartitions, { topics: twice, ...o });
      const more = { name, count: 7, assignments: null };
      await talk.ask(CreatePartitions, { topics: [more], timeoutMs: 1000, validateOnly: true });
      await talk.untilLed(name, 5);
    },
  },
  {
    about: CreatePartitions,
    name: "too many, and several topics",
    async run(talk) {
      const name = talk.topic;
      await talk.createTopic();
      await talk.createTopic({ name: `${name}-b` });
      const look = (answer: ResponseOf<typeof CreatePartitions>) =>
        sortedBy(answer.results, (each) => each.name);
      const more = (name: string, count: number) => ({ name, count, assignments: null });
      const o = { timeoutMs: 10_000, validateOnly: true };
      for (
        const topics of [
          [more(name, 10_002)],
          [more(name, 3), more(`${name}-missing`, 3), more(`${name}-b`, 1)],
          [more("a b", 3)],
          [],
        ]
      ) {
        await talk.ask(CreatePartitions, { topics, ...o }, { look });
      }
    },
  },
  {
    about: DescribeTopicPartitions,
    name: "pages of partitions",
    async run(talk) {
      const { topic } = talk;
      await talk.createTopic({ partitions: 3 });
      await talk.createTopic({ name: `${topic}-b`, partitions: 2 });
      const topics = [{ name: `${topic}-b` }, { name: topic }, { name: `${topic}-missing` }];
      const at = (topicName: string, partitionIndex: number) => ({ topicName, partitionIndex });
      for (
        const [responsePartitionLimit, cursor] of [
          [2000, null],
          [2, null],
          [3, null],
          [4, null],
          [2, at(topic, 2)],
          [2, at(topic, 9)],
          [2, at(`${topic}-a`, 0)],
          [2, at(`${topic}-b`, 1)],
          [5, null],
        ] as const
      ) {
        await talk.ask(DescribeTopicPartitions, { topics, responsePartitionLimit, cursor });
      }
    },
  },
  {
    about: DescribeTopicPartitions,
    name: "limits and names that cannot be",
    async run(talk) {
      await talk.createTopic();
      const topics = [{ name: talk.topic }];
      const first = { topicName: talk.topic, partitionIndex: -1 };
      await talk.ask(DescribeTopicPartitions, { topics, responsePartitionLimit: 0, cursor: null });
      await talk.ask(DescribeTopicPartitions, {
        topics: [{ name: "" }, { name: "a b" }],
        responsePartitionLimit: 10,
        cursor: null,
      });
      await talk.ask(DescribeTopicPartitions, {
        topics,
        responsePartitionLimit: 10,
        cursor: first,
      });
    },
  },
];

export const topicScenarios: readonly Scenario[] = [
  ...metadataScenarios,
  ...createScenarios,
  ...changeScenarios,
];
