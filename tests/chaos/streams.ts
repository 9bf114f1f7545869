// `deno task chaos:streams`: an application of Kafka Streams with exactly_once_v2 on three brokers,
// of which one after the other is killed and started again while results come: what comes out is
// what must come out, each result once.
//
//   deno task chaos:streams [--kills 10] [--protocol classic|streams] [--keys 6000]
//
// Needs an etcd, Java and Maven.

import { Client, describeTopic } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { StreamsApplication } from "../conformance/java/streams_application.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { EtcdProcess } from "../harness/etcd_process.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

const endMsMax = 1_200_000;
const lookMs = 200;
const settings = {
  "min.insync.replicas": "2",
  "default.replication.factor": "3",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.num.partitions": "4",
  "group.streams.initial.rebalance.delay.ms": "0",
};

const flags = taskFlags(Deno.args, {
  string: ["kills", "protocol", "keys"],
  default: { kills: "10", protocol: "classic", keys: "6000" },
});
const kills = Number(flags.kills);
const keys = Number(flags.keys);
/** A count for each of the three words of a line, and a join for each key. */
const results = keys * 4;

const runtime = denoRuntime();

await using etcd = await EtcdProcess.start();
const brokers: BrokerProcess[] = [];
try {
  for (const id of [1, 2, 3]) {
    brokers.push(
      await BrokerProcess.start({
        target: targetFromEnvironment(),
        settings,
        flags: ["--cluster", `etcd://${etcd.address}/streams`, "--node-id", `${id}`],
      }),
    );
  }
  await stream();
} finally {
  for (const each of brokers) await each.close();
}

async function stream(): Promise<void> {
  let killed = 0;
  let killing: Promise<void> = Promise.resolve();
  await using application = await StreamsApplication.start({
    bootstrap: brokers.map((each) => each.bootstrap).join(),
    protocol: flags.protocol === "streams" ? "streams" : "classic",
    keys,
    onLine(line) {
      const arrived = Number(line.match(/^results (\d+)$/)?.[1] ?? 0);
      if (killed === kills || arrived < results * (killed + 1) / (kills + 2)) return;
      const broker = brokers[killed++ % brokers.length]!;
      console.log(`${arrived} results of ${results}: broker ${killed} of ${kills} is killed`);
      killing = killing.then(() => broker.kill()).then(() => broker.restart()).then(whole);
    },
  });
  const { process } = application;
  const what = () => [process, ...brokers].map(({ output }) => output.slice(-4_000)).join("\n");
  await within(application.done, { ms: endMsMax, what });
  await killing;
  process.endInput();
  const { stdout, code } = await within(process.finished, { ms: endMsMax, what });
  const told = stdout.trimEnd().split("\n").filter((line) => !line.startsWith("results "));
  console.log(told.join("\n"));
  const isRight = code === 0 && killed === kills &&
    told.includes(`counts: ${keys * 3} right: true`) &&
    told.includes(`shipped: ${keys} twice: 0`) && told.includes("wrong: []");
  console.log(isRight ? `right, through ${killed} kills` : "WRONG");
  if (!isRight) Deno.exitCode = 1;
}

/** Resolves once every replica of what comes in is in sync: the next kill takes one away again. */
async function whole(): Promise<void> {
  const client = await Client.connect(runtime, { bootstrap: brokers[0]!.bootstrap });
  try {
    for (let isWhole = false; !isWhole;) {
      const { partitions } = await describeTopic(client, "words");
      isWhole = partitions.every(({ isr }) => isr.length === brokers.length);
      if (!isWhole) await new Promise<void>((go) => runtime.timers.after(lookMs, go));
    }
  } finally {
    client.close();
  }
}
