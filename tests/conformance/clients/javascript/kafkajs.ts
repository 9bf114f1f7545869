// kafkajs 2.2.4, the client that most JavaScript programs use. It knows gzip; the other codecs are
// plug-ins: kafkajs-snappy (which writes raw snappy), LZ4 frames from a WASM library, zstd from
// node:zlib.
//
// Its habits: it takes the lower of its own and the broker's highest version and ignores the
// broker's lowest; it reads with READ_COMMITTED; it uses message format 2 and never verifies a CRC.

import { assert } from "@std/assert";
import { Buffer } from "node:buffer";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  type Admin,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  type KafkaConfig,
  type KafkaMessage,
  type LogEntry,
  logLevel,
  Partitioners,
  type Producer,
  type SASLOptions,
} from "kafkajs";
import snappyCodec from "kafkajs-snappy";
import { lz4Compress, lz4Decompress } from "@platformatic/wasm-utils";
import { patienceMs, untilAnswered, within } from "../../../harness/deadline.ts";
import {
  type CommittedOffset,
  type ConsumedRecord,
  type Driver,
  endOfLog,
  type FenceOptions,
  type Header,
  type JoinOptions,
  type LogIn,
  type Member,
  type ProduceOptions,
  type Reached,
  type ReadOptions,
  type TestRecord,
  type TransactedPart,
  type Way,
} from "../../driver.ts";
import { joinApart } from "../../process_driver.ts";
import { uniqueName } from "../../scenarios/samples.ts";
import type { Codec } from "../../stored_codec.ts";
import { pinnedVersion, servedProgram } from "./programs.ts";

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

export class KafkajsDriver implements Driver {
  readonly version = pinnedVersion("kafkajs");
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly #bootstrap: string;
  readonly #options: KafkaConfig;

  private constructor({ bootstrap, way }: Reached) {
    this.#bootstrap = bootstrap;
    this.#options = {
      clientId: "conformance",
      brokers: bootstrap.split(","),
      ...way && secured(way),
      retry: { initialRetryTime: 50, retries: 8 },
    };
    this.kafka = new Kafka({ ...this.#options, logLevel: logLevel.NOTHING });
    this.admin = this.kafka.admin();
  }

  static async connect(at: Reached): Promise<KafkajsDriver> {
    const driver = new KafkajsDriver(at);
    await driver.admin.connect();
    return driver;
  }

  async createTopic(
    topic: string,
    { partitions, configs }: { partitions: number; configs: Record<string, string> },
  ): Promise<void> {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const created = { topic, numPartitions: partitions, replicationFactor: -1, configEntries };
    assert(await this.admin.createTopics({ topics: [created], waitForLeaders: true }));
    // Kafka shows a topic a moment before its partitions take records, and this client repeats a
    // whole request, records that were taken included, when one partition refuses.
    await untilAnswered(() => this.admin.fetchTopicOffsets(topic), 10_000);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.admin.deleteTopics({ topics: [topic] });
  }

  async topicConfigs(topic: string): Promise<Record<string, string>> {
    const { resources } = await this.admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      includeSynonyms: false,
    });
    const { configEntries } = resources[0]!;
    return Object.fromEntries(configEntries.map((each) => [each.configName, each.configValue]));
  }

  async alterTopicConfigs(topic: string, configs: Record<string, string>): Promise<void> {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    await this.admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
    });
  }

  async listTopics(): Promise<string[]> {
    return await this.admin.listTopics();
  }

  async describeTopic(topic: string): Promise<number> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.length;
  }

  async produce(
    topic: string,
    records: readonly TestRecord[],
    { codec = "none", idempotent = false }: ProduceOptions,
  ): Promise<void> {
    const producer = this.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    try {
      const messages = records.map(messageOf);
      await producer.send({ topic, messages, compression: compression[codec] });
    } finally {
      await producer.disconnect();
    }
  }

  async transact(transactionalId: string, parts: readonly TransactedPart[]): Promise<void> {
    const producer = await this.#transactional(transactionalId);
    try {
      for (const { topic, records, place, end } of parts) {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: records.map(messageOf) });
        if (place !== undefined) {
          const partitions = [{ partition: 0, offset: `${place.offset}` }];
          const topics = [{ topic: place.topic, partitions }];
          await transaction.sendOffsets({ consumerGroupId: place.group, topics });
        }
        await (end === "commit" ? transaction.commit() : transaction.abort());
      }
    } finally {
      await producer.disconnect();
    }
  }

  async fence(transactionalId: string, o: FenceOptions): Promise<string | null> {
    const first = await this.#transactional(transactionalId);
    const earlier = await first.transaction();
    await earlier.send({ topic: o.topic, messages: o.first.map(messageOf) });
    await this.transact(transactionalId, [{ topic: o.topic, records: o.second, end: "commit" }]);
    try {
      await earlier.commit();
      return null;
    } catch (error) {
      return `${error}`;
    } finally {
      await first.disconnect();
    }
  }

  async #transactional(transactionalId: string): Promise<Producer> {
    const producer = this.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    return producer;
  }

  async read(topic: string, { from, count }: ReadOptions): Promise<ConsumedRecord[]> {
    const done = Promise.withResolvers<void>();
    // Out of range it starts over by itself, and tells nobody but the log.
    const onLog = ({ log }: LogEntry) => {
      if (log.message.includes("out of range")) done.reject(new Error(log.message));
    };
    const options = { ...this.#options, logLevel: logLevel.ERROR, logCreator: () => onLog };
    const consumer = new Kafka(options).consumer({
      groupId: uniqueName("reader"),
      // It asks each broker by itself, and waits for the answers of those that have nothing.
      maxWaitTimeInMs: 100,
      maxBytesPerPartition: 16_000_000,
      allowAutoTopicCreation: false,
    });
    const starts = new Map(from);
    const received: ConsumedRecord[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        // Until a seek takes effect, what comes may be from before it.
        if (Number(message.offset) < (starts.get(partition) ?? Infinity)) return Promise.resolve();
        received.push(consumed(partition, message));
        if (received.length === count) done.resolve();
        return Promise.resolve();
      },
    });
    for (const [partition, offset] of from) {
      if (offset > 0) consumer.seek({ topic, partition, offset: `${offset}` });
    }
    try {
      const what = () => `${count} records of ${topic}; so far ${received.length}`;
      await within(done.promise, { ms: patienceMs, what });
    } finally {
      await consumer.disconnect();
    }
    return received;
  }

  async join(name: string, options: JoinOptions): Promise<Member> {
    const { group, topic, watch, sessionTimeoutMs } = options;
    if (options.apart) {
      const program = servedProgram("kafkajs");
      return await joinApart(name, { ...options, apart: false }, program, {
        bootstrap: this.#bootstrap,
      });
    }
    const consumer = this.kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: 10_000,
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

  async offsets(
    topic: string,
    { partitions, timestamp }: { partitions: number; timestamp: number },
  ): Promise<number[]> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    const found = new Array<number>(partitions).fill(-1);
    if (timestamp < 0) {
      for (const { partition, high, low } of ends) {
        found[partition] = Number(timestamp === endOfLog ? high : low);
      }
      return found;
    }
    const dated = await this.admin.fetchTopicOffsetsByTimestamp(topic, timestamp);
    for (const { partition, offset } of dated) {
      // Where nothing is that late, kafkajs answers with the end offset.
      const end = ends.find((each) => each.partition === partition)!.high;
      found[partition] = offset === end ? -1 : Number(offset);
    }
    return found;
  }

  async commit(
    groupId: string,
    { topic, partition, offset, metadata }: {
      topic: string;
      partition: number;
      offset: number;
      metadata: string;
    },
  ): Promise<void> {
    // Its admin's setOffsets has no metadata; a consumer that has joined commits what it is told.
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    const joined = Promise.withResolvers<void>();
    consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve());
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachMessage: () => Promise.resolve() });
    try {
      await within(joined.promise, { ms: patienceMs, what: () => `join ${groupId}` });
      await consumer.commitOffsets([{ topic, partition, offset: `${offset}`, metadata }]);
    } finally {
      await consumer.disconnect();
    }
  }

  async committed(
    groupId: string,
    { topic, partitions }: { topic: string; partitions: number },
  ): Promise<CommittedOffset[]> {
    const [answer] = await this.admin.fetchOffsets({ groupId, topics: [topic] });
    const found = new Array<CommittedOffset>(partitions).fill({ offset: -1 });
    for (const { partition, offset, metadata } of answer!.partitions) {
      found[partition] = { offset: Number(offset), metadata: metadata ?? "" };
    }
    return found;
  }

  async deleteGroup(group: string): Promise<void> {
    await this.admin.deleteGroups([group]);
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

/** How it comes in, in its own words. */
function secured({ ca, cert, key, logIn }: Way): Pick<KafkaConfig, "ssl" | "sasl"> {
  const ssl = { ca: [textIn(ca)], cert: cert && textIn(cert), key: key && textIn(key) };
  return logIn === undefined ? { ssl } : { ssl, sasl: saslOf(logIn) };
}

function textIn(path: string): string {
  return Deno.readTextFileSync(path);
}

function saslOf(logIn: LogIn): SASLOptions {
  if (logIn.mechanism === "OAUTHBEARER") {
    const oauthBearerProvider = () => Promise.resolve({ value: logIn.token });
    return { mechanism: "oauthbearer", oauthBearerProvider };
  }
  const { username, password } = logIn;
  return { mechanism: logIn.mechanism.toLowerCase() as "plain", username, password };
}

/** A name that is repeated has a list of values; the order between names is lost. */
function messageOf({ key, value, headers, timestamp, partition }: TestRecord) {
  const byName: Record<string, string[]> = {};
  for (const [name, text] of headers) (byName[name] ??= []).push(text);
  return {
    key,
    value,
    headers: byName,
    ...(timestamp === undefined ? {} : { timestamp: `${timestamp}` }),
    ...(partition === undefined ? {} : { partition }),
  };
}

function consumed(partition: number, message: KafkaMessage): ConsumedRecord {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
    [value].flat().map((each): Header => [name, `${each}`])
  );
  return {
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key === null ? null : message.key.toString(),
    value: message.value === null ? null : message.value.toString(),
    headers,
  };
}
