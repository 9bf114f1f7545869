// A broker that others may have taken for dead, while it has heard nothing of that: by its own
// clock it knows that it is not sure of itself, and promises nothing that another leader may undo.

import { assertEquals } from "@std/assert";
import { createTopic } from "../../src/client/mod.ts";
import { ErrorCode, FindCoordinator, Heartbeat, Produce } from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf } from "../harness/raw_requests.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const settings = { "offsets.topic.num.partitions": 1 };
const group = "billing";
/** By then a broker that is not heard of has been taken for dead, or is at least in doubt. */
const doubtMs = 7_000;

/** Produces a record to partition 0; the error code. */
async function produce(client: RawClient, name: string, acks: number): Promise<ErrorCode> {
  const { responses } = await client.ask(Produce, 9, {
    transactionalId: null,
    acks,
    timeoutMs: 1_000,
    topicData: [{ name, partitionData: [{ index: 0, records: batchOf([`acks=${acks}`]) }] }],
  });
  return responses[0].partitionResponses[0].errorCode;
}

async function locate(client: RawClient): Promise<ErrorCode> {
  const { coordinators } = await client.ask(FindCoordinator, 4, {
    keyType: 0,
    coordinatorKeys: [group],
  });
  return coordinators[0].errorCode;
}

async function beat(client: RawClient): Promise<ErrorCode> {
  const asked = { groupId: group, generationId: 1, memberId: "nobody" };
  return (await client.ask(Heartbeat, 3, asked)).errorCode;
}

/** A topic that `leader` leads, the groups' topic, too. */
async function prepare(
  { client, connect, lead, until, metadata }: ClusterScene,
  { replicas, leader }: { readonly replicas: number; readonly leader: number },
): Promise<void> {
  const asked = await client();
  await createTopic(asked, { name: "orders", partitions: 1, replicationFactor: replicas });
  using any = await connect(leader);
  await locate(any);
  await until(() => metadata.image.topic("__consumer_offsets") !== undefined);
  for (const topic of ["orders", "__consumer_offsets"]) await lead(topic, 0, leader);
  await until(() => metadata.image.topic("__consumer_offsets")!.partitions[0]!.isr.length === 3);
}

Deno.test("a broker that was paused acknowledges nothing alone before it has heard", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { connect, pause, resume, partition, partitionNetwork, heal, until, pass } = scene;
    await prepare(scene, { replicas: 3, leader: 1 });
    using toFirst = await connect(1);
    using beside = await connect(1);
    assertEquals(await produce(toFirst, "orders", 1), ErrorCode.NONE);
    assertEquals(await beat(beside), ErrorCode.UNKNOWN_MEMBER_ID);
    pause(1);
    // They lie in its socket when it goes on.
    const asked = [produce(toFirst, "orders", 1), beat(beside)];
    await until(() => partition("orders", 0).leader > 1);
    const next = partition("orders", 0).leader;
    using toNext = await connect(next);
    assertEquals(await produce(toNext, "orders", -1), ErrorCode.NONE);
    // It finds nobody who could tell it.
    partitionNetwork([2, 3], [1]);
    resume(1);
    assertEquals(await Promise.all(asked), [
      ErrorCode.NOT_LEADER_OR_FOLLOWER,
      ErrorCode.NOT_COORDINATOR,
    ]);
    assertEquals(await produce(toFirst, "orders", 1), ErrorCode.NOT_LEADER_OR_FOLLOWER);
    assertEquals(await locate(toFirst), ErrorCode.COORDINATOR_NOT_AVAILABLE);
    heal();
    await until(() => partition("orders", 0).isr.length === 3);
    await pass(1_000);
    assertEquals(await produce(toNext, "orders", -1), ErrorCode.NONE);
  });
});

Deno.test("without the metadata's home, acks=all goes on by those who are in sync", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { connect, loseMetadata, heal, pass, partition, until } = scene;
    await prepare(scene, { replicas: 3, leader: 1 });
    using toFirst = await connect(1);
    loseMetadata(1, 2, 3);
    assertEquals(await produce(toFirst, "orders", 1), ErrorCode.NONE);
    await pass(doubtMs);
    assertEquals(await produce(toFirst, "orders", -1), ErrorCode.NONE);
    assertEquals(await produce(toFirst, "orders", 1), ErrorCode.NOT_LEADER_OR_FOLLOWER);
    assertEquals(await beat(toFirst), ErrorCode.NOT_COORDINATOR);
    heal();
    // All of them were taken for dead: who registers anew last may lead.
    await until(() => partition("orders", 0).isr.length === 3);
    await pass(doubtMs);
    using toLeader = await connect(partition("orders", 0).leader);
    assertEquals(await produce(toLeader, "orders", 1), ErrorCode.NONE);
    using toCoordinator = await connect(partition("__consumer_offsets", 0).leader);
    assertEquals(await beat(toCoordinator), ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

Deno.test("a leader whose followers are gone is in doubt, the only replica never is", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, connect, kill, lead, loseMetadata, heal, pass, partition, until } = scene;
    await prepare(scene, { replicas: 3, leader: 1 });
    await createTopic(await client(), { name: "own", partitions: 3, replicationFactor: 1 });
    await until(() => partition("own", 0).leader > 0);
    const owner = partition("own", 0).leader;
    if (owner !== 1) await lead("orders", 0, owner);
    for (const other of [1, 2, 3]) if (other !== owner) kill(other);
    await until(() => partition("orders", 0).isr.length === 1);
    using toOwner = await connect(owner);
    assertEquals(await produce(toOwner, "orders", -1), ErrorCode.NONE);
    loseMetadata(owner);
    await pass(doubtMs);
    assertEquals(await produce(toOwner, "orders", -1), ErrorCode.NOT_LEADER_OR_FOLLOWER);
    assertEquals(await produce(toOwner, "own", -1), ErrorCode.NONE);
    assertEquals(await produce(toOwner, "own", 1), ErrorCode.NONE);
    heal();
    await pass(doubtMs);
    assertEquals(await produce(toOwner, "orders", -1), ErrorCode.NONE);
  });
});
