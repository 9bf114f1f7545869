// A disk without one free byte: what makes room works, on the room that is kept for it, and a
// request that is refused for want of room has left nothing behind.

import { assert, assertEquals } from "@std/assert";
import { createTopic, deleteTopic, type KafkaError, Producer } from "../../src/client/mod.ts";
import { DescribeQuorum } from "../../src/protocol/apis/55_describe_quorum.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ErrorCode,
  Metadata,
  OffsetCommit,
  OffsetFetch,
} from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { targetsWithNode } from "../harness/targets.ts";
import {
  at,
  connect,
  fill,
  filledSettings,
  onMount,
  takeAll,
  value,
} from "../harness/unwritable_start.ts";

const settings = { "ottla.log.dirs.free.bytes.min": 0, "offsets.topic.num.partitions": 1 };
const diskBytes = 4 * 1024 * 1024;
const full = ErrorCode.KAFKA_STORAGE_ERROR;

async function create(client: RawClient, name: string): Promise<ErrorCode> {
  const { topics: [topic] } = await client.ask(CreateTopics, 7, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    validateOnly: false,
  });
  return topic.errorCode as ErrorCode;
}

async function remove(client: RawClient, names: readonly string[]): Promise<number[]> {
  const request = { topicNames: [...names], timeoutMs: 1_000 };
  const { responses } = await client.ask(DeleteTopics, 5, request);
  return responses.map(({ errorCode }) => errorCode);
}

async function commit(client: RawClient, topic: string, note = ""): Promise<number> {
  const { topics } = await client.ask(OffsetCommit, 8, {
    groupId: "readers",
    generationIdOrMemberEpoch: -1,
    memberId: "",
    topics: [{
      name: topic,
      partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: note }],
    }],
  });
  return topics[0].partitions[0].errorCode;
}

async function committed(client: RawClient, topic: string): Promise<number> {
  const { groups } = await client.ask(OffsetFetch, 8, {
    groups: [{ groupId: "readers", topics: [{ name: topic, partitionIndexes: [0] }] }],
    requireStable: false,
  });
  return Number(groups[0].topics[0].partitions[0].committedOffset);
}

/** Produces until that is refused, and commits until not even that has room. */
async function fillWith(client: RawClient, topic: string): Promise<void> {
  const records = () => batchOf(["v".repeat(100_000)]);
  while ((await produceTo(client, { topic, records: records() })).errorCode === ErrorCode.NONE);
  for (const note of ["n".repeat(4_000), ""]) {
    while (await commit(client, topic, note) === ErrorCode.NONE);
  }
}

async function metadataEnd(client: RawClient): Promise<number> {
  const { topics } = await client.ask(DescribeQuorum, 0, {
    topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
  });
  return Number(topics[0].partitions[0].highWatermark);
}

async function topicsOf(client: RawClient): Promise<(string | null)[]> {
  const { topics } = await client.ask(Metadata, 12, { topics: null });
  return topics.map(({ name }) => name);
}

Deno.test("on a disk without a byte left topics are deleted, with what groups kept of them", () =>
  simulated({ settings, diskBytes }, async ({ connect, pass, bugs }) => {
    using client = await connect();
    await client.findCoordinator();
    const { name: ballast } = await makeTopic(client);
    const { name: other } = await makeTopic(client);
    assertEquals(await commit(client, ballast), ErrorCode.NONE);
    await fillWith(client, ballast);
    assertEquals(await create(client, "late"), full);
    assertEquals(await remove(client, [ballast]), [ErrorCode.NONE]);
    assertEquals(await committed(client, ballast), -1);
    await pass(10_000);
    assertEquals(await create(client, "late"), ErrorCode.NONE);
    // What was kept is there again for the next time.
    await fillWith(client, other);
    assertEquals(await remove(client, [other]), [ErrorCode.NONE]);
    assertEquals(bugs, []);
  }));

Deno.test("what has no room for its logs is refused, and no record of it is written", () =>
  simulated({ settings, diskBytes }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator();
    const { name } = await makeTopic(client);
    await fillWith(client, name);
    const before = await metadataEnd(client);
    const names = await topicsOf(client);
    for (let i = 0; i < 20; i++) assertEquals(await create(client, `late-${i}`), full);
    const { topics: [missing] } = await client.ask(Metadata, 12, {
      topics: [{ name: "later" }],
      allowAutoTopicCreation: true,
    });
    assertEquals(missing.errorCode, full);
    const { results: [widened] } = await client.ask(CreatePartitions, 3, {
      topics: [{ name, count: 3, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    });
    assertEquals(widened.errorCode, full);
    assert(widened.errorMessage?.includes("has no room for 2 more"), widened.errorMessage ?? "");
    assertEquals(await metadataEnd(client), before);
    assertEquals(await topicsOf(client), names);
    // Those that the rest of the request has room for are made.
    assertEquals(await remove(client, [name]), [ErrorCode.NONE]);
    const { topics } = await client.ask(CreateTopics, 7, {
      topics: [9_000, 2].map((numPartitions) => ({
        name: `of-${numPartitions}`,
        numPartitions,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      validateOnly: false,
    });
    assertEquals(topics.map(({ errorCode }) => errorCode), [full, ErrorCode.NONE]);
  }));

for (const target of await targetsWithNode()) {
  for (const moment of ["while it runs", "after a kill"] as const) {
    Deno.test(`${target}: a topic is deleted on a disk without a byte left: ${moment}`, () =>
      onMount(async (folder) => {
        const settings = filledSettings;
        const dataDir = `${folder}/data`;
        await using broker = await BrokerProcess.start({ target, dataDir, settings });
        const client = await connect(broker.bootstrap);
        await createTopic(client, { name: "kept", partitions: 1 });
        await fill(client);
        if (moment === "after a kill") await broker.kill();
        takeAll(`${folder}/taken`);
        if (moment === "after a kill") await broker.restart();
        // The slack of the last blocks is used up, too.
        const refusals = [];
        for (let i = 0; i < 10; i++) {
          const name = `late-${i}`;
          const created = createTopic(client, { name, partitions: 1 });
          refusals.push(await created.then(() => 0, (error) => (error as KafkaError).errorCode));
        }
        assertEquals(refusals, Array(10).fill(full));
        await deleteTopic(client, at.topic);
        const producer = new Producer(client);
        const sent = producer.send({ topic: "kept", partition: 0, value });
        const { offset } = await within(sent, { ms: 20_000, what: () => broker.output });
        assertEquals(offset, 0);
        await producer.close();
        client.close();
        assertEquals((await broker.stop()).code, 0);
      }));
  }
}
