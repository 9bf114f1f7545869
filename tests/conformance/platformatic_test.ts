// @platformatic/kafka 2.12.1, a young client without legacy: flexible versions only (Metadata 9-12,
// Fetch 12-17 by topic id, FindCoordinator 4-6, OffsetCommit 8-9, CreateTopics 7, DeleteTopics 6).
// All five codecs are built in. It takes the highest version that it shares with the broker.

import { assert, assertEquals } from "@std/assert";
import {
  Admin,
  Consumer,
  type Message,
  Producer,
  stringDeserializers,
  stringSerializers,
} from "@platformatic/kafka";
import type { BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered, within } from "../harness/deadline.ts";
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

type StringMessage = Message<string, string, string, string>;

const topicResource = 2;
const latest = -1n;
const earliest = -2n;

class PlatformaticDriver implements Driver {
  readonly admin: Admin;
  readonly #base: { clientId: string; bootstrapBrokers: string[]; retries: number };

  constructor(broker: BrokerProcess) {
    this.#base = { clientId: "conformance", bootstrapBrokers: [broker.bootstrap], retries: 5 };
    this.admin = new Admin(this.#base);
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    const [created] = await this.admin.createTopics({ topics: [topic], partitions, replicas: 1 });
    assertEquals([created!.name, created!.partitions, created!.replicas], [topic, partitions, 1]);
    // Kafka shows a topic a moment before its partitions take records, and this client repeats a
    // whole request, records that were taken included, when one partition refuses.
    await untilAnswered(() => this.endOffsets(topic, partitions), 10_000);
  }

  async listTopics(): Promise<string[]> {
    return await this.admin.listTopics();
  }

  async describeTopic(topic: string): Promise<number> {
    const metadata = await this.admin.metadata({ topics: [topic], forceUpdate: true });
    return metadata.topics.get(topic)!.partitionsCount;
  }

  async produce(topic: string, records: TestRecord[], options: ProduceOptions): Promise<void> {
    const producer = new Producer({ ...this.#base, serializers: stringSerializers });
    try {
      await producer.send({
        messages: records.map((record) => ({ topic, ...record })),
        compression: options.codec,
        idempotent: options.idempotent,
        acks: -1,
      });
    } finally {
      await producer.close();
    }
  }

  async consume(topic: string, count: number): Promise<ConsumedRecord[]> {
    const consumer = this.#consumer(uniqueName("reader"));
    const received: ConsumedRecord[] = [];
    const done = Promise.withResolvers<void>();
    try {
      const stream = await consumer.consume({
        topics: [topic],
        mode: "earliest",
        maxWaitTime: 100,
      });
      stream.on("error", done.reject);
      stream.on("data", (message) => {
        received.push(consumed(message));
        if (received.length === count) done.resolve();
      });
      const what = () => `${count} records of ${topic}; so far ${received.length}`;
      await within(done.promise, { ms: 60_000, what });
    } finally {
      await consumer.close(true);
    }
    return received;
  }

  async join(name: string, { group, topic, watch }: JoinOptions): Promise<Member> {
    const consumer = this.#consumer(group);
    consumer.on("consumer:group:join", ({ assignments }) => {
      const ours = assignments?.find((assignment) => assignment.topic === topic);
      watch.assigned(name, ours?.partitions ?? []);
    });
    const stream = await consumer.consume({
      topics: [topic],
      mode: "committed",
      fallbackMode: "earliest",
      autocommit: true,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: 200,
      maxWaitTime: 100,
    });
    stream.on("error", (error) => watch.failed(name, `${error}`));
    stream.on("data", (message) => watch.saw(name, message.value));
    return {
      leave: async () => {
        await stream.close();
        await consumer.close(true);
      },
    };
  }

  async endOffsets(topic: string, partitions: number): Promise<number> {
    const offsets = await this.listOffsets(topic, { partitions, timestamp: latest });
    return offsets.reduce((sum, offset) => sum + offset, 0);
  }

  /** The offset of each partition at a timestamp, or at one of the special ones. */
  async listOffsets(
    topic: string,
    { partitions, timestamp }: { partitions: number; timestamp: bigint },
  ): Promise<number[]> {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp,
    }));
    const [answer] = await this.admin.listOffsets({ topics: [{ name: topic, partitions: asked }] });
    return answer!.partitions.map(({ offset }) => Number(offset));
  }

  async committedOffsets(group: string, topic: string): Promise<number> {
    const [answer] = await this.admin.listConsumerGroupOffsets({ groups: [group] });
    const { partitions } = answer!.topics.find(({ name }) => name === topic)!;
    return partitions.reduce((sum, { committedOffset }) => sum + Number(committedOffset), 0);
  }

  async listGroups(): Promise<string[]> {
    return [...(await this.admin.listGroups()).keys()];
  }

  async describeGroup(id: string) {
    const group = (await this.admin.describeGroups({ groups: [id] })).get(id)!;
    return { state: stateNames[group.state] ?? group.state, memberCount: group.members.size };
  }

  async close(): Promise<void> {
    await this.admin.close();
  }

  #consumer(groupId: string): Consumer<string, string, string, string> {
    return new Consumer({ ...this.#base, groupId, deserializers: stringDeserializers });
  }
}

/** It writes the states of a group in capitals. */
const stateNames: Record<string, string> = { STABLE: "Stable", EMPTY: "Empty" };

function consumed(message: StringMessage): ConsumedRecord {
  return {
    partition: message.partition,
    offset: Number(message.offset),
    key: message.key,
    value: message.value,
    headers: Object.fromEntries(message.headers),
  };
}

const session = clientTests({
  client: "@platformatic/kafka",
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  connect: (broker) => new PlatformaticDriver(broker),
});

function platformatic(): PlatformaticDriver {
  return session.driver as PlatformaticDriver;
}

conformanceTest({ name: "@platformatic/kafka reads a topic's configuration" }, async () => {
  const { admin } = platformatic();
  const topic = uniqueName("configured");
  const configs = [{ name: "retention.ms", value: "3600000" }];
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1, configs });
  const resources = [{ resourceType: topicResource, resourceName: topic } as const];
  const [described] = await admin.describeConfigs({ resources });
  const values = new Map(described!.configs.map(({ name, value }) => [name, value]));
  assertEquals(values.get("retention.ms"), "3600000");
  assertEquals(values.get("cleanup.policy"), "delete");
});

conformanceTest({ name: "@platformatic/kafka adds partitions and deletes the topic" }, async () => {
  const { admin } = platformatic();
  const topic = uniqueName("growing");
  await platformatic().createTopic(topic, 2);
  await admin.createPartitions({ topics: [{ name: topic, count: 5 }] });
  assertEquals(await platformatic().describeTopic(topic), 5);
  await admin.deleteTopics({ topics: [topic] });
  assert(!(await platformatic().listTopics()).includes(topic), "the deleted topic is gone");
});

conformanceTest({ name: "@platformatic/kafka deletes records below an offset" }, async () => {
  const { admin } = platformatic();
  const topic = uniqueName("trimmed");
  await platformatic().createTopic(topic, 1);
  await platformatic().produce(topic, sampleRecords(20), { codec: "none", idempotent: false });
  const partitions = [{ partition: 0, offset: 12n }];
  await admin.deleteRecords({ topics: [{ name: topic, partitions }] });
  const offsets = { partitions: 1, timestamp: earliest };
  assertEquals(await platformatic().listOffsets(topic, offsets), [12]);
});

conformanceTest({ name: "@platformatic/kafka deletes a group that nobody is in" }, async () => {
  const { admin } = platformatic();
  const groupId = uniqueName("deleted");
  const topic = uniqueName("deleted");
  await platformatic().createTopic(topic, 1);
  await admin.alterConsumerGroupOffsets({
    groupId,
    topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 5n }] }],
  });
  assertEquals(await platformatic().committedOffsets(groupId, topic), 5);
  await admin.deleteGroups({ groups: [groupId] });
  assert(!(await platformatic().listGroups()).includes(groupId), "the deleted group is gone");
});
