// `deno task bench:kafka`: Ottla beside Apache Kafka and any other broker, on one machine.
//
//   deno task bench:kafka [--brokers kafka,binary,deno,node] [--with NAME=COMMAND]...
//     [--only TEXT]... [--rounds 5] [--warmups 1] [--seconds 3] [--megabytes 500]
//     [--touch 4000] [--json FILE] [--write]
//
// --with takes any broker: a command line, with {port} and {folder} in the places where it wants
// them, such as "klite=klite --listen :{port} --data-dir {folder}". --only takes loads by a part
// of their names. --write puts what was measured into docs/performance.md.
//
// All brokers are up; each load is run on one after the other, in another order each round, on a
// topic that is new and deleted afterwards. Before, --touch MB of page cache are written once and
// given back: pages that are new to a virtual machine cost ten times as much. Linux, for /proc.

import { firstOf, itemAt } from "../src/base/items.ts";
import { Client, createTopic, deleteTopic, listOffsets } from "../src/client/mod.ts";
import { denoRuntime } from "../src/runtime/deno.ts";
import { type Amounts, type Load, loads, removePayload } from "./bench/comparison_loads.ts";
import {
  aligned,
  type Comparison,
  introduction,
  type Measured,
  pageOf,
  rowsOf,
  type Sample,
  type Standing,
  standingRows,
} from "./bench/comparison_page.ts";
import { type Contender, contendersOf, type Running } from "./bench/contenders.ts";
import { taskFlags } from "./task_flags.ts";

const page = new URL("../docs/performance.md", import.meta.url);

interface Options extends Amounts {
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
  readonly rounds: number;
  readonly warmups: number;
  readonly touchBytes: number;
  readonly json: string | undefined;
  readonly writes: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const flags = taskFlags([...args], {
    string: [
      "brokers",
      "with",
      "only",
      "rounds",
      "warmups",
      "seconds",
      "megabytes",
      "touch",
      "json",
    ],
    collect: ["with", "only"],
    boolean: ["write"],
    default: {
      brokers: "kafka,binary,deno,node",
      rounds: "5",
      warmups: "1",
      seconds: "3",
      megabytes: "500",
      touch: "4000",
    },
  });
  const wanted = flags.only as string[];
  const chosen = loads.filter(({ name }) =>
    wanted.length === 0 || wanted.some((part) => name.includes(part))
  );
  if (chosen.length === 0) {
    throw new Error(`--only ${wanted}: it must be a part of one of\n${listed(loads)}`);
  }
  return {
    contenders: contendersOf(flags.brokers.split(","), flags.with as string[]),
    loads: chosen,
    rounds: Number(flags.rounds),
    warmups: Number(flags.warmups),
    seconds: Number(flags.seconds),
    bytes: Number(flags.megabytes) * 1e6,
    touchBytes: Number(flags.touch) * 1e6,
    json: flags.json,
    writes: flags.write,
  };
}

function listed(all: readonly Load[]): string {
  return all.map(({ name }) => `  ${name}`).join("\n");
}

/** Has the machine back so much page cache before anybody needs it. */
async function touchPageCache(bytes: number): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "ottla-bench-" });
  const block = new Uint8Array(4e6);
  try {
    using file = await Deno.open(path, { write: true });
    for (let written = 0; written < bytes;) written += await file.write(block);
  } finally {
    await Deno.remove(path);
  }
}

/** What is unwritten of one broker's is not written while the next is measured. */
async function syncAll(): Promise<void> {
  await new Deno.Command("sync").output();
}

async function onTopic<T>(
  broker: Running,
  topic: { name: string; partitions: number },
  use: () => Promise<T>,
): Promise<T> {
  const client = await Client.connect(denoRuntime(), { bootstrap: `127.0.0.1:${broker.port}` });
  try {
    await createTopic(client, { ...topic, replicationFactor: 1 });
    // Kafka answers a creation before its partitions have opened; this asks again until they have.
    const asked = Array.from({ length: topic.partitions }, (_, partition) => partition);
    await listOffsets(client, asked.map((partition) => ({ topic: topic.name, partition })), {
      spec: "latest",
    });
    const result = await use();
    await deleteTopic(client, topic.name);
    return result;
  } finally {
    await client.close();
  }
}

let topics = 0;

async function sampleOf(broker: Running, load: Load, o: Amounts & { round: number }) {
  const topic = { name: `bench-${topics++}`, partitions: load.partitions };
  return await onTopic(broker, topic, async (): Promise<Sample> => {
    const to = { ...o, port: broker.port, topic: topic.name };
    await load.prepare?.(to);
    await syncAll();
    const before = broker.usage();
    const moved = await load.run(to);
    const after = broker.usage();
    return {
      ...moved,
      round: o.round,
      userSeconds: after.userSeconds - before.userSeconds,
      kernelSeconds: after.kernelSeconds - before.kernelSeconds,
    };
  });
}

/** The rounds of one load, those for warming up first. */
async function measure(load: Load, running: readonly Running[], o: Options): Promise<Measured> {
  const samples = new Map(running.map(({ name }) => [name, [] as Sample[]]));
  const absent = await load.absence?.();
  if (absent !== undefined) return { load, samples, absent };
  for (let round = -o.warmups; round < o.rounds; round++) {
    const turn = (round + o.warmups) % running.length;
    for (const broker of [...running.slice(turn), ...running.slice(0, turn)]) {
      const sample = await sampleOf(broker, load, { ...o, round });
      if (round >= 0) samples.get(broker.name)!.push(sample);
    }
  }
  return { load, samples };
}

async function firstLine(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, { args }).output();
  return firstOf(new TextDecoder().decode(stdout.length > 0 ? stdout : stderr).split("\n"));
}

async function machineLines(loadBefore: number): Promise<string[]> {
  const model = /model name\s*: (.*)/.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1];
  const memory = (Deno.systemMemoryInfo().total / 1e9).toFixed(0);
  const lines = [
    `${navigator.hardwareConcurrency} processors (${model ?? "unknown"}), ${memory} GB of memory`,
    `${await firstLine("uname", "-sr")}, ${new Date().toISOString().slice(0, 10)}`,
    `load of the machine before it began: ${loadBefore.toFixed(1)} (of 1 minute)`,
    `Deno ${Deno.version.deno} (also the load's), Bun 1.4.4 in the binary`,
  ];
  try {
    lines.push(await firstLine("java", "-version"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return lines;
}

async function compare(o: Options): Promise<Comparison> {
  const running: Running[] = [];
  try {
    const loadBefore = firstOf(Deno.loadavg());
    const idle = new Map<string, number>();
    for (const contender of o.contenders) {
      const broker = await contender.start();
      running.push(broker);
      idle.set(broker.name, broker.usage().residentBytes);
    }
    await touchPageCache(o.touchBytes);
    const baseline = firstOf(o.contenders).name;
    const measured: Measured[] = [];
    for (const load of o.loads) {
      const each = await measure(load, running, o);
      measured.push(each);
      console.log(`\n${load.name}`);
      if (each.absent === undefined) console.log(aligned(rowsOf(each, baseline)));
      else console.log(`  not measured: ${each.absent}`);
    }
    const standings: Standing[] = running.map((broker, index) => ({
      name: broker.name,
      about: itemAt(o.contenders, index).about,
      startMs: broker.startMs,
      idleBytes: idle.get(broker.name)!,
      endBytes: broker.usage().residentBytes,
    }));
    console.log(`\nstarts and memory\n${aligned(standingRows(standings))}`);
    const { rounds, seconds, bytes } = o;
    return { machine: await machineLines(loadBefore), rounds, seconds, bytes, measured, standings };
  } finally {
    for (const broker of running) await broker.close();
    await removePayload();
  }
}

function jsonOf(comparison: Comparison): string {
  const measured = comparison.measured.map(({ load, samples, absent }) => ({
    name: load.name,
    unit: load.unit,
    about: load.about,
    absent,
    samples: Object.fromEntries(samples),
  }));
  return JSON.stringify({ ...comparison, measured }, null, 2) + "\n";
}

const options = optionsOf(Deno.args);
console.log(`${options.rounds} rounds, in turn:\n${introduction(options.contenders)}`);
const comparison = await compare(options);
if (options.json !== undefined) await Deno.writeTextFile(options.json, jsonOf(comparison));
if (options.writes) {
  await Deno.writeTextFile(page, pageOf(comparison, firstOf(options.contenders).name));
}
