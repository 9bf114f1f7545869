// Replicas that an operator sends elsewhere no faster than they say, and what is left of that when
// they are there, or are called back: nothing.

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  alterConfigs,
  type Client,
  createTopic,
  describeConfigs,
  describeTopic,
  Producer,
} from "../../src/client/mod.ts";
import { runCommand } from "../harness/command_in_process.ts";
import { etcdCluster, type EtcdScene } from "./simulated_brokers.ts";

const settings = {
  "min.insync.replicas": 1,
  "offsets.topic.num.partitions": 1,
  "replica.fetch.max.bytes": 100_000,
  "replica.fetch.backoff.ms": 100,
};
const topic = "orders";
const valueBytes = 20_000;
const count = 100;
const rate = 50_000;
/** What a burst may bring: eleven windows of a second, and one fetch more. */
const burstBytes = 12 * rate;

async function ottla({ tool }: EtcdScene, ...words: readonly string[]) {
  const bootstrap = ["--bootstrap", "10.0.0.1:9092"];
  return await runCommand(tool(), ["cluster", ...words, ...bootstrap]);
}

/** Two megabytes on broker 1. */
async function filled({ start, client }: EtcdScene): Promise<Client> {
  for (const id of [1, 2, 3]) await start(id);
  const asked = await client(1);
  await createTopic(asked, { name: topic, assignments: [[1]] });
  const producer = new Producer(asked);
  for (let i = 0; i < count; i++) {
    await producer.send({ topic, partition: 0, value: new Uint8Array(valueBytes) });
  }
  await producer.close();
  return asked;
}

/** Every bound that is set anywhere. */
async function boundsOf(client: Client): Promise<Record<string, string | null>> {
  const bounds: Record<string, string | null> = {};
  for (const resource of [{ topic }, { broker: 1 }, { broker: 2 }, { broker: 3 }]) {
    for (const { name, value, source } of await describeConfigs(client, resource)) {
      const isBound = /replication\.throttled/.test(name) && source !== "default";
      if (isBound) bounds[`${Object.values(resource)[0]} ${name}`] = value;
    }
  }
  return bounds;
}

Deno.test("a move with a throttle takes its time, and leaves no bounds behind", () =>
  etcdCluster(async (scene) => {
    const client = await filled(scene);
    const begunMs = scene.world.nowMs;
    const { code, stderr } = await ottla(
      scene,
      ...["move", topic, "0", "--to", "1,2", "--throttle", "50kB"],
    );
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /orders-0 is on 1,2\.\n$/);
    const leastMs = (count * valueBytes - burstBytes) / rate * 1000;
    const tookMs = scene.world.nowMs - begunMs;
    assert(tookMs >= leastMs, `${tookMs} of ${leastMs}`);
    assertEquals(await boundsOf(client), {});
  }, settings));

Deno.test("a move that is called back is bounded no more", () =>
  etcdCluster(async (scene) => {
    const client = await filled(scene);
    const asked = await ottla(
      scene,
      ...["move", topic, "0", "--to", "1,2", "--throttle", "1", "--detach"],
    );
    assertEquals(asked.code, 0, asked.stderr);
    const rates = Object.fromEntries(
      [1, 2].flatMap((id) =>
        ["leader", "follower"].map((role) => [`${id} ${role}.replication.throttled.rate`, "1"])
      ),
    );
    const own = {
      "orders leader.replication.throttled.replicas": "0:1",
      "orders follower.replication.throttled.replicas": "0:2",
    };
    assertEquals(await boundsOf(client), { ...rates, ...own });
    const cancelled = await ottla(scene, "move", topic, "0", "--cancel");
    assertEquals(cancelled.code, 0, cancelled.stderr);
    assertEquals(await boundsOf(client), {});
    const { partitions } = await describeTopic(client, topic);
    assertEquals(partitions[0]!.replicas, [1]);
  }, settings));

Deno.test("what bounds other replicas of the topic stays", () =>
  etcdCluster(async (scene) => {
    const client = await filled(scene);
    const key = "leader.replication.throttled.replicas";
    await alterConfigs(client, { topic }, { set: { [key]: "7:1" } });
    const moved = await ottla(scene, "move", topic, "0", "--to", "2", "--throttle", "1MiB");
    assertEquals(moved.code, 0, moved.stderr);
    assertEquals(await boundsOf(client), { [`orders ${key}`]: "7:1" });
  }, settings));

Deno.test("a broker is drained at the pace that is asked for", () =>
  etcdCluster(async (scene) => {
    const client = await filled(scene);
    const begunMs = scene.world.nowMs;
    const { code, stderr } = await ottla(scene, "drain", "1", "--throttle", "50kB/s");
    assertEquals(code, 0, stderr);
    const leastMs = (count * valueBytes - burstBytes) / rate * 1000;
    assert(scene.world.nowMs - begunMs >= leastMs);
    assertEquals(await boundsOf(client), {});
    const refused = await ottla(scene, "drain", "2", "--throttle", "fast");
    assertEquals(refused.code, 2);
    assertMatch(refused.stderr, /--throttle is bytes a second, such as 50MB/);
  }, settings));
