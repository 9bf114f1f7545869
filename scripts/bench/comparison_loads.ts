// What every broker of a comparison is put under. A load has a topic of its own in each round,
// which is gone afterwards, and says how much it moved and in which time; the CPU of the broker is
// looked at from outside.
//
//   Java, franz-go, librdkafka,
//   kafkajs, platformatic        real clients, with records of about 1 KB of JSON
//   raw                          ready-made requests, as fast as they are answered (load.ts), and a
//                                consumer that throws all of it away (in Go)
//   open loop                    ready-made requests at a fixed rate (open_loop.ts; Go)

import { itemAt, missing } from "../../src/base/items.ts";
import { goProgram } from "../../tests/conformance/clients/install.ts";
import { fetchJars } from "../../tests/conformance/java/fetch.ts";
import { run } from "../../tests/harness/process_lines.ts";
import { nodePath } from "../../tests/harness/targets.ts";
import { checkProduced, produceFrame } from "./frames.ts";
import { runLoad } from "./load.ts";
import { openLoopAbsence, runOpenLoop } from "./open_loop.ts";

/** How much of each load. */
export interface Amounts {
  /** Of the raw senders. */
  readonly seconds: number;
  /** Of the clients, in bytes of values. */
  readonly bytes: number;
}

/** Where a load goes. */
export interface Destination extends Amounts {
  readonly port: number;
  readonly topic: string;
}

/** What came of it: bytes or requests, and the latencies that the load has. */
export interface Moved {
  readonly amount: number;
  readonly seconds: number;
  readonly latenciesMs?: { readonly p50: number; readonly p99: number; readonly p999: number };
}

/** One load. */
export interface Load {
  readonly name: string;
  readonly unit: "bytes" | "requests";
  readonly partitions: number;
  /** How to repeat it by hand, for the page. */
  readonly about: string;
  /** Why it cannot run here. */
  readonly absence?: () => Promise<string | undefined>;
  /** What is there before the measurement. */
  readonly prepare?: (to: Destination) => Promise<void>;
  readonly run: (to: Destination) => Promise<Moved>;
}

const clientWithinMs = 600_000;
const partitions = 4;

/** All loads, in the order of the page. */
export const loads: readonly Load[] = [
  raw("100 KB batches, acks=1", { records: 100, recordBytes: 1000, acks: 1 }),
  raw("100 KB batches, acks=all", { records: 100, recordBytes: 1000, acks: -1 }),
  raw("900 KB batches, acks=1", { records: 900, recordBytes: 1000, acks: 1 }),
  raw("one 100 B record a request, acks=1", { records: 1, recordBytes: 100, acks: 1 }),
  raw("one 100 B record a request, acks=all", { records: 1, recordBytes: 100, acks: -1 }),
  openLoop(20_000),
  ...(["none", "lz4", "zstd"] as const).map(javaProducer),
  ...(["none", "lz4", "zstd"] as const).map(franzProducer),
  ...(["none", "lz4"] as const).map(kcatProducer),
  ...(["kafkajs", "platformatic"] as const).map(javascriptProducer),
  javaConsumer(),
  franzConsumer(),
  rawConsumer(),
  tailConsumers(3),
];

interface Batches {
  readonly records: number;
  readonly recordBytes: number;
  readonly acks: 1 | -1;
}

/** Large batches on few connections, single records on many. */
function raw(name: string, batches: Batches): Load {
  const isSingle = batches.records === 1;
  const [connections, inFlight] = isSingle ? [64, 1] : [4, 4];
  return {
    name,
    unit: isSingle ? "requests" : "bytes",
    partitions: connections,
    about: `ready-made requests, ${connections} connections, ${inFlight} in flight on each`,
    run: async ({ port, topic, seconds }) => {
      const frames = framesOf(topic, connections, batches);
      const { requests, bytesSent, elapsedMs, p50Ms, p99Ms, p999Ms } = await runLoad({
        port,
        connections,
        inFlight,
        durationMs: seconds * 1000,
        request: (connection) => itemAt(frames, connection),
        check: checkProduced,
      });
      return {
        amount: isSingle ? requests : bytesSent,
        seconds: elapsedMs / 1000,
        latenciesMs: { p50: p50Ms, p99: p99Ms, p999: p999Ms },
      };
    },
  };
}

function framesOf(topic: string, count: number, batches: Batches): Uint8Array[] {
  return Array.from(
    { length: count },
    (_, partition) => produceFrame({ topic, partition, ...batches }),
  );
}

function openLoop(perSecond: number): Load {
  const connections = 32;
  return {
    name: `open loop, ${perSecond} of 1 KB a second, acks=all`,
    unit: "requests",
    partitions: connections,
    about: `a record a request, each due at its time, over ${connections} connections; the first ` +
      "second does not count",
    absence: openLoopAbsence,
    run: async ({ port, topic, seconds }) => {
      const frames = framesOf(topic, connections, { records: 1, recordBytes: 1000, acks: -1 });
      const { requests, ...took } = await runOpenLoop({ port, perSecond, seconds, frames });
      return { amount: requests, ...took };
    },
  };
}

type Codec = "none" | "lz4" | "zstd";

function javaProducer(codec: Codec): Load {
  const properties = ["acks=1", "linger.ms=5", "batch.size=100000", `compression.type=${codec}`];
  return {
    name: `Java producer, ${codec}`,
    unit: "bytes",
    partitions,
    about: `org.apache.kafka.tools.ProducerPerformance, ${properties.join(" ")}`,
    absence: () => absent("java"),
    run: async ({ port, topic, bytes }) => {
      const records = recordsOf(bytes);
      const said = await kafkaTool("ProducerPerformance", [
        ...["--topic", topic, "--num-records", String(records), "--throughput", "-1"],
        ...["--payload-file", await payloadFile(), "--command-property", ...properties],
        `bootstrap.servers=127.0.0.1:${port}`,
      ]);
      const last = said.trim().split("\n").at(-1)!;
      const found = /([\d.]+) records\/sec .* ([\d.]+) ms 50th.* ([\d.]+) ms 99th, ([\d.]+) ms/
        .exec(last);
      if (found === null) throw new Error(`ProducerPerformance said: ${said}`);
      const [perSecond = missing(), p50 = missing(), p99 = missing(), p999 = missing()] = found
        .slice(1).map(Number);
      const latenciesMs = { p50, p99, p999 };
      return { amount: records * recordBytes, seconds: records / perSecond, latenciesMs };
    },
  };
}

function franzProducer(codec: Codec): Load {
  return {
    name: `franz-go producer, ${codec}`,
    unit: "bytes",
    partitions,
    about: "franz-go, a linger of 5 ms, acks=1 (tests/conformance/clients/go/franz_go_load)",
    absence: goAbsence,
    run: async ({ port, topic, bytes }) => {
      const end = [await payloadFile(), codec, "1"];
      return await franzGo(["produce", `127.0.0.1:${port}`, topic, `${recordsOf(bytes)}`, ...end]);
    },
  };
}

function kcatProducer(codec: Codec): Load {
  return {
    name: `librdkafka (kcat), ${codec}`,
    unit: "bytes",
    partitions,
    about: `kcat -P -z ${codec} -X acks=1 -X linger.ms=5, a file of lines`,
    absence: () => absent("kcat"),
    run: async ({ port, topic, bytes }) => {
      const records = recordsOf(bytes);
      const path = await linesFile(records);
      const startedMs = performance.now();
      await run({
        command: "kcat",
        args: [
          ...["-P", "-b", `127.0.0.1:${port}`, "-t", topic, "-z", codec, "-l", path],
          ...["-X", "acks=1", "-X", "linger.ms=5", "-X", "queue.buffering.max.kbytes=200000"],
        ],
        withinMs: clientWithinMs,
      });
      const seconds = (performance.now() - startedMs) / 1000;
      return { amount: records * recordBytes, seconds };
    },
  };
}

function javascriptProducer(kind: "kafkajs" | "platformatic"): Load {
  const name = kind === "kafkajs" ? kind : "@platformatic/kafka";
  const program = new URL("clients/produce.js", import.meta.url).pathname;
  return {
    name: `${name} producer, none`,
    unit: "bytes",
    partitions,
    about: `${name} on Node, lists of 100 records, acks=1 (scripts/bench/clients/produce.js)`,
    run: async ({ port, topic, bytes }) => {
      const to = [kind, `127.0.0.1:${port}`, topic, `${recordsOf(bytes)}`, await payloadFile()];
      return await amountOf(await nodePath(), [program, ...to]);
    },
  };
}

function javaConsumer(): Load {
  return {
    name: "Java consumer, from the start",
    unit: "bytes",
    partitions,
    about: "org.apache.kafka.tools.ConsumerPerformance, on 100 KB batches",
    absence: () => absent("java"),
    prepare: fill,
    run: async ({ port, topic, bytes }) => {
      const said = await kafkaTool("ConsumerPerformance", [
        ...["--bootstrap-server", `127.0.0.1:${port}`, "--include", topic, "--hide-header"],
        ...["--num-records", String(recordsOf(bytes)), "--group", topic, "--timeout", "60000"],
        ...["--command-property", "auto.offset.reset=earliest"],
      ]);
      const cells = said.trim().split("\n").at(-1)!.split(", ");
      const [mebibytes, fetchMs] = [Number(cells[2]), Number(cells[7])];
      if (!(mebibytes > 0)) throw new Error(`ConsumerPerformance said: ${said}`);
      return { amount: mebibytes * 1024 * 1024, seconds: fetchMs / 1000 };
    },
  };
}

function franzConsumer(): Load {
  return {
    name: "franz-go consumer, from the start",
    unit: "bytes",
    partitions,
    about: "franz-go, no group, on 100 KB batches",
    absence: goAbsence,
    prepare: fill,
    run: ({ port, topic, bytes }) =>
      franzGo(["consume", `127.0.0.1:${port}`, topic, String(recordsOf(bytes))]),
  };
}

/** What the broker can give: a client unpacks, and takes longer for it than any broker. */
function rawConsumer(): Load {
  return {
    name: "a consumer that unpacks nothing, from the start",
    unit: "bytes",
    partitions,
    about: "a connection for each partition, 1 MiB at once, on 100 KB batches, four times over " +
      "(tests/conformance/clients/go/raw_fetch)",
    absence: goAbsence,
    prepare: fill,
    run: ({ port, topic, bytes }) =>
      goLoad("raw_fetch", [String(port), topic, String(partitions), String(4 * bytes)]),
  };
}

/** Most of what a broker sends is as new as this. */
function tailConsumers(readers: number): Load {
  return {
    name: "consumers that unpack nothing, at the tail",
    unit: "bytes",
    partitions,
    about: `${readers} connections for each partition, 1 MiB at once, while 100 KB batches come ` +
      "in as fast as they are answered, which is a part of the CPU; acks=1 " +
      "(tests/conformance/clients/go/raw_fetch)",
    absence: goAbsence,
    run: async (to) => {
      const taken = String(readers * batchesEach(to) * batchBytes * partitions);
      const args = [String(to.port), to.topic, String(partitions), taken, String(readers)];
      const [moved] = await Promise.all([goLoad("raw_fetch", args), fill(to)]);
      return moved;
    },
  };
}

const recordsOfBatch = 100;
/** What a batch of so many records has in them, at least. */
const batchBytes = recordsOfBatch * 1000;

function batchesEach({ bytes }: Destination): number {
  return Math.ceil(bytes / batchBytes / partitions);
}

/** Fills a topic with the records that a consumer will want, and some more. */
async function fill(to: Destination): Promise<void> {
  const { port, topic } = to;
  const batches = { records: recordsOfBatch, recordBytes, acks: 1 } as const;
  const frames = framesOf(topic, partitions, batches);
  const each = batchesEach(to);
  for (let left = each; left > 0; left -= 4) {
    const durationMs = 0; // as many as are in flight
    const request = (connection: number) => itemAt(frames, connection);
    const load = { port, connections: partitions, inFlight: Math.min(4, left), durationMs };
    await runLoad({ ...load, request, check: checkProduced });
  }
}

async function kafkaTool(name: string, args: readonly string[]): Promise<string> {
  const jars = await fetchJars();
  const log4j = new URL("../../tests/conformance/java/log4j2.properties", import.meta.url).pathname;
  const java = ["-Xmx512m", `-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`];
  const { stdout } = await run({
    command: "java",
    args: [...java, `org.apache.kafka.tools.${name}`, ...args],
    withinMs: clientWithinMs,
  });
  return stdout;
}

const franzGo = (args: readonly string[]): Promise<Moved> => goLoad("franz_go_load", args);

async function goLoad(name: string, args: readonly string[]): Promise<Moved> {
  const { program } = await goProgram(name);
  return await amountOf(program!.command, args);
}

/** What a program says that it has moved. */
async function amountOf(command: string, args: readonly string[]): Promise<Moved> {
  const { stdout } = await run({ command, args, withinMs: clientWithinMs });
  const found = /(\d+) bytes in ([\d.]+) seconds/.exec(stdout);
  if (found === null) throw new Error(`${command} said: ${stdout}`);
  return { amount: Number(found[1]), seconds: Number(found[2]) };
}

let goAbsenceOnce: Promise<string | undefined> | undefined;

function goAbsence(): Promise<string | undefined> {
  goAbsenceOnce ??= goProgram("franz_go_load").then(({ absent }) => absent?.reason);
  return goAbsenceOnce;
}

async function absent(command: string): Promise<string | undefined> {
  try {
    await new Deno.Command(command, { args: ["-h"], stdout: "null", stderr: "null" }).output();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `${command} is not installed`;
  }
}

/** What a line of the payload has; with a line's end more in a file. */
const recordBytes = 1000;

function recordsOf(bytes: number): number {
  return Math.ceil(bytes / recordBytes);
}

const words = "order item price paid sent back name street city note gift card".split(" ");
let payload: { readonly folder: string; readonly lines: readonly string[] } | undefined;

/** Lines of JSON that pack to a third, alike in each run. */
async function payloadOf() {
  if (payload !== undefined) return payload;
  let seed = 1;
  const random = (below: number) => (seed = seed * 48271 % 2147483647) % below;
  const lines = Array.from({ length: 2000 }, () => {
    let line = "{";
    while (line.length < recordBytes) {
      const word = words[random(words.length)];
      line += `"${word}":"${words[random(words.length)]}-${random(1e9).toString(36)}",`;
    }
    return line.slice(0, recordBytes - 1) + "}";
  });
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  await Deno.writeTextFile(`${folder}/payload`, lines.join("\n") + "\n");
  return payload = { folder, lines };
}

async function payloadFile(): Promise<string> {
  return `${(await payloadOf()).folder}/payload`;
}

/** As many lines as there are records. */
async function linesFile(records: number): Promise<string> {
  const { folder, lines } = await payloadOf();
  const path = `${folder}/lines-${records}`;
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    using file = await Deno.create(path);
    const block = lines.join("\n") + "\n";
    for (let left = records; left > 0; left -= lines.length) {
      const text = left >= lines.length ? block : block.slice(0, left * (recordBytes + 1));
      await Deno.writeFile(path, new TextEncoder().encode(text), { append: true });
    }
    file.syncDataSync();
  }
  return path;
}

/** Removes what the loads have written beside the brokers' folders. */
export async function removePayload(): Promise<void> {
  if (payload !== undefined) await Deno.remove(payload.folder, { recursive: true });
  payload = undefined;
}
