// Consumers in the rack of a follower read from it (KIP-392): all that is committed and nothing
// else, and from the leader again when the follower is gone.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import { ErrorCode, Fetch } from "../../src/protocol/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const racks = {
  settings: {
    "min.insync.replicas": 1,
    "offsets.topic.num.partitions": 3,
    "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
  },
  settingsOf: (nodeId: number) => ({ "broker.rack": `rack-${nodeId}` }),
};

/** A topic on brokers 1 and 2, led by 1, and what reads and writes it. */
async function onTwo({ client, partition, until }: ClusterScene) {
  const asked = await client();
  await createTopic(asked, { name: topic, assignments: [[1, 2]] });
  await until(() => partition(topic, 0).isr.length === 2);
  const producer = new Producer(asked, {});
  const send = (value: string) => producer.send({ topic, partition: 0, value });
  const consumer = new Consumer(asked, { autoOffsetReset: "earliest", clientRack: "rack-2" });
  consumer.assign([{ topic, partition: 0 }]);
  const read = async (count: number) => {
    const values: string[] = [];
    while (values.length < count) {
      for (const { value } of await consumer.poll()) values.push(fromUtf8(value!));
    }
    return values;
  };
  const close = async () => {
    await producer.close();
    await consumer.close();
  };
  return { send, read, close };
}

/** Asks one broker for the topic as a consumer of `rackId` does. */
async function ask(
  { connect }: ClusterScene,
  nodeId: number,
  { rackId, fetchOffset = 0, waitMs = 0 }: {
    rackId: string;
    fetchOffset?: number;
    waitMs?: number;
  },
) {
  using connection = await connect(nodeId);
  const { responses } = await connection.ask(Fetch, 12, {
    maxWaitMs: waitMs,
    minBytes: 1,
    maxBytes: 1_000_000,
    rackId,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
    forgottenTopicsData: [],
  });
  const { errorCode, preferredReadReplica, records, highWatermark } = responses[0].partitions[0];
  return { errorCode, preferredReadReplica, bytes: records?.length ?? 0, highWatermark };
}

Deno.test("the leader names the replica in the consumer's rack, and that one is read", async () => {
  await simulatedCluster({ brokers: 3, ...racks }, async (scene) => {
    const { send, read, close } = await onTwo(scene);
    await send("first");
    assertEquals(await read(1), ["first"]);
    const atLeader = await ask(scene, 1, { rackId: "rack-2" });
    assertEquals([atLeader.preferredReadReplica, atLeader.bytes], [2, 0]);
    assert((await ask(scene, 2, { rackId: "rack-2" })).bytes > 0);
    for (const rackId of ["", "rack-1", "rack-3", "rack-9"]) {
      const told = await ask(scene, 1, { rackId });
      assertEquals(told.preferredReadReplica, -1, rackId);
      assert(told.bytes > 0);
    }
    await close();
  });
});

Deno.test("a follower gives at once what has been committed, and nothing beyond", async () => {
  await simulatedCluster({ brokers: 3, ...racks }, async (scene) => {
    const { send, close } = await onTwo(scene);
    await send("first");
    const waiting = ask(scene, 2, { rackId: "rack-2", fetchOffset: 1, waitMs: 60_000 });
    const begunMs = scene.world.nowMs;
    await send("second");
    const told = await waiting;
    assert(told.bytes > 0);
    // Without being told of the high watermark it would hear of it with its next fetch only.
    assert(scene.world.nowMs - begunMs < 400, `${scene.world.nowMs - begunMs}`);
    const ahead = await ask(scene, 2, { rackId: "rack-2", fetchOffset: 3 });
    assertEquals(ahead.errorCode, ErrorCode.OFFSET_NOT_AVAILABLE);
    await close();
  });
});

Deno.test("a consumer reads on from the leader when the follower is gone", async () => {
  await simulatedCluster({ brokers: 3, ...racks }, async (scene) => {
    const { partition, until, kill, start, lead } = scene;
    const { send, read, close } = await onTwo(scene);
    const sent = ["0"];
    await send("0");
    const all = [...await read(1)];
    const next = async () => {
      sent.push(`${sent.length}`);
      await send(sent.at(-1)!);
      all.push(...await read(1));
    };
    await next();
    kill(2);
    await next();
    await start(2);
    await until(() => partition(topic, 0).isr.length === 2);
    await next();
    await lead(topic, 0, 2);
    await next();
    assertEquals(all, sent);
    await close();
  });
});

Deno.test("without replica.selector.class everybody reads from the leader", async () => {
  const { "replica.selector.class": _, ...settings } = racks.settings;
  await simulatedCluster({ brokers: 3, ...racks, settings }, async (scene) => {
    const { send, close } = await onTwo(scene);
    await send("first");
    const atLeader = await ask(scene, 1, { rackId: "rack-2" });
    assertEquals([atLeader.preferredReadReplica, atLeader.bytes > 0], [-1, true]);
    const atFollower = await ask(scene, 2, { rackId: "rack-2" });
    assertEquals(atFollower.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    await close();
  });
});
