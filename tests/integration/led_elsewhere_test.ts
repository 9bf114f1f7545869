// Two brokers of one cluster, each of which leads half of the partitions and coordinates half of
// the groups: our client is sent to the right one, whoever it asked first, and follows when that
// changes; the wrong one says so.

import { assertEquals } from "@std/assert";
import { Consumer, createTopic, listOffsets, Producer } from "../../src/client/mod.ts";
import { ErrorCode, Fetch, Heartbeat, ListOffsets, Produce } from "../../src/protocol/mod.ts";
import { batchOf } from "../harness/raw_requests.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

/** Produces a record to partition 0 of `topic`, whoever leads it; the answer for the partition. */
async function produceTo(client: RawClient, topic: string) {
  const { responses, nodeEndpoints } = await client.ask(Produce, 10, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf(["raw"]) }] }],
  });
  return { ...responses[0].partitionResponses[0], nodeEndpoints };
}

async function endOffset(client: RawClient, topic: string) {
  const { topics } = await client.ask(ListOffsets, 4, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  const { errorCode, offset } = topics[0].partitions[0];
  return { errorCode, offset };
}

Deno.test("a client produces to and reads from whoever leads each partition", async () => {
  await simulatedCluster({ brokers: 2 }, async ({ client, partition }) => {
    const asked = await client();
    await createTopic(asked, { name: "orders", partitions: 4 });
    const leaders = [0, 1, 2, 3].map((id) => partition("orders", id).leader);
    assertEquals([...leaders].sort(), [1, 1, 2, 2]);
    const producer = new Producer(asked, {});
    const sent: string[] = [];
    for (let i = 0; i < 40; i++) {
      sent.push(`value ${i}`);
      await producer.send({ topic: "orders", partition: i % 4, value: `value ${i}` });
    }
    await producer.close();
    const consumer = new Consumer(asked, { autoOffsetReset: "earliest" });
    consumer.assign([0, 1, 2, 3].map((id) => ({ topic: "orders", partition: id })));
    const read: string[] = [];
    while (read.length < sent.length) {
      for (const { value } of await consumer.poll()) read.push(new TextDecoder().decode(value!));
    }
    assertEquals(read.sort(), sent.sort());
    await consumer.close();
  });
});

Deno.test("who does not lead says so, and who does; a new leader is followed", async () => {
  await simulatedCluster({ brokers: 2 }, async ({ client, connect, lead, partition, metadata }) => {
    const asked = await client();
    await createTopic(asked, { name: "orders", partitions: 1, replicationFactor: 2 });
    const leader = partition("orders", 0).leader;
    const other = leader === 1 ? 2 : 1;
    using toOther = await connect(other);
    const refused = await produceTo(toOther, "orders");
    assertEquals(refused.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    assertEquals(refused.currentLeader.leaderId, leader);
    assertEquals(refused.nodeEndpoints.map(({ nodeId }) => nodeId), [leader]);
    assertEquals((await endOffset(toOther, "orders")).errorCode, refused.errorCode);
    const topicId = metadata.image.topic("orders")?.id;
    const fetched = await toOther.ask(Fetch, 16, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{
        topicId,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
      }],
      forgottenTopicsData: [],
    });
    const [{ errorCode, currentLeader }] = fetched.responses[0].partitions;
    assertEquals([errorCode, currentLeader.leaderId], [refused.errorCode, leader]);
    assertEquals(fetched.nodeEndpoints.map(({ nodeId }) => nodeId), [leader]);

    const producer = new Producer(asked, {});
    const send = (value: string) => producer.send({ topic: "orders", partition: 0, value });
    await send("to the first");
    await lead("orders", 0, other);
    await send("to the second");
    await send("to the second again");
    await producer.close();
    assertEquals(await endOffset(toOther, "orders"), { errorCode: 0, offset: 3 });
    using toFirst = await connect(leader);
    assertEquals((await produceTo(toFirst, "orders")).errorCode, refused.errorCode);
    const [end] = await listOffsets(asked, [{ topic: "orders", partition: 0 }], { spec: "latest" });
    assertEquals(end.offset, 3);
  });
});

Deno.test("groups are coordinated by whoever leads their partition, and move with it", async () => {
  await simulatedCluster({ brokers: 2 }, async ({ client, connect, lead, partition, metadata }) => {
    const asked = await client();
    await createTopic(asked, { name: "orders", partitions: 1 });
    const producer = new Producer(asked, {});
    for (let i = 0; i < 10; i++) await producer.send({ topic: "orders", value: `${i}` });
    await producer.close();
    for (const groupId of ["a", "b", "c", "d", "e", "f"]) {
      const consumer = new Consumer(asked, { groupId, autoOffsetReset: "earliest" });
      consumer.subscribe(["orders"]);
      let count = 0;
      while (count < 10) count += (await consumer.poll()).length;
      await consumer.close();
    }
    const topic = metadata.image.topic("__consumer_offsets");
    if (topic === undefined) throw new Error("no groups topic");
    const leaders = new Set(topic.partitions.map(({ leader }) => leader));
    assertEquals([...leaders].sort(), [1, 2]);

    // Group "a" is kept in partition 97 % 50.
    const id = "a".charCodeAt(0) % topic.partitions.length;
    const wrong = partition("__consumer_offsets", id).leader === 1 ? 2 : 1;
    using toWrong = await connect(wrong);
    const beat = { groupId: "a", generationId: 1, memberId: "nobody" };
    const ofWrong = await toWrong.ask(Heartbeat, 3, beat);
    assertEquals(ofWrong.errorCode, ErrorCode.NOT_COORDINATOR);
    await lead("__consumer_offsets", id, wrong);
    const ofRight = await toWrong.ask(Heartbeat, 3, beat);
    assertEquals(ofRight.errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

Deno.test("a leader that may be behind earlier ones says so for every time", async () => {
  const topic = "orders";
  const settings = { "min.insync.replicas": 1, "offsets.topic.num.partitions": 1 };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, connect, lead, partition, until, partitionNetwork, heal } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments: [[1, 2, 3]] });
    await until(() => partition(topic, 0).isr.length === 3);
    const producer = new Producer(asked, { acks: 1, idempotent: false });
    await producer.send({ topic, partition: 0, value: "first", timestamp: 1_000 });
    await scene.pass(1_000);
    // What broker 3 has not read is not committed, but broker 2 has it when it begins to lead.
    partitionNetwork([1, 2], [3]);
    await producer.send({ topic, partition: 0, value: "second", timestamp: 2_000 });
    await scene.pass(1_000);
    await lead(topic, 0, 2);
    using leader = await connect(2);
    const find = async (timestamp: number, version: 4 | 7 = 7) => {
      const { topics } = await leader.ask(ListOffsets, version, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
      });
      const { errorCode, offset } = topics[0].partitions[0];
      return [errorCode, offset];
    };
    const { NONE, LEADER_NOT_AVAILABLE, OFFSET_NOT_AVAILABLE } = ErrorCode;
    for (const timestamp of [-1, -3, 2_000, 9_000]) {
      assertEquals(await find(timestamp), [OFFSET_NOT_AVAILABLE, -1], `${timestamp}`);
    }
    assertEquals(await find(2_000, 4), [LEADER_NOT_AVAILABLE, -1]);
    assertEquals(await find(-2), [NONE, 0]);
    assertEquals(await find(1_000), [NONE, 0]);
    heal();
    let told = await find(-1);
    while (told[0] !== NONE) {
      await scene.pass(100);
      told = await find(-1);
    }
    assertEquals(told, [NONE, 2]);
    assertEquals(await find(2_000), [NONE, 1]);
    assertEquals(await find(9_000), [NONE, -1]);
    await producer.close();
  });
});
