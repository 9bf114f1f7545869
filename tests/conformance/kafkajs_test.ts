// kafkajs 2.2.4, the client that most JavaScript programs use. It knows gzip; the other codecs are
// plug-ins: kafkajs-snappy (which writes raw snappy), LZ4 frames from a WASM library, zstd from
// node:zlib.
//
// Its habits: it takes the lower of its own and the broker's highest version and ignores the
// broker's lowest; it reads with READ_COMMITTED; it uses message format 2 and never verifies a CRC.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  type Admin,
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  type Consumer,
  Kafka,
  type KafkaMessage,
  logLevel,
  Partitioners,
} from "kafkajs";
import snappyCodec from "kafkajs-snappy";
import { lz4Compress, lz4Decompress } from "@platformatic/wasm-utils";
import type { BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered, within } from "../harness/deadline.ts";
import type { Codec } from "./stored_codec.ts";
import {
  clientTests,
  conformanceTest,
  type ConsumedRecord,
  type Driver,
  type JoinOptions,
  type Member,
  type ProduceOptions,
  sampleRecords,
  sessionTimeoutMs,
  type TestRecord,
  uniqueName,
} from "./suite.ts";

const compression: Record<Codec, CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

type Compress = (bytes: Buffer) => Uint8Array;

/** A codec as kafkajs wants it, from two plain functions. */
function codec(compress: Compress, decompress: Compress) {
  return () => ({
    compress: (encoder: { buffer: Buffer }) =>
      Promise.resolve(Buffer.from(compress(encoder.buffer))),
    decompress: (bytes: Buffer) => Promise.resolve(Buffer.from(decompress(bytes))),
  });
}

CompressionCodecs[CompressionTypes.Snappy] = snappyCodec;
CompressionCodecs[CompressionTypes.LZ4] = codec(lz4Compress, lz4Decompress);
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstdCompressSync, zstdDecompressSync);

class KafkajsDriver implements Driver {
  readonly kafka: Kafka;
  readonly admin: Admin;

  constructor(broker: BrokerProcess) {
    this.kafka = new Kafka({
      clientId: "conformance",
      brokers: [broker.bootstrap],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 8 },
    });
    this.admin = this.kafka.admin();
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    const topics = [{ topic, numPartitions: partitions, replicationFactor: 1 }];
    assert(await this.admin.createTopics({ topics, waitForLeaders: true }));
    // Kafka shows a topic a moment before its partitions take records, and this client repeats a
    // whole request, records that were taken included, when one partition refuses.
    await untilAnswered(() => this.admin.fetchTopicOffsets(topic), 10_000);
  }

  async listTopics(): Promise<string[]> {
    return await this.admin.listTopics();
  }

  async describeTopic(topic: string): Promise<number> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.length;
  }

  async produce(topic: string, records: TestRecord[], options: ProduceOptions): Promise<void> {
    const producer = this.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: options.idempotent,
    });
    await producer.connect();
    try {
      await producer.send({ topic, messages: records, compression: compression[options.codec] });
    } finally {
      await producer.disconnect();
    }
  }

  async consume(topic: string, count: number): Promise<ConsumedRecord[]> {
    const consumer = this.kafka.consumer({ groupId: uniqueName("reader") });
    const received: ConsumedRecord[] = [];
    const done = Promise.withResolvers<void>();
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        received.push(consumed(partition, message));
        if (received.length === count) done.resolve();
        return Promise.resolve();
      },
    });
    try {
      const what = () => `${count} records of ${topic}; so far ${received.length}`;
      await within(done.promise, { ms: 60_000, what });
    } finally {
      await consumer.disconnect();
    }
    return received;
  }

  async join(name: string, { group, topic, watch }: JoinOptions): Promise<Member> {
    const consumer = this.kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: 200,
      // The test tells by event when a member holds partitions; a long poll would delay it.
      maxWaitTimeInMs: 100,
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      watch.assigned(name, payload.memberAssignment[topic] ?? []);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => watch.failed(name, `${payload.error}`));
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        watch.saw(name, message.value!.toString());
        return Promise.resolve();
      },
    });
    return { leave: () => consumer.disconnect() };
  }

  async endOffsets(topic: string): Promise<number> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  }

  async committedOffsets(groupId: string, topic: string): Promise<number> {
    const [offsets] = await this.admin.fetchOffsets({ groupId, topics: [topic] });
    return offsets!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  }

  async listGroups(): Promise<string[]> {
    return (await this.admin.listGroups()).groups.map(({ groupId }) => groupId);
  }

  async describeGroup(groupId: string) {
    const group = (await this.admin.describeGroups([groupId])).groups[0]!;
    return { state: group.state, memberCount: group.members.length };
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }
}

function consumed(partition: number, message: KafkaMessage): ConsumedRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, `${value}`]);
  return {
    partition,
    offset: Number(message.offset),
    key: message.key!.toString(),
    value: message.value!.toString(),
    headers: Object.fromEntries(headers),
  };
}

const session = clientTests({
  client: "kafkajs",
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  connect: async (broker) => {
    const driver = new KafkajsDriver(broker);
    await driver.admin.connect();
    return driver;
  },
});

function kafkajs(): KafkajsDriver {
  return session.driver as KafkajsDriver;
}

conformanceTest({ name: "kafkajs describes the cluster that it reached" }, async () => {
  const cluster = await kafkajs().admin.describeCluster();
  const { host, port } = session.broker;
  assertEquals(cluster.brokers.map((broker) => [broker.host, broker.port]), [[host, port]]);
  assert(cluster.clusterId.length > 0, "the cluster has an id");
});

conformanceTest({ name: "kafkajs reads a topic's configuration" }, async () => {
  const topic = uniqueName("configured");
  const configEntries = [{ name: "retention.ms", value: "3600000" }];
  await kafkajs().admin.createTopics({ topics: [{ topic, configEntries }] });
  const { resources } = await kafkajs().admin.describeConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    includeSynonyms: false,
  });
  const values = new Map(
    resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue] as const),
  );
  assertEquals(values.get("retention.ms"), "3600000");
  assertEquals(values.get("cleanup.policy"), "delete");
});

conformanceTest({ name: "kafkajs cannot create a topic twice" }, async () => {
  const topic = uniqueName("twice");
  await kafkajs().createTopic(topic, 1);
  const topics = [{ topic }];
  // It swallows TOPIC_ALREADY_EXISTS and answers false: nothing was created.
  assertEquals(await kafkajs().admin.createTopics({ topics }), false);
});

conformanceTest({ name: "kafkajs adds partitions and deletes the topic" }, async () => {
  const { admin } = kafkajs();
  const topic = uniqueName("growing");
  await kafkajs().createTopic(topic, 2);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  assertEquals(await kafkajs().describeTopic(topic), 5);
  await admin.deleteTopics({ topics: [topic] });
  assert(!(await kafkajs().listTopics()).includes(topic), "the deleted topic is gone");
});

conformanceTest({ name: "kafkajs deletes records below an offset" }, async () => {
  const { admin } = kafkajs();
  const topic = uniqueName("trimmed");
  await kafkajs().createTopic(topic, 1);
  await kafkajs().produce(topic, sampleRecords(20), { codec: "none", idempotent: false });
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "12" }] });
  const [offsets] = await admin.fetchTopicOffsets(topic);
  assertEquals([offsets!.low, offsets!.high], ["12", "20"]);
  const received = await kafkajs().consume(topic, 8);
  assertEquals(received.map(({ offset }) => offset), [12, 13, 14, 15, 16, 17, 18, 19]);
});

conformanceTest({ name: "kafkajs finds an offset by its timestamp" }, async () => {
  const { admin, kafka } = kafkajs();
  const topic = uniqueName("dated");
  await kafkajs().createTopic(topic, 1);
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const base = Date.now() - 100_000;
  for (const step of [0, 1, 2, 3]) {
    const messages = [{ value: `${step}`, timestamp: `${base + step * 1000}` }];
    await producer.send({ topic, messages });
  }
  await producer.disconnect();
  const at = async (timestamp: number) =>
    (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp))[0]!.offset;
  assertEquals(await at(base), "0");
  assertEquals(await at(base + 1500), "2");
  // Nothing is that late: kafkajs answers with the end offset.
  assertEquals(await at(base + 9000), "4");
});

conformanceTest({ name: "kafkajs sets a group's offsets and deletes the group" }, async () => {
  const { admin } = kafkajs();
  const topic = uniqueName("placed");
  const groupId = uniqueName("placed");
  await kafkajs().createTopic(topic, 1);
  await kafkajs().produce(topic, sampleRecords(10), { codec: "none", idempotent: false });
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: "7" }] });
  assertEquals(await kafkajs().committedOffsets(groupId, topic), 7);
  await admin.deleteGroups([groupId]);
  assert(!(await kafkajs().listGroups()).includes(groupId), "the deleted group is gone");
});

conformanceTest({ name: "kafkajs is refused a group that has members" }, async () => {
  const { kafka, admin } = kafkajs();
  const topic = uniqueName("occupied");
  const groupId = uniqueName("occupied");
  await kafkajs().createTopic(topic, 1);
  const consumer: Consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  const joined = Promise.withResolvers<string>();
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => joined.resolve(payload.memberId));
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({ eachMessage: () => Promise.resolve() });
  try {
    const memberId = await within(joined.promise, { ms: 30_000, what: () => `join ${groupId}` });
    const group = (await admin.describeGroups([groupId])).groups[0]!;
    assertEquals([group.protocolType, group.protocol], ["consumer", "RoundRobinAssigner"]);
    assertEquals(group.members.map((member) => member.memberId), [memberId]);
    const assignment = AssignerProtocol.MemberAssignment.decode(group.members[0]!.memberAssignment);
    assertEquals(assignment!.assignment, { [topic]: [0] });
    await assertRejects(() => admin.deleteGroups([groupId]));
  } finally {
    await consumer.disconnect();
  }
});
