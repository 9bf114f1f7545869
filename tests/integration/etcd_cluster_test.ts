// Three brokers as processes of their own, with one real etcd: what one of them is asked for all
// know, what is acknowledged by all in-sync replicas outlives the leader, a killed broker is
// fenced, another is the controller, and one that comes back takes part again. A single node
// becomes one of them.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  Client,
  createTopic,
  describeCluster,
  describeTopic,
  Producer,
} from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { runCommand } from "../harness/command_in_process.ts";
import { untilAnswered } from "../harness/deadline.ts";
import { etcdAbsence, EtcdProcess } from "../harness/etcd_process.ts";
import { run } from "../harness/process_lines.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";
import { readAll } from "../harness/read_all.ts";

const absence = await etcdAbsence();
if (absence !== undefined) console.log(`a cluster of processes is skipped: ${absence}`);
// The library's program and Kafka know no --cluster.
const hasCommand = !["node", "kafka"].includes(targetFromEnvironment());
const settledMsMax = 120_000;
const topic = "orders";

function startBroker(etcd: EtcdProcess, id: number): Promise<BrokerProcess> {
  return BrokerProcess.start({
    flags: ["--cluster", `etcd://${etcd.address}/test`, "--node-id", String(id)],
    settings: {
      "broker.session.timeout.ms": "2000",
      "min.insync.replicas": "2",
      "offsets.topic.num.partitions": "3",
    },
  });
}

/** Asks until `holds`; each question is a round trip, which paces the next. */
function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  return untilAnswered(async () => {
    if (!await holds()) throw new Error(`not within ${settledMsMax} ms: ${what}`);
  }, settledMsMax);
}

Deno.test({
  name: "three processes on one etcd are a cluster, whichever of them is killed",
  ignore: absence !== undefined || !hasCommand,
  async fn() {
    await using etcd = await EtcdProcess.start();
    const brokers = await Promise.all([1, 2, 3].map((id) => startBroker(etcd, id)));
    const clients = new Map<number, Client>();
    try {
      const bootstrap = brokers.map((broker) => broker.bootstrap).join(",");
      const clientOf = async (id: number) => {
        const { bootstrap } = brokers[id - 1]!;
        const client = clients.get(id) ?? await Client.connect(denoRuntime(), { bootstrap });
        clients.set(id, client);
        return client;
      };
      const all = await Client.connect(denoRuntime(), { bootstrap });
      clients.set(0, all);
      await until(
        "all brokers are there",
        async () => (await describeCluster(all)).brokers.length === 3,
      );
      await createTopic(await clientOf(1), { name: topic, partitions: 1, replicationFactor: 3 });
      for (const id of [2, 3]) {
        const client = await clientOf(id);
        await until(
          "the topic is known",
          async () => (await describeTopic(client, topic)).partitions[0]!.isr.length === 3,
        );
      }
      const producer = new Producer(all);
      const sent: string[] = [];
      const send = async () => {
        const value = `value ${sent.length}`;
        await producer.send({ topic, partition: 0, value });
        sent.push(value);
      };
      for (let i = 0; i < 20; i++) await send();
      const { leader } = (await describeTopic(all, topic)).partitions[0]!;
      await brokers[leader - 1]!.kill();
      for (let i = 0; i < 20; i++) await send();
      const other = await clientOf(leader === 1 ? 2 : 1);
      await until("the dead one is fenced", async () => {
        const { brokers: living, controller } = await describeCluster(other);
        const { isr, leader: next } = (await describeTopic(other, topic)).partitions[0]!;
        return living.every(({ id }) => id !== leader) && controller !== leader &&
          controller > 0 && next !== leader && !isr.includes(leader);
      });
      await brokers[leader - 1]!.restart();
      await until(
        "it is in sync again",
        async () => (await describeTopic(other, topic)).partitions[0]!.isr.length === 3,
      );
      await producer.close();
      const read = await readAll(all, { topic, count: sent.length });
      assert(read.length >= sent.length);
      assertEquals([...new Set(read)], sent);
    } finally {
      for (const client of clients.values()) client.close();
      await Promise.all(brokers.map((broker) => broker.close()));
    }
  },
});

Deno.test("who starts a broker of a cluster is told what is missing", async () => {
  const refusals: [words: readonly string[], said: RegExp][] = [
    [[], /has to say where the others and clients reach it: give its name or address with --host/],
    [["--host", "0.0.0.0"], /advertised\.listeners=PLAINTEXT:\/\/HOST:9092/],
    [["--host", "127.0.0.1"], /Does etcd run there\? --cluster names its members/],
  ];
  for (const [words, said] of refusals) {
    // Nobody listens at the port of a listener that has gone.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const cluster = ["--cluster", `etcd://127.0.0.1:${port}/none`, "--node-id", "1"];
    const dataDir = ["--data-dir", await Deno.makeTempDir({ prefix: "no-cluster-" })];
    const all = ["start", ...cluster, ...dataDir, ...words];
    const { code, stderr } = await runCommand(denoRuntime(), all);
    await Deno.remove(dataDir[1]!, { recursive: true });
    assertEquals(code, 1, stderr);
    assertMatch(stderr, said);
  }
});

Deno.test({
  name: "a single node becomes a broker of a cluster, and loses nothing by it",
  ignore: absence !== undefined || !hasCommand,
  async fn() {
    await using etcd = await EtcdProcess.start();
    const cluster = `etcd://${etcd.address}/moved`;
    const dataDir = await Deno.makeTempDir({ prefix: "single-node-" });
    const ottla = async (...args: string[]) => {
      const [command = "", ...first] = await ottlaCommand(targetFromEnvironment());
      return await run({ command, args: [...first, ...args], withinMs: 60_000 });
    };
    const sent: string[] = [];
    const send = async (broker: BrokerProcess, count: number) => {
      const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
      const producer = new Producer(client);
      for (let i = 0; i < count; i++) {
        const value = `value ${sent.length}`;
        await producer.send({ topic, partition: 0, value });
        sent.push(value);
      }
      await producer.close();
      const read = await readAll(client, { topic, count: sent.length });
      client.close();
      assertEquals(read, sent);
    };
    try {
      await using alone = await BrokerProcess.start({ dataDir });
      await send(alone, 30);
      await alone.stop();
      const imported = await ottla(
        "cluster",
        "import",
        "--cluster",
        cluster,
        "--data-dir",
        dataDir,
      );
      assertEquals(imported.stdout, "Imported 1 topics with 1 partitions.\n");
      const flags = ["--cluster", cluster, "--node-id", "1"];
      await using member = await BrokerProcess.start({ dataDir, flags });
      await send(member, 5);
      const { stdout } = await ottla("cluster", "status", "--cluster", cluster, "--json");
      const { brokers, controller, withoutLeader } = JSON.parse(stdout);
      assertEquals([brokers[0].state, controller, withoutLeader], ["serves", 1, 0]);
      const second = ["--cluster", cluster, "--node-id", "2"];
      await using other = await BrokerProcess.start({ flags: second });
      await ottla("cluster", "move", topic, "0", "--to", "1,2", "--bootstrap", member.bootstrap);
      await member.stop();
      await send(other, 5);
      await other.stop();
      const carry = (word: string) =>
        ottla("cluster", word, "--cluster", cluster, "--data-dir", dataDir);
      await assertRejects(() => carry("import"), Error, "whose metadata is in etcd");
      await assertRejects(() => carry("export"), Error, `was not in sync of ${topic}-0`);
      await member.restart();
      await other.restart();
      const client = await Client.connect(denoRuntime(), { bootstrap: member.bootstrap });
      await until(
        "both are in sync",
        async () => (await describeTopic(client, topic)).partitions[0]!.isr.length === 2,
      );
      client.close();
      await other.stop();
      await member.stop();
      const { stdout: exported } = await carry("export");
      assertEquals(exported, "Exported 1 topics with 1 partitions.\n");
      await using back = await BrokerProcess.start({ dataDir });
      await send(back, 5);
    } finally {
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});
