// Questions about reading: fetches, offsets, epochs, and records that are deleted. Long because it
// is a list.

import {
  DeleteRecords,
  Fetch,
  ListOffsets,
  OffsetForLeaderEpoch,
  Produce,
  type RequestInput,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import { compressionTypes, loadCompression } from "../../../src/records/mod.ts";
import type { Scenario, Talk } from "../differential.ts";
import { batch, startedAtMs } from "./batches.ts";

const unknownId = "AbCdEfGhIjKlMnOpQrStUw";

/** A topic of three batches: offsets 0, 1-2, 3-5, a second apart. Returns its id. */
async function threeBatches(talk: Talk, configs?: Record<string, string>): Promise<string> {
  const topicId = await talk.createTopic({ configs });
  const sent = [["a"], ["b", "c"], ["d", "e", "f"]];
  for (const [index, values] of sent.entries()) {
    const records = batch(values, { timestamp: startedAtMs + index * 1000 });
    const topicData = [{ name: talk.topic, topicId, partitionData: [{ index: 0, records }] }];
    await talk.need(Produce, { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData });
  }
  return topicId;
}

type FetchInput = RequestInput<typeof Fetch>;
type PartitionInput = FetchInput["topics"][number]["partitions"][number];

interface Wanted extends Partial<PartitionInput> {
  topicId: string;
  name?: string;
  request?: Partial<FetchInput>;
}

function wanted(talk: Talk, { topicId, name = talk.topic, request, ...rest }: Wanted): FetchInput {
  const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, ...rest };
  const topics = [{ topic: name, topicId, partitions: [partition] }];
  return { maxWaitMs: 0, minBytes: 0, topics, ...request };
}

async function fetch(talk: Talk, asked: Wanted) {
  return await talk.ask(Fetch, wanted(talk, asked));
}

const codecScenarios: Scenario[] = compressionTypes.map((compression) => ({
  about: Fetch,
  name: `records compressed by ${compression}`,
  versions: { min: 4 },
  async run(talk) {
    await loadCompression(compression);
    const topicId = await talk.createTopic();
    const records = batch(["a", "b".repeat(300)], { compression });
    const topicData = [{ name: talk.topic, topicId, partitionData: [{ index: 0, records }] }];
    await talk.need(Produce, { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData });
    await fetch(talk, { topicId });
  },
}));

/** A session that is begun, changed, repeated, emptied and ended. */
async function sessionGoesOn(talk: Talk): Promise<void> {
  const { topic } = talk;
  const topicId = await talk.createTopic({ partitions: 3 });
  let sessionId = 0;
  const look = (answer: ResponseOf<typeof Fetch>) => {
    sessionId = answer.sessionId;
    return { ...answer, sessionId: sessionId === 0 ? 0 : "session" };
  };
  const ask = async (request: Partial<FetchInput>) =>
    void await talk.ask(Fetch, { maxWaitMs: 0, minBytes: 0, topics: [], ...request }, { look });
  const want = (...offsets: (readonly [partition: number, offset: number])[]) => [{
    topic,
    topicId,
    partitions: offsets.map(([partition, fetchOffset]) => ({
      partition,
      fetchOffset,
      partitionMaxBytes: 1_000,
    })),
  }];
  const produce = async (...partitions: number[]) => {
    const partitionData = partitions.map((index) => ({ index, records: batch(["a"]) }));
    const topicData = [{ name: topic, topicId, partitionData }];
    await talk.need(Produce, { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData });
  };
  const forget = (partitions: number[]) => [{ topic, topicId, partitions }];
  await ask({ sessionEpoch: 0 });
  const empty = sessionId;
  await ask({ sessionId: empty, sessionEpoch: 1 });
  await ask({ sessionEpoch: 0, topics: want([0, 0], [1, 0], [2, 0]) });
  const session = sessionId;
  const goOn = (sessionEpoch: number, request: Partial<FetchInput> = {}) =>
    ask({ sessionId: session, sessionEpoch, ...request });
  await goOn(1);
  await produce(0, 1);
  await goOn(2);
  await produce(2);
  await goOn(3, { topics: want([0, 1]) });
  await goOn(4, { topics: want([1, 1], [2, 1]) });
  await goOn(4);
  await goOn(5, { topics: want([0, 9], [31, 0]), forgottenTopicsData: forget([1, 30]) });
  await goOn(6);
  await goOn(7, { topics: want([0, 0]), forgottenTopicsData: forget([31]) });
  await goOn(8, { forgottenTopicsData: forget([0, 1, 2]) });
  await goOn(9);
  await ask({ sessionEpoch: 0, topics: want([0, 0]) });
  await ask({ sessionId, sessionEpoch: -1, topics: want([0, 0]) });
}

const fetchScenarios: Scenario[] = [
  ...codecScenarios,
  {
    about: Fetch,
    name: "offsets in and out of range",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      for (const fetchOffset of [0, 1, 2, 4, 6, 7, 100, -1, -2]) {
        await fetch(talk, { topicId, fetchOffset });
      }
    },
  },
  {
    about: Fetch,
    name: "sizes",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      for (const maxBytes of [1_000_000, 200, 80, 1, 0, -1]) {
        await fetch(talk, { topicId, request: { maxBytes } });
        await fetch(talk, { topicId, partitionMaxBytes: maxBytes });
        await fetch(talk, { topicId, fetchOffset: 2, partitionMaxBytes: maxBytes });
      }
    },
  },
  {
    about: Fetch,
    name: "several partitions with a limit for all",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 3 });
      const records = batch(["a".repeat(100)]);
      const partitionData = [0, 1, 2].map((index) => ({ index, records }));
      const topicData = [{ name: talk.topic, topicId, partitionData }];
      await talk.need(Produce, { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData });
      for (const maxBytes of [1, 180, 400, 10_000]) {
        const partitions = [1, 0, 2].map((partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 1000,
        }));
        const topics = [{ topic: talk.topic, topicId, partitions }];
        await talk.ask(Fetch, { maxWaitMs: 0, minBytes: 0, maxBytes, topics });
      }
    },
  },
  {
    about: Fetch,
    name: "read committed",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      for (const isolationLevel of [0, 1]) {
        for (const fetchOffset of [0, 6]) {
          await fetch(talk, { topicId, fetchOffset, request: { isolationLevel } });
        }
      }
      await fetch(talk, { topicId, fetchOffset: 9, request: { isolationLevel: 1 } });
      await fetch(talk, { topicId: unknownId, name: "x", request: { isolationLevel: 1 } });
    },
  },
  {
    about: Fetch,
    name: "a level of isolation that is not there",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      await fetch(talk, { topicId, request: { isolationLevel: 5 } });
    },
  },
  {
    about: Fetch,
    name: "leader epochs",
    versions: { min: 9 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      for (const currentLeaderEpoch of [0, 1, -1, -2]) {
        await fetch(talk, { topicId, currentLeaderEpoch });
      }
    },
  },
  {
    about: Fetch,
    name: "epochs that diverge",
    versions: { min: 12 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      for (const lastFetchedEpoch of [0, 1, 5, -1]) {
        for (const fetchOffset of [0, 3, 6]) {
          await fetch(talk, { topicId, fetchOffset, lastFetchedEpoch });
        }
      }
    },
  },
  {
    about: Fetch,
    name: "topics and partitions that are not there",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      await fetch(talk, { topicId, partition: 1 });
      await fetch(talk, { topicId, partition: -1 });
      await fetch(talk, { topicId: unknownId, name: `${talk.topic}-missing` });
      await fetch(talk, { topicId: unknownId, name: "" });
      await fetch(talk, { topicId: unknownId, name: "a b" });
      await talk.ask(Fetch, { maxWaitMs: 0, minBytes: 0, topics: [] });
      const topics = [{ topic: talk.topic, topicId, partitions: [] }];
      await talk.ask(Fetch, { maxWaitMs: 0, minBytes: 0, topics });
    },
  },
  {
    about: Fetch,
    name: "sessions",
    versions: { min: 7 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      const look = (answer: ResponseOf<typeof Fetch>) => ({
        ...answer,
        sessionId: answer.sessionId === 0 ? 0 : "session",
      });
      for (const [sessionId, sessionEpoch] of [[0, -1], [12345, -1], [12345, 1], [12345, 0]]) {
        const asked = wanted(talk, { topicId, request: { sessionId, sessionEpoch } });
        await talk.ask(Fetch, asked, { look });
      }
      const forgottenTopicsData = [{ topic: talk.topic, topicId, partitions: [0] }];
      const asked = wanted(talk, { topicId, request: { forgottenTopicsData } });
      await talk.ask(Fetch, asked, { look });
    },
  },
  {
    about: Fetch,
    name: "a session goes on",
    versions: { min: 7 },
    run: sessionGoesOn,
  },
  {
    about: Fetch,
    name: "below the start of the log",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      await talk.ask(DeleteRecords, {
        topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0, offset: 2 }] }],
        timeoutMs: 10_000,
      });
      for (const fetchOffset of [0, 1, 2, 3]) await fetch(talk, { topicId, fetchOffset });
    },
  },
  {
    about: Fetch,
    name: "a wait that times out, and one that has enough",
    versions: { min: 4 },
    async run(talk) {
      const topicId = await threeBatches(talk);
      await fetch(talk, { topicId, fetchOffset: 6, request: { maxWaitMs: 20, minBytes: 1 } });
      await fetch(talk, { topicId, request: { maxWaitMs: 20, minBytes: 100_000 } });
      await fetch(talk, { topicId, request: { maxWaitMs: -1, minBytes: -1 } });
    },
  },
];

async function listOffsets(talk: Talk, timestamp: number, o: Record<string, number> = {}) {
  const { isolationLevel, partitionIndex = 0, ...rest } = o;
  await talk.ask(ListOffsets, {
    replicaId: -1,
    ...(isolationLevel === undefined ? {} : { isolationLevel }),
    topics: [{ name: talk.topic, partitions: [{ partitionIndex, timestamp, ...rest }] }],
  });
}

const offsetScenarios: Scenario[] = [
  {
    about: ListOffsets,
    name: "special timestamps",
    async run(talk) {
      await threeBatches(talk);
      for (let timestamp = -1; timestamp >= -8; timestamp--) await listOffsets(talk, timestamp);
    },
  },
  {
    about: ListOffsets,
    name: "special timestamps of an empty partition",
    async run(talk) {
      await talk.createTopic();
      for (let timestamp = -1; timestamp >= -6; timestamp--) await listOffsets(talk, timestamp);
      await listOffsets(talk, 0);
    },
  },
  {
    about: ListOffsets,
    name: "timestamps before, between and after",
    async run(talk) {
      await threeBatches(talk);
      for (const after of [-100_000, 0, 1, 1000, 1500, 2000, 2001, 100_000]) {
        await listOffsets(talk, startedAtMs + after);
      }
      await listOffsets(talk, 0);
    },
  },
  {
    about: ListOffsets,
    name: "timestamps once records are deleted",
    async run(talk) {
      await threeBatches(talk);
      await talk.need(DeleteRecords, {
        topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0, offset: 2 }] }],
        timeoutMs: 10_000,
      });
      for (const timestamp of [-1, -2, startedAtMs, startedAtMs + 1000, startedAtMs + 1500]) {
        await listOffsets(talk, timestamp);
      }
      await talk.need(DeleteRecords, {
        topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0, offset: -1 }] }],
        timeoutMs: 10_000,
      });
      for (const timestamp of [-1, -2, startedAtMs]) await listOffsets(talk, timestamp);
      if (talk.version >= 7) await listOffsets(talk, -3);
    },
  },
  {
    about: ListOffsets,
    name: "read committed",
    versions: { min: 2 },
    async run(talk) {
      await threeBatches(talk);
      for (const isolationLevel of [0, 1, 7]) {
        await listOffsets(talk, -1, { isolationLevel });
        await listOffsets(talk, startedAtMs, { isolationLevel });
      }
    },
  },
  {
    about: ListOffsets,
    name: "leader epochs",
    versions: { min: 4 },
    async run(talk) {
      await threeBatches(talk);
      for (const currentLeaderEpoch of [0, 1, -1, -2]) {
        await listOffsets(talk, -1, { currentLeaderEpoch });
      }
    },
  },
  {
    about: ListOffsets,
    name: "partitions that are not there",
    async run(talk) {
      await talk.createTopic();
      await listOffsets(talk, -1, { partitionIndex: 1 });
      await listOffsets(talk, -1, { partitionIndex: -1 });
      const partitions = [{ partitionIndex: 0, timestamp: -1 }];
      for (const name of [`${talk.topic}-missing`, "", "a b"]) {
        await talk.ask(ListOffsets, { replicaId: -1, topics: [{ name, partitions }] });
      }
    },
  },
  {
    about: ListOffsets,
    name: "a partition twice",
    async run(talk) {
      await threeBatches(talk);
      const partitions = [
        { partitionIndex: 0, timestamp: -1 },
        { partitionIndex: 0, timestamp: -2 },
      ];
      await talk.ask(ListOffsets, { replicaId: -1, topics: [{ name: talk.topic, partitions }] });
    },
  },
  {
    about: ListOffsets,
    name: "the broker's time",
    async run(talk) {
      await threeBatches(talk, { "message.timestamp.type": "LogAppendTime" });
      const look = (answer: ResponseOf<typeof ListOffsets>) =>
        answer.topics[0].partitions.map(({ offset, errorCode, timestamp }) => {
          return { found: offset >= 0, errorCode, timestamp: timestamp >= 0 };
        });
      for (const timestamp of talk.version >= 7 ? [0, -3] : [0]) {
        const partitions = [{ partitionIndex: 0, timestamp }];
        const topics = [{ name: talk.topic, partitions }];
        await talk.ask(ListOffsets, { replicaId: -1, topics }, { look });
      }
    },
  },
];

const epochScenarios: Scenario[] = [
  {
    about: OffsetForLeaderEpoch,
    name: "epochs of a log, and of none",
    async run(talk) {
      await threeBatches(talk);
      const ask = async (
        topic: string,
        o: { leaderEpoch: number; currentLeaderEpoch?: number },
      ) => {
        const partitions = [{ partition: 0, ...o }];
        const replicaId = talk.version >= 3 ? { replicaId: -1 } : {};
        await talk.ask(OffsetForLeaderEpoch, { ...replicaId, topics: [{ topic, partitions }] });
      };
      for (const leaderEpoch of [0, 1, 5, -1]) await ask(talk.topic, { leaderEpoch });
      for (const currentLeaderEpoch of [0, 1, -1]) {
        await ask(talk.topic, { leaderEpoch: 0, currentLeaderEpoch });
      }
      await ask(`${talk.topic}-missing`, { leaderEpoch: 0 });
      await ask("", { leaderEpoch: 0 });
    },
  },
  {
    about: OffsetForLeaderEpoch,
    name: "an empty log",
    async run(talk) {
      await talk.createTopic();
      for (const leaderEpoch of [0, 1]) {
        const partitions = [{ partition: 0, leaderEpoch }, { partition: 7, leaderEpoch }];
        await talk.ask(OffsetForLeaderEpoch, { topics: [{ topic: talk.topic, partitions }] });
      }
    },
  },
  {
    about: DeleteRecords,
    name: "offsets in and out of range",
    async run(talk) {
      await threeBatches(talk);
      const { topic } = talk;
      const ask = async (name: string, offset: number, partitionIndex = 0) => {
        const topics = [{ name, partitions: [{ partitionIndex, offset }] }];
        await talk.ask(DeleteRecords, { topics, timeoutMs: 10_000 });
      };
      for (const offset of [0, 2, 1, 4, 7, -2, -1, 6, 7]) await ask(topic, offset);
      await ask(topic, 0, 1);
      await ask(topic, 0, -1);
      for (const name of [`${topic}-missing`, "", "a b", "__consumer_offsets"]) await ask(name, 0);
      await talk.createTopic({ name: `${topic}-c`, configs: { "cleanup.policy": "compact" } });
      await ask(`${topic}-c`, 0);
      const both = { "cleanup.policy": "compact,delete" };
      await talk.createTopic({ name: `${topic}-d`, configs: both });
      await ask(`${topic}-d`, 0);
    },
  },
];

export const readingScenarios: readonly Scenario[] = [
  ...fetchScenarios,
  ...offsetScenarios,
  ...epochScenarios,
];
