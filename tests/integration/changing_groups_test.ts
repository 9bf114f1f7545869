// A large group of which many members leave and many come at once is at rest again soon, with
// heartbeats as they are by default: told in simulated time, so that a busy machine changes
// nothing.

import { assert } from "@std/assert";
import { CreateTopics } from "../../src/protocol/mod.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { type Changed, changeGroup } from "../harness/changing_group.ts";
import type { Protocol } from "../harness/group_member.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { simulated } from "../harness/simulated_broker.ts";

const topic = "shared";
const partitions = 400;

async function createTopic(client: RawClient): Promise<void> {
  const topics = [{
    name: topic,
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }];
  await client.ask(CreateTopics, 5, { topics, timeoutMs: 30_000 });
  await client.findCoordinator();
}

async function changed(protocol: Protocol, heartbeatMs: number, seed: number): Promise<Changed> {
  const taken: Changed[] = [];
  await simulated({ seed }, async ({ connect, nowMs, pass }) => {
    using client = await connect();
    await createTopic(client);
    const random = new SeededRandom(seed, "members");
    const world = { connect, nowMs, pass, random: () => random.between(0, 1) };
    const members = { topic, members: 200, partitions, changing: 50, protocol, heartbeatMs };
    taken.push(await changeGroup(world, members));
  });
  const [first] = taken;
  assert(first !== undefined);
  return first;
}

Deno.test("a consumer group of 200 is at rest 5 s after 50 have left and 50 come", async () => {
  for (const seed of [1, 2, 3]) {
    const { firstMs, againMs } = await changed("consumer", 5_000, seed);
    assert(againMs <= 5_000, `seed ${seed}: ${firstMs} ms, then ${againMs} ms`);
  }
});

Deno.test("a classic group of 200 is at rest 10 s after 50 have left and 50 come", async () => {
  const { firstMs, againMs } = await changed("classic", 3_000, 1);
  assert(againMs <= 10_000, `${firstMs} ms, then ${againMs} ms`);
});
