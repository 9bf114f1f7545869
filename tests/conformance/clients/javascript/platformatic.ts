// @platformatic/kafka 2.12.1, a young client without legacy: flexible versions only (Metadata 9-12,
// Fetch 12-17 by topic id, FindCoordinator 4-6, OffsetCommit 8-9, CreateTopics 7, DeleteTopics 6).
// All five codecs are built in. It takes the highest version that it shares with the broker.

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  Admin,
  apiVersionsV4,
  Connection,
  Consumer,
  createAPI,
  type Message,
  offsetCommitV9,
  Producer,
  ResponseError,
  type ResponseParser,
} from "@platformatic/kafka";
import { patienceMs, untilAnswered, within } from "../../../harness/deadline.ts";
import type {
  CommittedOffset,
  ConsumedRecord,
  Driver,
  Header,
  JoinOptions,
  LogIn,
  Member,
  Place,
  ProduceOptions,
  Reached,
  ReadOptions,
  TestRecord,
  TransactedPart,
} from "../../driver.ts";
import { joinApart } from "../../process_driver.ts";
import { uniqueName } from "../../scenarios/samples.ts";
import { pinnedVersion, servedProgram } from "./programs.ts";

type BytesMessage = Message<Buffer, Buffer, Buffer, Buffer>;

const topicResource = 2;
const setOperation = 0;

export class PlatformaticDriver implements Driver {
  readonly version = pinnedVersion("@platformatic/kafka");
  readonly admin: Admin;
  readonly #base: {
    clientId: string;
    bootstrapBrokers: string[];
    retries: number;
    tls?: { ca: string; cert?: string; key?: string };
    sasl?: LogIn;
  };

  constructor({ bootstrap, way }: Reached) {
    const textIn = (path: string | undefined) => path && Deno.readTextFileSync(path);
    this.#base = {
      clientId: "conformance",
      bootstrapBrokers: bootstrap.split(","),
      retries: 5,
      ...way && {
        tls: { ca: textIn(way.ca)!, cert: textIn(way.cert), key: textIn(way.key) },
        sasl: way.logIn,
      },
    };
    this.admin = new Admin(this.#base);
  }

  async createTopic(
    topic: string,
    { partitions, configs }: { partitions: number; configs: Record<string, string> },
  ): Promise<void> {
    const [created] = await this.admin.createTopics({
      topics: [topic],
      partitions,
      replicas: -1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    });
    assertEquals([created!.name, created!.partitions], [topic, partitions]);
    // Kafka shows a topic a moment before its partitions take records, and this client repeats a
    // whole request, records that were taken included, when one partition refuses.
    await untilAnswered(() => this.offsets(topic, { partitions, timestamp: -1 }), 10_000);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.admin.deleteTopics({ topics: [topic] });
  }

  async topicConfigs(topic: string): Promise<Record<string, string>> {
    const resources = [{ resourceType: topicResource, resourceName: topic } as const];
    const [described] = await this.admin.describeConfigs({ resources });
    return Object.fromEntries(described!.configs.map(({ name, value }) => [name, value ?? ""]));
  }

  async alterTopicConfigs(topic: string, configs: Record<string, string>): Promise<void> {
    await this.admin.incrementalAlterConfigs({
      resources: [{
        resourceType: topicResource,
        resourceName: topic,
        configs: Object.entries(configs).map(([name, value]) => ({
          name,
          value,
          configOperation: setOperation,
        })),
      }],
    });
  }

  async listTopics(): Promise<string[]> {
    return await this.admin.listTopics();
  }

  async describeTopic(topic: string): Promise<number> {
    const metadata = await this.admin.metadata({ topics: [topic], forceUpdate: true });
    return metadata.topics.get(topic)!.partitionsCount;
  }

  async produce(
    topic: string,
    records: readonly TestRecord[],
    { codec = "none", idempotent = false }: ProduceOptions,
  ): Promise<void> {
    const producer = new Producer(this.#base);
    try {
      await producer.send({
        messages: records.map((record) => messageOf(topic, record)),
        compression: codec,
        idempotent,
        acks: -1,
        autocreateTopics: false,
      });
    } finally {
      await producer.close();
    }
  }

  async transact(transactionalId: string, parts: readonly TransactedPart[]): Promise<void> {
    const producer = this.#transactional(transactionalId);
    try {
      for (const { topic, records, place, end } of parts) {
        const transaction = await producer.beginTransaction();
        await transaction.send({ messages: records.map((record) => messageOf(topic, record)) });
        const reading = place && await this.#readUntil(place);
        if (reading !== undefined) {
          await transaction.addConsumer(reading.consumer);
          await transaction.addOffset(reading.message);
        }
        await (end === "commit" ? transaction.commit() : transaction.abort());
        await reading?.consumer.close(true);
      }
    } finally {
      await producer.close();
    }
  }

  /** A member of the group, with the last message before the place. */
  async #readUntil({ group, topic, offset }: Place) {
    const consumer = this.#consumer(group);
    const found = Promise.withResolvers<BytesMessage>();
    const stream = await consumer.consume({
      topics: [topic],
      mode: "committed",
      fallbackMode: "earliest",
      autocommit: false,
    });
    stream.on("error", found.reject);
    stream.on("data", (message) => {
      if (Number(message.offset) === offset - 1) found.resolve(message);
    });
    const what = () => `the record before offset ${offset} of ${topic}`;
    const message = await within(found.promise, { ms: patienceMs, what });
    return { consumer, message };
  }

  #transactional(transactionalId: string): Producer<Buffer, Buffer, Buffer, Buffer> {
    return new Producer({ ...this.#base, transactionalId, idempotent: true });
  }

  async read(topic: string, { from, count }: ReadOptions): Promise<ConsumedRecord[]> {
    const consumer = this.#consumer(uniqueName("reader"));
    const received: ConsumedRecord[] = [];
    const done = Promise.withResolvers<void>();
    try {
      const stream = await consumer.consume({
        topics: [topic],
        mode: "manual",
        fallbackMode: "fail",
        offsets: from.map(([partition, offset]) => ({ topic, partition, offset: BigInt(offset) })),
        maxWaitTime: 100,
        maxBytes: 16_000_000,
      });
      stream.on("error", done.reject);
      stream.on("data", (message) => {
        received.push(consumed(message));
        if (received.length === count) done.resolve();
      });
      const what = () => `${count} records of ${topic}; so far ${received.length}`;
      await within(done.promise, { ms: patienceMs, what });
    } finally {
      await consumer.close(true);
    }
    return received;
  }

  async join(name: string, options: JoinOptions): Promise<Member> {
    const { group, topic, watch, sessionTimeoutMs, protocol } = options;
    if (options.apart) {
      const program = servedProgram("platformatic");
      return await joinApart(name, { ...options, apart: false }, program, {
        bootstrap: this.#base.bootstrapBrokers.join(","),
      });
    }
    const consumer = this.#consumer(group, { instanceId: options.instanceId, protocol });
    const ours = (assignments: typeof consumer.assignments) =>
      assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [];
    consumer.on("consumer:group:join", ({ assignments }) => {
      watch.assigned(name, ours(assignments ?? null));
    });
    // Where the broker shares partitions out, nothing else tells of it.
    let held = "";
    consumer.on("consumer:heartbeat:end", () => {
      const now = ours(consumer.assignments);
      if (protocol !== undefined && `${now}` !== held) watch.assigned(name, now);
      held = `${now}`;
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
    stream.on("data", (message) => watch.saw(name, `${message.value}`));
    return {
      leave: async () => {
        // It commits each answer to a fetch, but one that comes while a commit is under way, as of
        // another broker, only with the next; a close that finds one under way drops it.
        const offsets = [...stream.offsetsToCommit.values()];
        if (offsets.length > 0) await consumer.commit({ offsets });
        await stream.close();
        await consumer.close(true);
      },
    };
  }

  async offsets(
    topic: string,
    { partitions, timestamp }: { partitions: number; timestamp: number },
  ): Promise<number[]> {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: BigInt(timestamp),
    }));
    const [answer] = await this.admin.listOffsets({ topics: [{ name: topic, partitions: asked }] });
    return answer!.partitions.map(({ offset }) => Number(offset));
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
    // Consumer.commit and Admin.alterConsumerGroupOffsets send no metadata; the request takes some.
    const place = { partitionIndex: partition, committedOffset: BigInt(offset) };
    const annotated = { ...place, committedLeaderEpoch: -1, committedMetadata: metadata };
    const topics = [{ name: topic, partitions: [annotated] }];
    const request = offsetCommitV9.api;
    const [coordinator] = await this.admin.findCoordinator({ keyType: 0, keys: [groupId] });
    await this.#connected(
      (connection) => request.async(connection, groupId, -1, "", null, topics),
      coordinator,
    );
  }

  /** Its own requests end at version 4; with its `createAPI` anybody adds more. */
  async askForVersions({ version }: { version: number }): Promise<void> {
    const { createRequest } = apiVersionsV4;
    const parse: ResponseParser<void> = (_, apiKey, apiVersion, reader) => {
      const code = reader.readInt16();
      if (code !== 0) throw new ResponseError(apiKey, apiVersion, { "/": [code, null] }, {});
    };
    const request = createAPI<[string, string], void>(
      18,
      version,
      createRequest,
      parse,
      true,
      false,
    );
    await this.#connected((connection) => request.async(connection, "conformance", "1"));
  }

  async committed(
    group: string,
    { topic, partitions }: { topic: string; partitions: number },
  ): Promise<CommittedOffset[]> {
    const [answer] = await this.admin.listConsumerGroupOffsets({ groups: [group] });
    const found = new Array<CommittedOffset>(partitions).fill({ offset: -1 });
    for (const each of answer!.topics.find(({ name }) => name === topic)!.partitions) {
      const { partitionIndex, committedOffset, metadata } = each;
      found[partitionIndex] = { offset: Number(committedOffset), metadata: metadata ?? "" };
    }
    return found;
  }

  async deleteGroup(group: string): Promise<void> {
    await this.admin.deleteGroups({ groups: [group] });
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

  /** Lends a connection for single requests, to the first broker that it was told or to another. */
  async #connected(
    use: (connection: Connection) => Promise<unknown>,
    broker?: { readonly host: string; readonly port: number },
  ): Promise<void> {
    const [host, port] = this.#base.bootstrapBrokers[0]!.split(":");
    const connection = new Connection(this.#base.clientId);
    await connection.connect(broker?.host ?? host!, broker?.port ?? Number(port));
    try {
      await use(connection);
    } finally {
      await connection.close();
    }
  }

  #consumer(
    groupId: string,
    { instanceId, protocol }: Pick<JoinOptions, "instanceId" | "protocol"> = {},
  ): Consumer<Buffer, Buffer, Buffer, Buffer> {
    const instance = instanceId === undefined ? {} : { groupInstanceId: instanceId };
    const shared = protocol === undefined ? {} : { groupProtocol: protocol };
    return new Consumer({ ...this.#base, groupId, ...instance, ...shared });
  }
}

/** It writes the states of a group in capitals. */
const stateNames: Record<string, string> = { STABLE: "Stable", EMPTY: "Empty" };

function messageOf(topic: string, { key, value, headers, timestamp, partition }: TestRecord) {
  return {
    topic,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
    ...(partition === undefined ? {} : { partition }),
  };
}

function bytesOf(text: string | null): Buffer | undefined {
  return text === null ? undefined : Buffer.from(text);
}

function textOf(bytes: Buffer | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : bytes.toString();
}

function consumed(message: BytesMessage): ConsumedRecord {
  return {
    partition: message.partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: textOf(message.key),
    value: textOf(message.value),
    headers: [...message.headers].map(([name, value]): Header => [`${name}`, `${value}`]),
  };
}
