// `deno task chaos`: three brokers and three members of etcd as real processes on machines of their
// own, to which something happens every few seconds, while producers, transactions, groups and
// readers go about their work; then all is mended, everything is read, and held against what
// clients were told.
//
//   deno task chaos [--minutes 1] [--every 10] [--seed 1] [--records 50000] [--pace 200]
//     [--disk 1024] [--other COMMIT] [--keep FOLDER]
//
//   programs of Java and librdkafka ── lines ──> ledger     --records in all, judged as they come
//   our own client ──────────────────> chronicle            a few, judged whole at the end
//
// Needs root, Linux, an etcd (apt-get install etcd-server), Java with Maven, Python; clocks are set
// where there is libfaketime (apt-get install libfaketime). --other: brokers change between these
// sources and those of a commit. --keep: where brokers' logs are left, should anything be wrong.
// OTTLA_BINARY: an executable to run in place of the sources; OTTLA_ETCD: another etcd.
// An interrupt ends it early, with a verdict.

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
import { run } from "../harness/process_lines.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";
import { clientsName, OtherClients, producerCount } from "./clients.ts";
import { Clocks } from "./clocks.ts";
import { ledgerTopics, Trial } from "./trial.ts";
import { Machines } from "./machines.ts";
import { Nemesis } from "./nemesis.ts";
import { brokerNames, clusterBroker, etcdMember, etcdNames, type Server } from "./processes.ts";
import { OtherRelease } from "./releases.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

const orders: Topic = { name: "orders", partitions: 6 };
const debits: Topic = { name: "debits", partitions: 2 };
const credits: Topic = { name: "credits", partitions: 2 };
const ownTopics = [orders, debits, credits];
const topics = [...ownTopics, ...ledgerTopics];
const internal: readonly Topic[] = [{ name: "__consumer_offsets", partitions: 4 }];
const groups = ["readers", "ledger-a", "ledger-b"];
const linesMax = 20_000;
const settleMsMax = 300_000;
const secondMs = 1_000;
const progressMs = 60_000;

const flags = taskFlags(Deno.args, {
  string: ["minutes", "every", "seed", "records", "pace", "disk", "other", "keep"],
  default: {
    minutes: "1",
    every: "10",
    seed: "1",
    records: "50000",
    pace: "200",
    disk: "1024",
  },
});
const seed = Number(flags.seed);
const everyMs = Number(flags.every) * secondMs;
const chaosMs = Number(flags.minutes) * 60 * secondMs;
const runtime = denoRuntime();
const startMs = runtime.clock.monotonic();
const nowMs = () => runtime.clock.monotonic() - startMs;
const chronicle = new Chronicle(nowMs, linesMax);
let isOver = false;
let isInterrupted = false;
const interrupt = () => void (isInterrupted = true);
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupt);

const pass = (ms: number) => new Promise<void>((go) => runtime.timers.after(ms, go));

await using machines = await Machines.make([...brokerNames, ...etcdNames, clientsName]);
const clocks = await Clocks.make(brokerNames);
if (clocks === undefined) console.log("clocks are right: there is no libfaketime");
const other = flags.other === undefined ? undefined : await OtherRelease.of(flags.other);
const folders = new Map<string, string>();
const servers: Server[] = [];
try {
  await startAll();
  await chaos();
} finally {
  isOver = true;
  await Promise.all(servers.map((each) => each.kill()));
  await clocks?.close();
  await other?.close();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, interrupt);
}

async function startAll(): Promise<void> {
  const ottla = await ottlaCommand(targetFromEnvironment());
  const releases = other === undefined ? [ottla] : [ottla, other.command];
  for (const name of etcdNames) {
    const folder = await machines.disk(name, 256);
    servers.push(etcdMember(machines, { name, folder, onLine: () => {} }));
  }
  // None of them serves before most of them run.
  await Promise.all(servers.map((each) => each.start()));
  for (const name of brokerNames) {
    const folder = await machines.disk(name, Number(flags.disk));
    folders.set(name, folder);
    const broker = clusterBroker(machines, {
      name,
      folder,
      releases,
      env: clocks?.environment(name) ?? {},
      onLine: (line) => chronicle.tell(name, `  ${line}`),
    });
    servers.push(broker);
    if (!await broker.start()) throw new Error(`${name} has not started`);
  }
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
    patienceOf: (usualMs) => usualMs,
  };
}

async function chaos(): Promise<void> {
  const client = await connect();
  for (const { name, partitions } of topics) {
    await createTopic(client, { name, partitions, replicationFactor: 3 });
  }
  client.close();
  const trial = new Trial({ connect, pass, onFailure: (words) => chronicle.tell("trial", words) });
  const others = await OtherClients.start({
    machines,
    bootstrap: bootstrap(),
    recordsPerSecond: Number(flags.records) / (chaosMs / secondMs) / producerCount,
    ledger: trial.ledger,
    onTold: (line) => chronicle.tell("others", line),
  });
  try {
    const reading = trial.readAlong();
    const acting = Promise.all(ownActors().map((actor) => act(actor, stageOf(actor))));
    await Promise.race([strikes(trial, others), acting, reading]);
    await others.quiet();
    await settled();
    await pass(3 * secondMs);
    isOver = true;
    await acting;
    const areRight = [await judgeOwn(), await trial.isRight()];
    if (!areRight.every((each) => each)) await leaveTraces(trial);
  } finally {
    await others.kill();
  }
}

function ownActors(): Actor[] {
  const paceMs = Number(flags.pace);
  return [
    ...["1", "2", "3", "4"].map((id) => sender(`sender-${id}`, orders, { paceMs })),
    transactor("teller-a", { topics: [debits, credits], group: "ledger-a" }),
    transactor("teller-b", { topics: [debits, credits], group: "ledger-b" }),
    member("member-1", { topic: orders, group: "readers", protocol: "consumer" }),
    member("member-2", { topic: orders, group: "readers", protocol: "consumer" }),
    reader("reader", { topics: [orders], isCommitted: false }),
    reader("auditor", { topics: [debits, credits], isCommitted: true }),
    onlooker("onlooker", { groups: ["readers"] }),
  ];
}

/** Something happens every so often, until it is time; then all is mended. */
async function strikes(trial: Trial, others: OtherClients): Promise<void> {
  const random = new SeededRandom(seed, "nemesis");
  const hasReleases = other !== undefined;
  const nemesis = new Nemesis({
    ...{ machines, servers, clocks, hasReleases, chronicle, random, pass, everyMs },
  });
  const untilMs = nowMs() + chaosMs;
  let toldMs = nowMs();
  for (let nextMs = nowMs() + everyMs; nextMs < untilMs && !isInterrupted; nextMs += everyMs) {
    await pass(Math.max(0, nextMs - nowMs()));
    others.check();
    console.log(`${(nowMs() / secondMs).toFixed(0)} s: ${nemesis.strike()}`);
    if (nowMs() - toldMs < progressMs) continue;
    toldMs = nowMs();
    const megabytes = (Deno.memoryUsage().rss / 1e6).toFixed(0);
    console.log(`  ${trial.progress}, ${chronicle.operations.length} operations of our own client`);
    console.log(`  ${megabytes} MB in this process`);
  }
  await nemesis.heal();
  console.log(`${(nowMs() / secondMs).toFixed(0)} s: all is mended. ${nemesis.counts}`);
}

/** Resolves once every replica is in sync. */
async function settled(): Promise<void> {
  const client = await connect();
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
    if (lacking.length === 0) break;
    if (nowMs() > untilMs) {
      for (const line of chronicle.lines()) if (/ broker-\d /.test(line)) console.log(line);
      throw new Error(`not in sync: ${lacking.join(", ")}`);
    }
    await pass(secondMs);
  }
  client.close();
}

/** What our own client was told, held against what is there; false: there are anomalies. */
async function judgeOwn(): Promise<boolean> {
  const client = await connect();
  const found = await readEnd(client, { topics: ownTopics, internal, groups, pass });
  client.close();
  const { operations } = chronicle;
  const anomalies = anomaliesOf(operations, found);
  const acknowledged = operations.filter((each) => each.kind === "send" && each.isAcknowledged);
  const committed = operations.filter((each) =>
    each.kind === "end" && each.outcome === "committed"
  );
  const records = [...found.all.values()].reduce((sum, each) => sum + each.length, 0);
  console.log(
    `our own client: ${acknowledged.length} records acknowledged, ${committed.length} ` +
      `transactions committed, ${records} records found, ${anomalies.length} anomalies`,
  );
  if (anomalies.length === 0) return true;
  const about = new Set(anomalies.slice(0, 5).flatMap((each) => each.about));
  for (const line of chronicle.lines()) {
    if ([...about].some((word) => line.includes(word))) console.log(line);
  }
  for (const { kind, words } of anomalies.slice(0, 20)) console.log(`${kind}: ${words}`);
  return false;
}

/** How it came about: what brokers and clients said lately, and the brokers' logs. */
async function leaveTraces(trial: Trial): Promise<void> {
  for (const line of chronicle.lines()) {
    if (/ (broker|etcd)-\d | others | trial /.test(line)) console.log(line);
  }
  for (const words of trial.ledger.anomalies) console.log(words);
  Deno.exitCode = 1;
  if (flags.keep === undefined) return;
  await Deno.mkdir(flags.keep, { recursive: true });
  for (const [name, folder] of folders) {
    const args = ["-a", folder, `${flags.keep}/${name}`];
    await run({ command: "cp", args, withinMs: 300_000 });
  }
  console.log(`the brokers' folders are in ${flags.keep}`);
}
