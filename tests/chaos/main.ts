// `deno task chaos`: three brokers and three members of etcd as real processes on machines of their
// own, to which something happens every few seconds, while producers, transactions, a group and
// readers go about their work; then all is mended, everything is read, and held against what
// clients were told, by the checker of the simulated histories.
//
//   deno task chaos [--minutes 1] [--every 10] [--seed 1] [--pace 2] [--disk 512]
//
// Needs root, Linux and an etcd (apt-get install etcd-server). OTTLA_BINARY: an executable to run
// in place of the sources; OTTLA_ETCD: another etcd.

import { parseArgs } from "@std/cli/parse-args";
import { Client, createTopic, describeTopic } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import {
  act,
  type Actor,
  member,
  onlooker,
  reader,
  sender,
  type Stage,
  type Topic,
  transactor,
} from "../cluster/actors.ts";
import { anomaliesOf } from "../cluster/anomalies.ts";
import { Chronicle, wordsOf } from "../cluster/chronicle.ts";
import { readEnd } from "../cluster/end_reading.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";
import { Machines } from "./machines.ts";
import { brokerNames, clusterBroker, etcdMember, etcdNames, type Server } from "./processes.ts";
import { Nemesis } from "./nemesis.ts";

const orders: Topic = { name: "orders", partitions: 6 };
const debits: Topic = { name: "debits", partitions: 2 };
const credits: Topic = { name: "credits", partitions: 2 };
const topics = [orders, debits, credits];
const internal: readonly Topic[] = [{ name: "__consumer_offsets", partitions: 4 }];
const groups = ["readers", "ledger-a", "ledger-b"];
const linesMax = 20_000;
const settleMsMax = 300_000;
const secondMs = 1_000;

const flags = parseArgs(Deno.args, {
  string: ["minutes", "every", "seed", "pace", "disk"],
  default: { minutes: "1", every: "10", seed: "1", pace: "2", disk: "512" },
});
const seed = Number(flags.seed);
const runtime = denoRuntime();
const startMs = runtime.clock.monotonic();
const nowMs = () => runtime.clock.monotonic() - startMs;
const chronicle = new Chronicle(nowMs, linesMax);
let isOver = false;

const pass = (ms: number) => new Promise<void>((go) => runtime.timers.after(ms, go));

await using machines = await Machines.make([...brokerNames, ...etcdNames]);
const servers = await startAll();
try {
  await chaos();
} finally {
  isOver = true;
  await Promise.all(servers.map((each) => each.kill()));
}

async function startAll(): Promise<Server[]> {
  const ottla = await ottlaCommand(targetFromEnvironment());
  const onLine = (name: string) => (line: string) => chronicle.tell(name, `  ${line}`);
  const all: Server[] = [];
  for (const name of etcdNames) {
    const folder = await machines.disk(name, 256);
    all.push(etcdMember(machines, { name, folder, onLine: () => {} }));
  }
  // None of them serves before most of them run.
  await Promise.all(all.map((each) => each.start()));
  for (const name of brokerNames) {
    const folder = await machines.disk(name, Number(flags.disk));
    const broker = clusterBroker(machines, { name, folder, ottla, onLine: onLine(name) });
    if (!await broker.start()) throw new Error(`${name} has not started`);
    all.push(broker);
  }
  return all;
}

function bootstrap(): string {
  return brokerNames.map((name) => `${machines.address(name)}:9092`).join(",");
}

async function connect(): Promise<Client> {
  for (;;) {
    try {
      return await Client.connect(runtime, { bootstrap: bootstrap(), requestTimeoutMs: 10_000 });
    } catch (error) {
      chronicle.tell("client", wordsOf(error));
      await pass(secondMs);
    }
  }
}

function stageOf({ name }: Actor): Stage {
  const random = new SeededRandom(seed, name);
  return {
    chronicle,
    nowMs,
    connect,
    pass,
    get isOver() {
      return isOver;
    },
    between: (low, high) => random.between(low, high),
  };
}

async function chaos(): Promise<void> {
  const client = await connect();
  for (const { name, partitions } of topics) {
    await createTopic(client, { name, partitions, replicationFactor: 3 });
  }
  const paceMs = Number(flags.pace);
  const actors = [
    ...["1", "2", "3", "4"].map((id) => sender(`sender-${id}`, orders, { paceMs })),
    transactor("teller-a", { topics: [debits, credits], group: "ledger-a" }),
    transactor("teller-b", { topics: [debits, credits], group: "ledger-b" }),
    member("member-1", { topic: orders, group: "readers", protocol: "consumer" }),
    member("member-2", { topic: orders, group: "readers", protocol: "consumer" }),
    reader("reader", { topics: [orders], isCommitted: false }),
    reader("auditor", { topics: [debits, credits], isCommitted: true }),
    onlooker("onlooker", { groups: ["readers"] }),
  ];
  const acting = Promise.all(actors.map((actor) => act(actor, stageOf(actor))));
  const random = new SeededRandom(seed, "nemesis");
  const nemesis = new Nemesis({ machines, servers, chronicle, random, pass });
  const untilMs = nowMs() + Number(flags.minutes) * 60 * secondMs;
  while (nowMs() < untilMs) {
    await pass(Number(flags.every) * secondMs);
    console.log(`${(nowMs() / secondMs).toFixed(0)} s: ${await nemesis.strike()}`);
  }
  await nemesis.heal();
  await settled(client);
  await pass(3 * secondMs);
  isOver = true;
  await acting;
  await judge(client);
}

/** Resolves once every replica is in sync. */
async function settled(client: Client): Promise<void> {
  const untilMs = nowMs() + settleMsMax;
  for (;;) {
    const lacking: string[] = [];
    for (const { name } of topics) {
      try {
        for (const { isr, leader, partition } of (await describeTopic(client, name)).partitions) {
          if (leader < 0 || isr.length < 3) lacking.push(`${name}-${partition}: ${isr}`);
        }
      } catch (error) {
        lacking.push(wordsOf(error));
      }
    }
    if (lacking.length === 0) return;
    if (nowMs() > untilMs) throw new Error(`not in sync: ${lacking.join(", ")}`);
    await pass(secondMs);
  }
}

async function judge(client: Client): Promise<void> {
  const found = await readEnd(client, { topics, internal, groups, pass });
  client.close();
  const { operations } = chronicle;
  const anomalies = anomaliesOf(operations, found);
  const acknowledged = operations.filter((each) => each.kind === "send" && each.isAcknowledged);
  const committed = operations.filter((each) =>
    each.kind === "end" && each.outcome === "committed"
  );
  const records = [...found.all.values()].reduce((sum, each) => sum + each.length, 0);
  console.log(
    `${acknowledged.length} records acknowledged, ${committed.length} transactions committed, ` +
      `${records} records found, ${anomalies.length} anomalies`,
  );
  if (anomalies.length === 0) return;
  const about = new Set(anomalies.slice(0, 5).flatMap((each) => each.about));
  for (const line of chronicle.lines()) {
    if (/ (broker|etcd)-\d /.test(line) || [...about].some((word) => line.includes(word))) {
      console.log(line);
    }
  }
  for (const { kind, words } of anomalies.slice(0, 20)) console.log(`${kind}: ${words}`);
  Deno.exitCode = 1;
}
