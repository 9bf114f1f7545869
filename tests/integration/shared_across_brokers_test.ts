// A share group in a cluster of three brokers: each leads some partitions, and most have their
// state kept by another, which is asked for it. What is accepted stays so whoever leads next.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import {
  type Client,
  createTopic,
  Producer,
  ShareConsumer,
  shareGroupOffsets,
} from "../../src/client/mod.ts";
import { alterConfigs } from "../../src/client/admin/configs.ts";
import { partitionOfKey } from "../../src/broker/coordination/shards.ts";
import { sharePartitionText } from "../../src/coordinator/mod.ts";
import { ErrorCode, FindCoordinator } from "../../src/protocol/mod.ts";
import { ShareFetch } from "../../src/protocol/apis/78_share_fetch.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { accept as acceptType, beginSharing, ShareMember } from "../harness/share_member.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const groupId = "emails";
/** By partition. States of partitions that follow each other are kept in turn: some elsewhere. */
const assignments = [[1, 2, 3], [1, 3, 2], [2, 3, 1], [2, 1, 3], [3, 1, 2], [3, 2, 1]];
const partitions = [...assignments.keys()];
const statesTopic = "__share_group_state";
const resetKey = "share.auto.offset.reset";
const fromEarliest = { set: { [resetKey]: "earliest" } };
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 3 };

/** A member that accepts `count` records; their values. */
async function accept(scene: ClusterScene, count: number, group = groupId): Promise<string[]> {
  const consumer = new ShareConsumer(await scene.client(), {
    groupId: group,
    topics: [topic],
    fetchWaitMsMax: 50,
    recordsMax: 4,
    acknowledgement: "explicit",
  });
  const values: string[] = [];
  for await (const record of consumer) {
    record.accept();
    values.push(fromUtf8(record.value!));
    await consumer.commit();
    if (values.length === count) break;
  }
  await consumer.close();
  return values;
}

async function produce(scene: ClusterScene, from: number, to: number): Promise<string[]> {
  const producer = new Producer(await scene.client());
  const values = Array.from({ length: to - from }, (_, i) => `${from + i}`);
  await producer.send(values.map((value) => {
    return { topic, partition: Number(value) % partitions.length, value };
  }));
  await producer.close();
  return values;
}

/** The broker that keeps the state of a partition. */
function keeperOf({ metadata: { image }, partition }: ClusterScene, id: number): number {
  const name = sharePartitionText({ groupId, topicId: image.topic(topic)!.id, partition: id });
  return partition(statesTopic, partitionOfKey(name, image.topic(statesTopic)!.partitions.length))
    .leader;
}

function inOrder(values: readonly string[]): string[] {
  return [...values].sort((a, b) => Number(a) - Number(b));
}

Deno.test("a share group has each record once, and goes on when brokers are gone", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, crash, stop, start, until } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments });
    await alterConfigs(asked, { group: groupId }, fromEarliest);
    const isWhole = () => partitions.every((id) => partition(topic, id).isr.length === 3);

    const first = await produce(scene, 0, 60);
    assertEquals(inOrder(await accept(scene, 60)), first, "each once, from three brokers");
    const isElsewhere = (id: number) => keeperOf(scene, id) !== partition(topic, id).leader;
    assert(partitions.some(isElsewhere), "some states are kept by another broker");
    assertEquals(new Set(partitions.map((id) => partition(topic, id).leader)).size, 3);

    // Others lead its partitions, and keep its states: they know what was accepted.
    await stop(1);
    const second = await produce(scene, 60, 90);
    assertEquals(inOrder(await accept(scene, 30)), second, "nothing that was accepted comes again");
    await start(1);
    await until(isWhole);
    const third = await produce(scene, 90, 120);
    crash(2);
    assertEquals(inOrder(await accept(scene, 30)), third, "after a loss of power, too");
  });
});

/** The broker that coordinates a group. */
function coordinatorOf({ metadata: { image }, partition }: ClusterScene, group: string): number {
  const { length } = image.topic("__consumer_offsets")!.partitions;
  return partition("__consumer_offsets", partitionOfKey(group, length)).leader;
}

Deno.test("a group begins as it is told to, though its leader has not heard of it", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, connect, loseMetadata, rejoin, metadata, pass } = scene;
    const asked = await client();
    const leader = [1, 2, 3].find((id) => id !== metadata.controllerId)!;
    await createTopic(asked, { name: topic, assignments: [[leader]] });
    await alterConfigs(asked, { group: "first" }, fromEarliest);
    const sent = ["1", "2", "3"];
    const producer = new Producer(asked);
    await producer.send(sent.map((value) => ({ topic, value })));
    await producer.close();
    // The topics of groups and of their states are there from here on.
    assertEquals(await accept(scene, 3, "first"), sent);

    const groups = Array.from({ length: 9 }, (_, i) => `group-${i}`);
    const group = groups.find((group) => coordinatorOf(scene, group) !== leader)!;
    loseMetadata(leader);
    const controller = await connect(metadata.controllerId);
    const configs = [{ name: resetKey, configOperation: 0, value: "earliest" }];
    await controller.ask(IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 32, resourceName: group, configs }],
      validateOnly: false,
    });
    const accepting = accept(scene, 3, group);
    await pass(4_000);
    rejoin(leader);
    const late = pass(30_000).then(() => ["nothing within 30 s"]);
    assertEquals(await Promise.race([accepting, late]), sent);
  });
});

/** The same of its only partition, by who is asked for it. */
async function keeperAsked(
  client: Client,
  { groupId, topicId }: { readonly groupId: string; readonly topicId: string },
): Promise<number> {
  const coordinatorKeys = [`${groupId}:${topicId}:0`];
  for (;;) {
    const { coordinators } = await client.request(
      FindCoordinator,
      { keyType: 2, coordinatorKeys },
      { to: "any" },
    );
    if (coordinators[0]?.errorCode === ErrorCode.NONE) return coordinators[0].nodeId;
  }
}

/** A group that begins in the topic's only partition, and whose state one of these keeps. */
async function keptBy(
  { client, connect, metadata }: ClusterScene,
  keepers: readonly number[],
  startOffset = 0,
) {
  const asked = await client();
  const topicId = metadata.image.topic(topic)!.id;
  for (let i = 0;; i++) {
    const group = { groupId: `group-${i}`, topicId };
    const keeper = await keeperAsked(asked, group);
    if (!keepers.includes(keeper)) continue;
    await beginSharing(await connect(keeper), { ...group, startOffset });
    return { group, keeper };
  }
}

/** The topic, with one partition on one broker and three records; a group that others keep. */
async function keptElsewhere(scene: ClusterScene, leader: number) {
  const asked = await scene.client();
  await createTopic(asked, { name: topic, assignments: [[leader]] });
  const producer = new Producer(asked);
  await producer.send(["1", "2", "3"].map((value) => ({ topic, value })));
  await producer.close();
  return await keptBy(scene, [1, 2, 3].filter((id) => id !== leader));
}

Deno.test("who reads waits, and is told no error, while nobody keeps the state", async () => {
  const settings = { "share.coordinator.state.topic.replication.factor": 1 };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { connect, crash, start } = scene;
    const leader = 1;
    const { group, keeper } = await keptElsewhere(scene, leader);
    crash(keeper);
    const member = new ShareMember(await connect(leader), { ...group, memberId: "reader" });
    assertEquals((await member.fetch({ maxWaitMs: 100 })).told, []);
    const waiting = member.fetch({ maxWaitMs: 60_000 });
    await start(keeper);
    assertEquals((await waiting).told, ["0-2 x1"]);
  });
});

Deno.test("a partition whose state nobody keeps holds up no other", async () => {
  const settings = { "share.coordinator.state.topic.replication.factor": 1 };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, connect, crash, metadata, runtime: { clock } } = scene;
    const asked = await client();
    const leader = 1;
    await createTopic(asked, { name: topic, assignments: partitions.map(() => [leader]) });
    await produce(scene, 0, partitions.length);
    const topicId = metadata.image.topic(topic)!.id;
    await keeperAsked(asked, { groupId, topicId });
    for (const partition of partitions) {
      await beginSharing(await connect(keeperOf(scene, partition)), {
        groupId,
        topicId,
        partition,
      });
    }
    const keepers = partitions.map((id) => keeperOf(scene, id));
    const gone = keepers.find((keeper) => keeper !== leader)!;
    crash(gone);
    const beforeMs = clock.monotonic();
    const reader = await connect(leader);
    const { responses } = await reader.ask(ShareFetch, 2, {
      ...{ groupId, memberId: "reader", shareSessionEpoch: 0, maxWaitMs: 30_000 },
      ...{ minBytes: 1, maxBytes: 1_000_000, maxRecords: 500, batchSize: 500 },
      ...{ shareAcquireMode: 0, isRenewAck: false, forgottenTopicsData: [] },
      topics: [{
        topicId,
        partitions: partitions.map((partitionIndex) => {
          return { partitionIndex, acknowledgementBatches: [] };
        }),
      }],
    });
    assert(clock.monotonic() - beforeMs < 1_000);
    const read = responses[0]!.partitions.filter(({ acquiredRecords }) =>
      acquiredRecords.length > 0
    )
      .map(({ partitionIndex }) => partitionIndex);
    assertEquals(read.sort(), partitions.filter((id) => keepers[id] !== gone));
  });
});

Deno.test("what is acknowledged waits for who keeps the state to come back", async () => {
  const settings = { "share.coordinator.state.topic.replication.factor": 1 };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { connect, kill, start, pass } = scene;
    const leader = 1;
    const { group, keeper } = await keptElsewhere(scene, leader);
    const member = new ShareMember(await connect(leader), { ...group, memberId: "reader" });
    assertEquals((await member.fetch()).told, ["0-2 x1"]);
    kill(keeper);
    const acknowledging = member.acknowledge([0, 2, acceptType]);
    await pass(5_000);
    await start(keeper);
    assertEquals(await acknowledging, ErrorCode.NONE);
  });
});

Deno.test("a new leader that does not know its end yet hands out nothing again", async () => {
  const settings = { "share.coordinator.state.topic.replication.factor": 1 };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, connect, lead, world } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments: [[1, 2, 3]] });
    const producer = new Producer(asked, { acks: 1 });
    await producer.send({ topic, value: "by all" });
    await scene.pass(1_000);
    world.partition("broker-3", "broker-1");
    world.partition("broker-3", "broker-2");
    await producer.send({ topic, value: "by two" });
    const { group } = await keptBy(scene, [1, 2], 2);
    await scene.pass(1_000);
    await lead(topic, 0, 2);
    const member = new ShareMember(await connect(2), { ...group, memberId: "reader" });
    assertEquals((await member.fetch()).told, []);
    scene.heal();
    await producer.send({ topic, value: "new" });
    assertEquals((await member.fetch({ maxWaitMs: 60_000 })).told, ["2-2 x1"]);
    await producer.close();
  });
});

Deno.test("where a group starts is told once those in sync have it", async () => {
  const settings = {
    "min.insync.replicas": 2,
    "offsets.topic.num.partitions": 1,
    "share.coordinator.state.topic.num.partitions": 1,
  };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, lead, pause, resume, pass } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments: [[1, 2, 3]] });
    await alterConfigs(asked, { group: groupId }, fromEarliest);
    const producer = new Producer(asked);
    await producer.send(["a", "b"].map((value) => ({ topic, value })));
    await producer.close();
    assertEquals(await accept(scene, 1), ["a"]);
    for (const each of ["__consumer_offsets", statesTopic]) await lead(each, 0, 1);
    const consumer = new ShareConsumer(asked, {
      groupId,
      topics: [topic],
      acknowledgement: "explicit",
    });
    const { value: record } = await consumer.records().next();
    const startOf = async () => (await shareGroupOffsets(asked, groupId))[0]?.startOffset;
    assertEquals(await startOf(), 1);

    for (const follower of [2, 3]) pause(follower);
    record!.accept();
    const committing = consumer.commit();
    await pass(100);
    const told = startOf();
    const waits = pass(500).then(() => "it waits");
    assertEquals(await Promise.race([told, waits]), "it waits");
    for (const follower of [2, 3]) resume(follower);
    await committing;
    assertEquals(await told, 2);
    await consumer.close();
  });
});
