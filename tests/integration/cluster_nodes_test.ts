// `ottla cluster nodes|move|elect|drain|remove` against several brokers: who has what, replicas
// that are sent elsewhere with all that is in them, leaders, and brokers that leave.

import { assertEquals, assertMatch } from "@std/assert";
import { LocalCluster } from "../../mod.ts";
import { ResourceType } from "../../src/cluster/mod.ts";
import { ListConfigResources } from "../../src/protocol/apis/74_list_config_resources.ts";
import { Broker } from "../../testing.ts";
import { untilAnswered } from "../harness/deadline.ts";
import { CommandLine } from "../harness/command_line.ts";
import { RawClient } from "../harness/raw_client.ts";
import { targetFromEnvironment } from "../harness/targets.ts";

/** So long nobody takes a broker for dead that is only cut off. */
const patientMs = 600_000;
/** By then a broker that is back is in sync, however busy the machine is. */
const inSyncMsMax = 120_000;

const target = targetFromEnvironment();

interface Node {
  readonly id: number;
  readonly state: string;
  readonly leads: number;
  readonly replicas: number;
  readonly inSync: number;
}

async function nodesOf(ottla: CommandLine): Promise<Node[]> {
  const nodes: Node[] = JSON.parse(await ottla.out("cluster nodes --json"));
  return nodes.map(({ id, state, leads, replicas, inSync }) => (
    { id, state, leads, replicas, inSync }
  ));
}

async function replicasOf(ottla: CommandLine, topic: string): Promise<string> {
  const { partitions: [first] } = JSON.parse(await ottla.out(`topics describe ${topic} --json`));
  return first.replicas.join();
}

Deno.test("who has what is told, of brokers that are away too", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  const ottla = new CommandLine({ target, bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders -p 3 -r 3");
  const all = { state: "serves", leads: 1, replicas: 3, inSync: 3 };
  assertEquals(await nodesOf(ottla), [1, 2, 3].map((id) => ({ id, ...all })));
  await cluster.stop(2);
  const after = await nodesOf(ottla);
  assertEquals(after.map(({ state }) => state), ["serves", "fenced", "serves"]);
  assertEquals(after[1], { id: 2, state: "fenced", leads: 0, replicas: 3, inSync: 0 });
  const table = await ottla.out("cluster nodes");
  assertMatch(table, /^BROKER +ADDRESS +RACK +STATE +LEADS +REPLICAS +IN SYNC\n/);
  assertMatch(table, /\n +2 +127\.0\.0\.1:\d+ +- +fenced +0 +3 +0\n/);
});

Deno.test("each broker lists all as resources of configuration, as Kafka's does", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  const [host = "", port] = cluster.bootstrap.split(",")[0]?.split(":") ?? [];
  using client = await RawClient.connect({ host, port: Number(port) });
  const { BROKER, BROKER_LOGGER } = ResourceType;
  const listed = async () => {
    const resourceTypes = [BROKER, BROKER_LOGGER];
    const { configResources } = await client.ask(ListConfigResources, 1, { resourceTypes });
    return [BROKER, BROKER_LOGGER].map((type) =>
      configResources.filter(({ resourceType }) => resourceType === type)
        .map(({ resourceName }) => resourceName)
    );
  };
  assertEquals(await listed(), [["1", "2", "3"], ["1", "2", "3"]]);
  await cluster.stop(3);
  assertEquals(await listed(), [["1", "2", "3"], ["1", "2", "3"]], "and those that are away");
});

Deno.test("a Kafka that tells of no fenced brokers is asked without them", async () => {
  const broker = await Broker.start({ asKafka: "3.6" });
  try {
    const ottla = new CommandLine({ target, bootstrap: broker.bootstrap });
    await ottla.out("topics create orders -p 2 -r 1");
    const [only] = await nodesOf(ottla);
    assertEquals(only, { id: 1, state: "serves", leads: 2, replicas: 2, inSync: 2 });
  } finally {
    await broker.close();
  }
});

Deno.test("a partition that was moved has on its new brokers what it had", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  const ottla = new CommandLine({ target, bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders -p 1 -r 1");
  const from = Number(await replicasOf(ottla, "orders"));
  const lines = Array.from({ length: 200 }, (_, i) => `${i}`).join("\n") + "\n";
  await ottla.out("produce orders", lines);
  const others = [1, 2, 3].filter((id) => id !== from);
  const { code, stderr } = await ottla.run(`cluster move orders 0 --to ${others.join()}`);
  assertEquals(code, 0, stderr);
  assertEquals(
    stderr,
    `Moving orders-0 from ${from} to ${others}.\norders-0 is on ${others}.\n`,
  );
  assertEquals(await replicasOf(ottla, "orders"), others.join());
  const had = (await nodesOf(ottla)).find(({ id }) => id === from);
  assertEquals(had, { id: from, state: "serves", leads: 0, replicas: 0, inSync: 0 });
  await cluster.stop(from);
  assertEquals(await ottla.out("consume orders --from earliest --until latest"), lines);
});

Deno.test("a broker that comes back leads again once it is asked for", async () => {
  await using cluster = await LocalCluster.start({ brokers: 2 });
  const ottla = new CommandLine({ target, bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders --assign 1:2");
  await cluster.stop(1);
  await cluster.restart(1);
  // It may lead once it has all: until then it is refused.
  await untilAnswered(() => ottla.out("cluster elect"), inSyncMsMax);
  const led = (await nodesOf(ottla)).map(({ id, leads }) => [id, leads]);
  assertEquals(led, [[1, 1], [2, 0]]);
  const again = await ottla.run("cluster elect orders 0 --unclean");
  assertEquals(again.code, 1);
  assertMatch(again.stderr, /every one of these partitions has a leader/);
});

Deno.test("a move that cannot come to its end is cancelled", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3, sessionMs: patientMs });
  const [first] = cluster.bootstrap.split(",");
  const ottla = new CommandLine({ target, bootstrap: first! });
  await ottla.out("topics create orders -p 1 -r 1");
  // Wherever it is, a broker that is cut off cannot copy it.
  await ottla.out("cluster move orders 0 --to 1");
  cluster.partition([3], [1, 2]);
  const asked = await ottla.run("cluster move orders 0 --to 2,3 --detach");
  assertEquals([asked.code, asked.stderr], [0, "orders-0 is on its way to 2,3.\n"]);
  const cancelled = await ottla.run("cluster move orders 0 --cancel");
  assertEquals([cancelled.code, cancelled.stderr], [0, "orders-0 moves no more.\n"]);
  assertEquals(await replicasOf(ottla, "orders"), "1");
  const again = await ottla.run("cluster move orders 0 --cancel");
  assertEquals(again.code, 1);
  assertMatch(again.stderr, /NO_REASSIGNMENT_IN_PROGRESS/);
  cluster.heal();
});

Deno.test("what cannot be moved is said", async () => {
  await using cluster = await LocalCluster.start({ brokers: 2 });
  const ottla = new CommandLine({ target, bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders -p 1 -r 1");
  const refusals: [words: string, code: number, said: RegExp][] = [
    ["orders 0", 2, /takes --to IDS, or --cancel/],
    ["orders 0 --to 1 --cancel", 2, /takes --to IDS, or --cancel/],
    ["orders 0 --to 1,1", 1, /names broker 1 twice/],
    ["orders 0 --to first", 2, /a whole number, not "first"/],
    ["orders zero --to 1", 2, /PARTITION is a whole number/],
    ["orders 7 --to 1", 2, /has no partition 7/],
    ["bills 0 --to 1", 1, /there is no topic bills/],
    ["orders 0 --to 9", 1, /INVALID_REPLICA_ASSIGNMENT/],
  ];
  for (const [words, code, said] of refusals) {
    const ended = await ottla.run(`cluster move ${words}`);
    assertMatch(ended.stderr, said);
    assertEquals(ended.code, code, words);
  }
});

Deno.test("a broker leaves for good, and nothing of what it had is lost", async () => {
  await using cluster = await LocalCluster.start({ brokers: 4 });
  const ottla = new CommandLine({ target, bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders -p 6 -r 3");
  await ottla.out("topics create bills -p 4 -r 1");
  const lines = Array.from({ length: 100 }, (_, i) => `${i}`);
  for (const topic of ["orders", "bills"]) {
    await ottla.out(`produce ${topic}`, lines.join("\n") + "\n");
  }
  const ofFour = async () => (await nodesOf(ottla)).find(({ id }) => id === 4);
  const had = (await ofFour())?.replicas;
  const refused = await ottla.run("cluster remove 4");
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr, /first ottla cluster drain 4/);

  const shown = JSON.parse(await ottla.out("cluster drain 4 --dry-run --json"));
  assertEquals([shown.length, (await ofFour())?.replicas], [had, had]);
  await ottla.out("cluster drain 4");
  assertEquals(await ofFour(), { id: 4, state: "serves", leads: 0, replicas: 0, inSync: 0 });
  assertMatch((await ottla.run("cluster remove 4")).stderr, /broker 4 runs: stop it/);
  await cluster.stop(4);
  const removed = await ottla.run("cluster remove 4");
  assertEquals([removed.code, removed.stderr], [0, "Broker 4 is forgotten.\n"]);
  assertEquals((await nodesOf(ottla)).map(({ id }) => id), [1, 2, 3]);

  for (const topic of ["orders", "bills"]) {
    const read = await ottla.out(`consume ${topic} --from earliest --until latest`);
    assertEquals(read.trimEnd().split("\n").sort(), [...lines].sort());
  }
  const full = await ottla.run("cluster drain 3");
  assertEquals(full.code, 1);
  assertMatch(full.stderr, /has 3 replicas, and without broker 3 no broker that serves is left/);
  assertMatch((await ottla.run("cluster drain 9")).stderr, /there is no broker 9, only 1, 2, 3/);
});

Deno.test("a drain that was interrupted is asked for again, and comes to its end", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3, sessionMs: patientMs });
  const second = cluster.bootstrap.split(",")[1]!;
  const ottla = new CommandLine({ target, bootstrap: second });
  await ottla.out("topics create orders -p 1 -r 1");
  await ottla.out("cluster move orders 0 --to 1,2");
  await ottla.out("produce orders", "kept\n");
  // The one broker that there is to copy it cannot.
  cluster.partition([3], [1, 2]);
  const process = await ottla.start("cluster drain 1");
  try {
    while ((await replicasOf(ottla, "orders")).split(",").length < 3) {
      if (process.ended) throw new Error(process.output);
    }
  } finally {
    await process.kill();
  }
  cluster.heal();
  await ottla.out("cluster drain 1");
  assertEquals(await replicasOf(ottla, "orders"), "3,2");
  assertEquals(await ottla.out("consume orders --from earliest --until latest"), "kept\n");
});

Deno.test("a broker that has died is drained, but for what it alone had", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  const ottla = new CommandLine({ target, bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders -p 4 -r 2");
  await ottla.out("topics create bills -p 1 -r 1");
  await ottla.out("cluster move bills 0 --to 3");
  cluster.kill(3);
  const stateOfThree = async () => (await nodesOf(ottla)).find(({ id }) => id === 3)?.state;
  while (await stateOfThree() !== "fenced");
  const refused = await ottla.run("cluster drain 3");
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr, /bills-0 is on broker 3 alone, which does not run/);
  await ottla.out("topics delete bills --yes");
  await ottla.out("cluster drain 3");
  await ottla.out("cluster remove 3");
  const left = await nodesOf(ottla);
  assertEquals(left.map(({ id, replicas, inSync }) => [id, replicas, inSync]), [[1, 4, 4], [
    2,
    4,
    4,
  ]]);
  assertEquals(left.reduce((sum, { leads }) => sum + leads, 0), 4);
});
