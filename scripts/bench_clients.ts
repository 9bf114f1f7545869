// `deno task bench:clients`: our client beside others of JavaScript, sending to one broker.
//
//   deno task bench:clients [--records 1000000] [--bytes 100] [--rounds 3] [--write]
//
// Each round runs one after the other, in another order, on a new topic of six partitions; the
// median counts. What the client's own process used of a CPU is what holds on a busy machine, too.
// --write puts the table into docs/client-performance.md.

import { parseArgs } from "@std/cli/parse-args";
import { connect } from "../client.ts";
import { itemAt } from "../src/base/items.ts";
import { nodeProgram } from "../tests/conformance/clients/install.ts";
import { BrokerProcess } from "../tests/harness/broker_process.ts";
import { run } from "../tests/harness/process_lines.ts";
import { nodePath } from "../tests/harness/targets.ts";

const page = new URL("../docs/client-performance.md", import.meta.url);
const program = new URL("bench/client_program.js", import.meta.url).pathname;

const clients = [
  { kind: "ottla", name: "Ottla's own" },
  { kind: "platformatic", name: "@platformatic/kafka" },
  { kind: "confluent", name: "@confluentinc/kafka-javascript (librdkafka)" },
] as const;

interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const flags = parseArgs(Deno.args, {
  string: ["records", "bytes", "rounds"],
  boolean: ["write"],
  default: { records: "1000000", bytes: "100", rounds: "3" },
});
const records = Number(flags.records);
const rounds = Number(flags.rounds);

/** The folder that the packages of the binding are in. */
async function modules(): Promise<string> {
  const { absent } = await nodeProgram("confluent_javascript");
  if (absent !== undefined) throw new Error(absent.reason);
  return new URL("../.cache/clients/node", import.meta.url).pathname;
}

async function measure(kind: string, at: { bootstrap: string; topic: string; folder: string }) {
  const args = [program, kind, at.bootstrap, at.topic, `${records}`, flags.bytes];
  const env = { BENCH_MODULES: at.folder };
  // The binding is built for the machine's own Node; our source needs one that strips types.
  const command = kind === "confluent" ? "node" : await nodePath();
  const { stdout } = await run({ command, args, env, withinMs: 300_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Sample;
}

function median(values: readonly number[]): number {
  return itemAt([...values].sort((a, b) => a - b), Math.floor(values.length / 2));
}

const folder = await modules();
const samples = new Map<string, Sample[]>(clients.map(({ kind }) => [kind, []]));
await using broker = await BrokerProcess.start();
await using cluster = await connect({ bootstrap: broker.bootstrap });
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < clients.length; i++) {
    const { kind } = itemAt(clients, (i + round) % clients.length);
    const topic = `${kind}-${round}`;
    await cluster.admin.createTopic({ name: topic, partitions: 6 });
    samples.get(kind)?.push(await measure(kind, { bootstrap: broker.bootstrap, topic, folder }));
    await cluster.admin.deleteTopic(topic);
  }
}

const rows = clients.map(({ kind, name }) => {
  const theirs = samples.get(kind) ?? [];
  const perSecond = records / median(theirs.map(({ seconds }) => seconds));
  const cpuUs = median(theirs.map(({ cpuSeconds }) => cpuSeconds)) / records * 1e6;
  return [name, Math.round(perSecond).toLocaleString("en"), cpuUs.toFixed(2)];
});
const table = [
  ["client", "records/s", "CPU µs a record"],
  ["---", "---:", "---:"],
  ...rows,
].map((row) => `| ${row.join(" | ")} |`);
const text = [
  "# How fast clients send",
  "",
  `${records.toLocaleString("en")} records of ${flags.bytes} bytes to six partitions of one Ottla,`,
  "acknowledged by the disk, sent by Node; broker and client share a machine of " +
  `${navigator.hardwareConcurrency} cores.`,
  "Measured by `deno task bench:clients --write`: medians of " + `${rounds} rounds.`,
  "",
  ...table,
  "",
  "The CPU is that of the client's process, threads of librdkafka included. The load average",
  `was ${Deno.loadavg()[0]?.toFixed(0)}: where it is far above the cores, only the CPU counts.`,
  "",
].join("\n");
console.log(text);
if (flags.write) await Deno.writeTextFile(page, text);
