// Our own client (client.ts) as a program of its users would have it: connect, and what that gives.

import { readFileSync } from "node:fs";
import {
  type AssignorName,
  type Cluster,
  connect,
  type Consumer,
  type ConsumerOptions,
  type ConsumerRecord,
  KafkaError,
  type ProducerOptions,
  type SaslOptions,
} from "../../../../client.ts";
import { patienceMs, untilAnswered, within } from "../../../harness/deadline.ts";
import type {
  CommittedOffset,
  ConsumedRecord,
  Delivery,
  Driver,
  FenceOptions,
  JoinOptions,
  LogIn,
  Member,
  ProduceOptions,
  Reached,
  ReadOptions,
  TestRecord,
  TransactedPart,
  WorkOptions,
} from "../../driver.ts";
import { joinApart } from "../../process_driver.ts";
import { servedProgram } from "./programs.ts";

const decoder = new TextDecoder();

export class OttlaDriver implements Driver {
  readonly version: string;
  readonly #bootstrap: string;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, at: { bootstrap: string; version: string }) {
    this.#cluster = cluster;
    this.#bootstrap = at.bootstrap;
    this.version = at.version;
  }

  static async connect({ bootstrap, way }: Reached): Promise<OttlaDriver> {
    const textIn = (path: string | undefined) =>
      path === undefined ? undefined : readFileSync(path, "utf8");
    const cluster = await connect({
      bootstrap,
      clientId: "conformance",
      ...way && {
        tls: { ca: textIn(way.ca), cert: textIn(way.cert), key: textIn(way.key) },
        sasl: way.logIn && saslOf(way.logIn),
      },
    });
    const house = new URL("../../../../deno.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(house, "utf8"));
    return new OttlaDriver(cluster, { bootstrap, version });
  }

  async createTopic(
    name: string,
    options: { partitions: number; configs: Record<string, string> },
  ): Promise<void> {
    const { admin } = this.#cluster;
    await admin.createTopic({ name, ...options });
    // Kafka shows a topic a moment before its partitions take records.
    await untilAnswered(async () => {
      await admin.describeConfigs({ topic: name });
      await this.offsets(name, { partitions: options.partitions, timestamp: -1 });
    }, 10_000);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#cluster.admin.deleteTopic(topic);
  }

  async listTopics(): Promise<string[]> {
    return (await this.#cluster.admin.listTopics()).map(({ name }) => name);
  }

  async describeTopic(topic: string): Promise<number> {
    return (await this.#cluster.admin.describeTopic(topic)).partitions.length;
  }

  async topicConfigs(topic: string): Promise<Record<string, string>> {
    const entries = await this.#cluster.admin.describeConfigs({ topic });
    return Object.fromEntries(entries.map(({ name, value }) => [name, value ?? ""]));
  }

  async alterTopicConfigs(topic: string, configs: Record<string, string>): Promise<void> {
    await this.#cluster.admin.alterConfigs({ topic }, { set: configs });
  }

  async produce(
    topic: string,
    records: readonly TestRecord[],
    { codec, idempotent }: ProduceOptions,
  ): Promise<void> {
    const options: ProducerOptions = { compression: codec, idempotent };
    await using producer = this.#cluster.producer(options);
    await producer.send(records.map((record) => ({ topic, ...record })));
  }

  async transact(transactionalId: string, parts: readonly TransactedPart[]): Promise<void> {
    await using producer = this.#cluster.producer({ transactionalId });
    for (const { topic, records, place, end } of parts) {
      await using transaction = await producer.begin();
      await transaction.send(records.map((record) => ({ topic, ...record })));
      if (place !== undefined) {
        const offsets = [{ topic: place.topic, partition: 0, offset: place.offset }];
        await transaction.sendOffsets({ groupId: place.group, offsets });
      }
      if (end === "commit") await transaction.commit();
    }
  }

  async fence(transactionalId: string, o: FenceOptions): Promise<string | null> {
    await using first = this.#cluster.producer({ transactionalId });
    const open = await first.begin();
    await open.send(o.first.map((record) => ({ topic: o.topic, ...record })));
    const second = { topic: o.topic, records: o.second, end: "commit" } as const;
    await this.transact(transactionalId, [second]);
    try {
      await open.commit();
      return null;
    } catch (error) {
      if (error instanceof KafkaError && error.code === "PRODUCER_FENCED") return `${error}`;
      throw error;
    }
  }

  async read(topic: string, { from, count, committed }: ReadOptions): Promise<ConsumedRecord[]> {
    await using consumer = this.#cluster.consumer({
      readCommitted: committed,
      autoOffsetReset: "none",
      fetchWaitMsMax: 100,
    });
    consumer.assign(from.map(([partition, at]) => ({ topic, partition, at })));
    const received: ConsumedRecord[] = [];
    const reading = (async () => {
      for await (const record of consumer) {
        received.push(consumed(record));
        if (received.length === count) return;
      }
    })();
    const what = () => `${count} records of ${topic}; so far ${received.length}`;
    await within(reading, { ms: patienceMs, what });
    return received;
  }

  async join(name: string, options: JoinOptions): Promise<Member> {
    const { group, topic, watch, sessionTimeoutMs, instanceId, protocol } = options;
    if (options.apart) {
      const program = servedProgram("ottla");
      const bootstrap = this.#bootstrap;
      return await joinApart(name, { ...options, apart: false }, program, { bootstrap });
    }
    const told = () => watch.assigned(name, consumer.assignment.map(({ partition }) => partition));
    const assignors: AssignorName[] = ["cooperative-sticky"];
    const settings: ConsumerOptions = {
      groupId: group,
      groupInstanceId: instanceId,
      ...protocol && { groupProtocol: protocol },
      assignors,
      autoOffsetReset: "earliest",
      sessionTimeoutMs,
      rebalanceTimeoutMs: sessionTimeoutMs,
      heartbeatIntervalMs: 200,
      fetchWaitMsMax: 100,
      onAssigned: told,
    };
    const consumer: Consumer = this.#cluster.consumer(settings);
    consumer.subscribe([topic]);
    const done = (async () => {
      for await (const { value } of consumer) watch.saw(name, textOf(value)!);
    })().catch((error) => watch.failed(name, `${error}`));
    return {
      async leave() {
        await consumer.close();
        await done;
      },
    };
  }

  async workOff(
    groupId: string,
    { topic, count, release, reject }: WorkOptions,
  ): Promise<Delivery[]> {
    await using consumer = this.#cluster.shareConsumer({ groupId, topics: [topic] });
    const handed: Delivery[] = [];
    const working = (async () => {
      for await (const record of consumer) {
        const value = textOf(record.value)!;
        const { deliveryCount } = record;
        handed.push({ value, deliveryCount });
        if (release.includes(value) && deliveryCount === 1) record.release();
        else if (reject.includes(value)) record.reject();
        else record.accept();
        if (handed.length === count) return;
      }
    })();
    const what = () => `${count} records handed out; so far ${handed.length}`;
    await within(working, { ms: patienceMs, what });
    await consumer.commit();
    return handed;
  }

  async offsets(
    topic: string,
    { partitions, timestamp }: { partitions: number; timestamp: number },
  ): Promise<number[]> {
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const spec = timestamp === -1
      ? "latest"
      : timestamp === -2
      ? "earliest"
      : { timestampMs: timestamp };
    const found = await this.#cluster.admin.listOffsets(places, { spec });
    return found.map(({ offset }) => offset);
  }

  async commit(
    group: string,
    { topic, partition, offset, metadata }: {
      topic: string;
      partition: number;
      offset: number;
      metadata: string;
    },
  ): Promise<void> {
    const offsets = [{ topic, partition, offset, metadata }];
    await this.#cluster.admin.commitOffsets(group, { offsets });
  }

  async committed(
    group: string,
    { topic, partitions }: { topic: string; partitions: number },
  ): Promise<CommittedOffset[]> {
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const found = await this.#cluster.admin.committedOffsets(group, {
      requireStable: true,
      partitions: places,
    });
    return places.map(({ partition }) => {
      const at = found.find((each) => each.partition === partition);
      return { offset: Number(at?.offset ?? -1), metadata: at?.metadata ?? "" };
    });
  }

  async listGroups(): Promise<string[]> {
    return (await this.#cluster.admin.listGroups()).map(({ groupId }) => groupId);
  }

  async describeGroup(group: string) {
    const { state, members } = await this.#cluster.admin.describeGroup(group);
    return { state, memberCount: members.length };
  }

  async deleteGroup(group: string): Promise<void> {
    await this.#cluster.admin.deleteGroup(group);
  }

  async close(): Promise<void> {
    await this.#cluster.close();
  }
}

function saslOf(logIn: LogIn): SaslOptions {
  if (logIn.mechanism === "OAUTHBEARER") return { mechanism: "OAUTHBEARER", token: logIn.token };
  return logIn;
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : decoder.decode(bytes);
}

function consumed(record: ConsumerRecord): ConsumedRecord {
  const { partition, offset, timestamp, key, value, headers } = record;
  return {
    partition,
    offset,
    timestamp: Number(timestamp),
    key: textOf(key),
    value: textOf(value),
    headers: headers.map(({ key, value }) => [key, textOf(value) ?? ""]),
  };
}
