// Questions about producing: what is accepted, and how each fault is told.

import { utf8 } from "../../../src/base/bytes.ts";
import type { ProducerId } from "../../../src/base/ids.ts";
import {
  InitProducerId,
  ListOffsets,
  Produce,
  type RequestInput,
} from "../../../src/protocol/mod.ts";
import { compressionTypes, loadCompression } from "../../../src/records/mod.ts";
import type { Scenario, Talk } from "../differential.ts";
import { batch, type Change, changed, messageSet, startedAtMs } from "./batches.ts";

const unknownId = "AbCdEfGhIjKlMnOpQrStUw";
const day = 24 * 3_600_000;

interface Sent {
  topicId: string;
  records: Uint8Array;
  acks?: number;
  partition?: number;
  name?: string;
  transactionalId?: string;
}

function request(talk: Talk, sent: Sent): RequestInput<typeof Produce> {
  const { topicId, records, acks = -1, partition: index = 0, name = talk.topic } = sent;
  const { transactionalId = null } = sent;
  const topicData = [{ name, topicId, partitionData: [{ index, records }] }];
  return { transactionalId, acks, timeoutMs: 10_000, topicData };
}

async function send(talk: Talk, sent: Sent) {
  return await talk.ask(Produce, request(talk, sent));
}

async function endOffset(talk: Talk): Promise<void> {
  await talk.ask(ListOffsets, {
    replicaId: -1,
    topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  }, { version: 7 });
}

async function producerId(talk: Talk): Promise<ProducerId> {
  const asked = { transactionalId: null, transactionTimeoutMs: 60_000 };
  let id: ProducerId = -1;
  // A fresh Kafka first has to get its block of ids.
  await talk.until(async () => {
    id = (await talk.need(InitProducerId, asked, { version: 4 })).producerId;
    return id >= 0;
  });
  return id;
}

/** A scenario that sends each of `payloads` and then asks for the end of the log. */
function payloads(
  name: string,
  o: { configs?: Record<string, string>; of: () => Uint8Array[] },
): Scenario {
  return {
    about: Produce,
    name,
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic({ configs: o.configs });
      for (const records of o.of()) {
        await send(talk, { topicId, records });
        await send(talk, { topicId, records, acks: 1 });
      }
      await endOffset(talk);
    },
  };
}

function headers(changes: readonly Change[]): () => Uint8Array[] {
  return () => changes.map((change) => changed(batch(["a", "b"]), change));
}

const payloadScenarios: Scenario[] = [
  payloads("good batches", { of: () => [batch(["a"]), batch(["b", "c"])] }),
  // Null instead of no bytes leaves Kafka without an answer.
  payloads("no records", { of: () => [new Uint8Array(0)] }),
  payloads("bytes that are no batch", {
    of: () => [utf8("x"), utf8("no batch at all, but long enough for the header of one, or two")],
  }),
  payloads("a batch that is cut short", {
    of: () => [batch(["a"]).subarray(0, 40), batch(["abcdefgh"]).subarray(0, 70)],
  }),
  payloads("a wrong checksum", { of: headers([{ at: 17, int32: 1, keepCrc: true }]) }),
  payloads("other formats", {
    of: () => [
      messageSet(0),
      messageSet(1),
      changed(batch(["a"]), { at: 16, int8: 3 }),
      changed(batch(["a"]), { at: 16, int8: -1 }),
    ],
  }),
  payloads("two batches in one", {
    of: () => {
      const [one, two] = [batch(["a"]), batch(["b"])];
      const both = new Uint8Array(one.length + two.length);
      both.set(one);
      both.set(two, one.length);
      return [both];
    },
  }),
  payloads("bytes behind a batch", {
    of: () => {
      const one = batch(["a"]);
      return [1, 20, 80].map((extra) => {
        const longer = new Uint8Array(one.length + extra);
        longer.set(one);
        return longer;
      });
    },
  }),
  payloads("counts that do not fit", {
    of: headers([
      { at: 57, int32: 1 },
      { at: 57, int32: 3 },
      { at: 57, int32: 0 },
      { at: 57, int32: -1 },
      { at: 23, int32: 0 },
      { at: 23, int32: 5 },
      { at: 23, int32: -1 },
    ]),
  }),
  payloads("lengths that do not fit", {
    of: headers([
      { at: 8, int32: 10, keepCrc: true },
      { at: 8, int32: 1000, keepCrc: true },
      { at: 8, int32: -1, keepCrc: true },
    ]),
  }),
  payloads("base offsets and epochs of their own", {
    of: headers([{ at: 0, int64: 7 }, { at: 12, int32: 3 }]),
  }),
  payloads("a control batch, and attributes that mean nothing", {
    of: headers([{ at: 21, int16: 0x20 }, { at: 21, int16: 0x40 }, { at: 21, int16: 0x100 }]),
  }),
  payloads("a claim of the broker's time", { of: headers([{ at: 21, int16: 0x08 }]) }),
  payloads("a transaction without an id", { of: headers([{ at: 21, int16: 0x10 }]) }),
  payloads("codecs that are none", {
    of: headers([{ at: 21, int16: 0x05 }, { at: 21, int16: 0x07 }]),
  }),
  payloads("compressed bytes that do not unpack", {
    of: headers([1, 2, 3, 4].map((codec) => ({ at: 21, int16: codec }))),
  }),
  payloads("a batch too large", {
    configs: { "max.message.bytes": "200" },
    of: () => [batch(["a".repeat(120)]), batch(["a".repeat(300)])],
  }),
  payloads("timestamps far away", {
    configs: {
      "message.timestamp.before.max.ms": "3600000",
      "message.timestamp.after.max.ms": "3600000",
    },
    of: () => [
      batch(["a"], { timestamp: startedAtMs - day }),
      batch(["a"], { timestamp: startedAtMs + day }),
      batch(["a"], { timestamp: -1 }),
      batch(["a"], { timestamp: startedAtMs - 1000 }),
      batch([], {
        records: [
          { key: null, value: utf8("a"), timestamp: startedAtMs },
          { key: null, value: utf8("b"), timestamp: startedAtMs - day },
        ],
      }),
    ],
  }),
  // Without retention: it would remove what is so old while the scenario goes on.
  payloads("timestamps far away, by default", {
    configs: { "retention.ms": "-1" },
    of: () => [
      batch(["a"], { timestamp: 0 }),
      batch(["a"], { timestamp: startedAtMs + day / 2 }),
      batch(["a"], { timestamp: startedAtMs + 2 * day }),
      batch(["a"], { timestamp: -1 }),
      batch(["a"], { timestamp: -5 }),
      changed(batch(["a"]), { at: 35, int64: startedAtMs + 5 }),
      changed(batch(["a"]), { at: 35, int64: -1 }),
    ],
  }),
  payloads("the broker's time", {
    configs: { "message.timestamp.type": "LogAppendTime" },
    of: () => [
      batch(["a"], { timestamp: 0 }),
      batch(["a", "b"], { timestamp: startedAtMs + 30 * day }),
      changed(batch(["a"]), { at: 21, int16: 0x08 }),
    ],
  }),
  payloads("records without keys in a compacted topic", {
    configs: { "cleanup.policy": "compact" },
    of: () => [
      batch(["a"]),
      batch([], { records: [{ key: null, value: utf8("a"), timestamp: startedAtMs }] }),
      batch([], {
        records: [
          { key: utf8("a"), value: utf8("a"), timestamp: startedAtMs },
          { key: null, value: utf8("a"), timestamp: startedAtMs },
        ],
      }),
      batch([], { records: [{ key: utf8("a"), value: null, timestamp: startedAtMs }] }),
    ],
  }),
  payloads("producer fields that do not fit", {
    of: headers([
      { at: 43, int64: 5 },
      { at: 51, int16: 0 },
      { at: 53, int32: 0 },
      { at: 53, int32: -5 },
      { at: 51, int16: -5 },
      { at: 43, int64: -5 },
    ]),
  }),
];

const codecScenarios: Scenario[] = compressionTypes.map((compression) => ({
  about: Produce,
  name: `records compressed by ${compression}`,
  versions: { min: 3 },
  async run(talk) {
    await loadCompression(compression);
    const topicId = await talk.createTopic();
    await send(talk, { topicId, records: batch(["a", "b".repeat(300)], { compression }) });
    await endOffset(talk);
  },
}));

const idempotentScenarios: Scenario[] = [
  {
    about: Produce,
    name: "an idempotent producer: duplicates, gaps, epochs",
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const id = await producerId(talk);
      const next = async (baseSequence: number, producerEpoch = 0, count = 1) => {
        const values = Array.from({ length: count }, (_, index) => `v${index}`);
        const records = batch(values, { producerId: id, producerEpoch, baseSequence });
        await send(talk, { topicId, records });
      };
      await next(0);
      await next(0);
      await next(1, 0, 3);
      await next(1, 0, 3);
      await next(1, 0, 2);
      await next(6);
      await next(3);
      await next(4);
      await next(5);
      await next(6);
      await next(7);
      await next(8);
      await next(0);
      await next(1, 0, 3);
      await next(4);
      await next(5, 1);
      await next(0, 1);
      await next(1, 0);
      await next(9, 0);
      await next(1, 1);
      await endOffset(talk);
    },
  },
  {
    about: Produce,
    name: "a producer that nobody has heard of",
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const sent = { producerId: 4_000_000, producerEpoch: 0 };
      await send(talk, { topicId, records: batch(["a"], { ...sent, baseSequence: 5 }) });
      await send(talk, { topicId, records: batch(["a"], { ...sent, baseSequence: 6 }) });
      await send(talk, { topicId, records: batch(["a"], { ...sent, baseSequence: 9 }) });
      const wrap = { producerId: 4_000_001, producerEpoch: 0 };
      const last = 0x7fff_ffff;
      await send(talk, { topicId, records: batch(["a", "b"], { ...wrap, baseSequence: last }) });
      await send(talk, { topicId, records: batch(["a"], { ...wrap, baseSequence: 1 }) });
      await send(talk, { topicId, records: batch(["a"], { ...wrap, baseSequence: 0 }) });
      await endOffset(talk);
    },
  },
  {
    about: Produce,
    name: "producer id 0 in plain batches",
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const records = changed(batch(["a"]), { at: 51, int16: 0 });
      await send(talk, { topicId, records });
      await send(talk, { topicId, records });
    },
  },
  {
    about: InitProducerId,
    name: "ids for idempotent producers",
    async run(talk) {
      await producerId(talk);
      await talk.ask(InitProducerId, { transactionalId: null, transactionTimeoutMs: 0 });
      await talk.ask(InitProducerId, { transactionalId: null, transactionTimeoutMs: -1 });
      if (talk.version >= 3) {
        const asked = { transactionalId: null, transactionTimeoutMs: 1000 };
        await talk.ask(InitProducerId, { ...asked, producerId: 5, producerEpoch: 3 });
        await talk.ask(InitProducerId, { ...asked, producerId: 5, producerEpoch: -1 });
        await talk.ask(InitProducerId, { ...asked, producerId: -1, producerEpoch: 3 });
      }
      await talk.ask(InitProducerId, { transactionalId: "", transactionTimeoutMs: 1000 });
    },
  },
];

const targetScenarios: Scenario[] = [
  {
    about: Produce,
    name: "topics and partitions that are not there",
    versions: { min: 3 },
    broker: "strict",
    async run(talk) {
      const topicId = await talk.createTopic();
      const records = batch(["a"]);
      await send(talk, { topicId, records, partition: 1 });
      await send(talk, { topicId, records, partition: -1 });
      await send(talk, { topicId: unknownId, records, name: `${talk.topic}-missing` });
      await send(talk, { topicId: unknownId, records, name: "a b" });
      await send(talk, { topicId: unknownId, records, name: "" });
    },
  },
  {
    about: Produce,
    name: "an internal topic",
    versions: { min: 3, max: 12 },
    async run(talk) {
      const name = "__consumer_offsets";
      await send(talk, { topicId: unknownId, records: batch(["a"]), name });
    },
  },
  {
    about: Produce,
    name: "several topics and partitions, some wrong, one twice",
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 3 });
      const good = batch(["a"]);
      const partitionData = [
        { index: 2, records: good },
        { index: 0, records: changed(good, { at: 17, int32: 1, keepCrc: true }) },
        { index: 1, records: good },
      ];
      const topicData = [{ name: talk.topic, topicId, partitionData }];
      await talk.ask(Produce, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
    },
  },
  {
    about: Produce,
    name: "nothing at all",
    versions: { min: 3 },
    async run(talk) {
      const asked = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData: [] };
      await talk.ask(Produce, asked);
      const topicId = await talk.createTopic();
      const topicData = [{ name: talk.topic, topicId, partitionData: [] }];
      await talk.ask(Produce, { ...asked, topicData });
    },
  },
  {
    about: Produce,
    name: "acks",
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const records = batch(["a"]);
      for (const acks of [2, -2, 1, -1]) await send(talk, { topicId, records, acks });
      await talk.tell(Produce, request(talk, { topicId, records, acks: 0 }));
      await send(talk, { topicId, records });
      const wrong = changed(records, { at: 17, int32: 1, keepCrc: true });
      await talk.tell(Produce, request(talk, { topicId, records: wrong, acks: 0 }));
      await send(talk, { topicId, records });
    },
  },
  {
    about: Produce,
    name: "more replicas than there are",
    versions: { min: 3 },
    async run(talk) {
      const topicId = await talk.createTopic({ configs: { "min.insync.replicas": "2" } });
      const records = batch(["a"]);
      for (const acks of [1, -1]) await send(talk, { topicId, records, acks });
    },
  },
];

export const producingScenarios: readonly Scenario[] = [
  ...payloadScenarios,
  ...codecScenarios,
  ...idempotentScenarios,
  ...targetScenarios,
];
