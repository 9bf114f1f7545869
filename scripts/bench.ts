// `deno task bench`: the broker beside a bare program that only moves the same bytes.
//
//   produce  100 KB batches of 1 KB records, 4 connections, 4 requests in flight on each, acks=1
//   fetch    the same batches read back, a batch a request
//   single   one 1 KB record a request, 16 connections, one request in flight on each
//   synced   the same with acks=all, 64 connections; the bare program does not sync
//   acks=all  16 producers synced and not, and one beside the disk's own (bench/durable.ts)
//   compaction  a 1 GB log compacted beside a steady load (bench/compaction.ts)
//   recovery  the start of 100 partitions after kill -9 (bench/recovery.ts; --bytes, 1e9)
//   stalls   how long the event loop is held at a stretch, by what is done (bench/stalls.ts)
//   growth   what a request costs as connections, consumers, partitions and records grow
//            (bench/growth.ts; --partitions, 10,000 at most)
//   logs     a partition of 1, 10 and 30 GB, from the start, at its end, by time (bench/logs.ts;
//            --gigabytes 1,10,30)
//   steady   many minutes at half the peak while retention deletes, and what has grown by then
//            (bench/steady.ts; --minutes, 30; needs Go)
//   saturated disk   heartbeats beside a disk that others keep busy (bench/busy_disk.ts)
//   acls     what 10,000 access rules cost a small request (bench/acls.ts)
//   start    from the creation of the process to the first answered Metadata request, 10 times
//
// The first three run the two in turn, several rounds, and print the medians and their ratio, so
// that a machine whose speed drifts fools it less. One more round comes first and counts for
// nothing: memory that nobody has touched yet makes the writes of a virtual machine many times as
// dear. CPU is the measured program's own, from /proc (Linux), the kernel's part apart.
//
//   deno task bench [--with deno|bun|binary] [--rounds 3] [--seconds 3] [--only produce]
//     [--bytes 1e9] [--partitions 10000] [--minutes 30] [--beside FOLDER]
//
// `steady` takes its half hour and `logs` its disk, so they run where they are asked for alone.
//
// `--beside` measures the broker of another checkout in place of the bare program: what a change
// costs, both sides in one run.

import { concatBytes } from "../src/base/bytes.ts";
import { firstOf, itemAt } from "../src/base/items.ts";
import { CreateTopics, decodeResponse, encodeRequest, Fetch } from "../src/protocol/mod.ts";
import { benchAcls } from "./bench/acls.ts";
import { benchBusyDisk } from "./bench/busy_disk.ts";
import { benchCompaction } from "./bench/compaction.ts";
import { benchDurable } from "./bench/durable.ts";
import { checkProduced, produceFrame } from "./bench/frames.ts";
import { benchGrowth } from "./bench/growth.ts";
import { type LoadOptions, type LoadResult, runLoad } from "./bench/load.ts";
import { type Program, startProgram } from "./bench/program.ts";
import { benchLogs } from "./bench/logs.ts";
import { benchRecovery } from "./bench/recovery.ts";
import { benchStalls } from "./bench/stalls.ts";
import { measureStarts } from "./bench/start.ts";
import { benchSteady } from "./bench/steady.ts";
import { median } from "./bench/statistics.ts";
import { taskFlags } from "./task_flags.ts";

const root = new URL("..", import.meta.url).pathname;
const recordBytes = 1024;
const batchRecords = 100;
const topic = "bench";
const fetchVersion = 11;
const createVersion = 5;

const flags = taskFlags(Deno.args, {
  string: [
    "with",
    "rounds",
    "seconds",
    "only",
    "bytes",
    "partitions",
    "minutes",
    "beside",
    "gigabytes",
  ],
  default: {
    with: "deno",
    rounds: "3",
    seconds: "3",
    only: "",
    bytes: "1e9",
    partitions: "10000",
    minutes: "30",
    beside: "",
    gigabytes: "1,10,30",
  },
});
const rounds = Number(flags.rounds);
const durationMs = Number(flags.seconds) * 1000;

/** How to start the two on one runtime; the broker from this checkout or from another. */
function commands(checkout = root): { ottla: string[]; bare: string[] } {
  const main = `${checkout}src/main.ts`;
  const bare = `${root}scripts/bench/bare.ts`;
  const deno = [Deno.execPath(), "run", "-A", "--no-check"];
  switch (flags.with) {
    case "deno":
      return { ottla: [...deno, main], bare: [...deno, bare] };
    case "bun":
      return { ottla: ["bun", main], bare: ["bun", bare] };
    case "binary":
      return { ottla: [`${checkout}dist/ottla`], bare: ["bun", bare] };
    default:
      throw new Error(`--with ${flags.with}: it must be deno, bun or binary`);
  }
}

function brokerCommand(folder: string, port = 0, checkout = root): string[] {
  const start = ["start", "--port", String(port), "--host", "127.0.0.1"];
  return [...commands(checkout).ottla, ...start, "--data-dir", `${folder}/data`];
}

/** The same with a watch on its event loop, which the binary has no room for. */
function probedCommand(folder: string, port: number): string[] {
  const [main, probed] = ["src/main.ts", "scripts/bench/probed.ts"];
  return brokerCommand(folder, port).map((arg) => arg === root + main ? root + probed : arg);
}

function settingsOf(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
}

/** The same with settings of its own. */
function settledCommand(folder: string, settings: Record<string, string>): string[] {
  return [...brokerCommand(folder), ...settingsOf(settings)];
}

function bareCommand(...args: string[]): string[] {
  return [...commands().bare, ...args];
}

/** One measured run: what the load saw and what the program spent. */
interface Measured extends LoadResult {
  readonly records: number;
  readonly cpuSeconds: number;
  readonly kernelSeconds: number;
}

/** A program under a load; `records` that one request carries. */
async function measure(
  program: Program,
  load: Omit<LoadOptions, "port" | "durationMs">,
  records: number,
): Promise<Measured> {
  const before = program.usage();
  const result = await runLoad({ ...load, port: program.port, durationMs });
  const after = program.usage();
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const kernelSeconds = after.kernelSeconds - before.kernelSeconds;
  return { ...result, records: result.requests * records, cpuSeconds, kernelSeconds };
}

function frameOf(partition: number, records: number, acks: 1 | -1 = 1): Uint8Array {
  return produceFrame({ topic, partition, records, recordBytes, acks });
}

/** Fetch requests that walk through a partition, a batch each, and begin again at its end. */
function fetchFrames(partition: number, endOffset: number): () => Uint8Array {
  const frameAt = (fetchOffset: number) =>
    concatBytes(encodeRequest(Fetch, fetchVersion, { correlationId: 1, clientId: "bench" }, {
      replicaId: -1,
      maxWaitMs: 500,
      minBytes: 1,
      topics: [{
        topic,
        partitions: [{ partition, fetchOffset, partitionMaxBytes: 100 * 1024 }],
      }],
      forgottenTopicsData: [],
    }));
  const frame = frameAt(0);
  const other = frameAt(0x7f);
  const lastByte = frame.findIndex((byte, i) => byte !== other[i]);
  const view = new DataView(frame.buffer, frame.byteOffset);
  let offset = 0;
  return () => {
    view.setBigInt64(lastByte - 7, BigInt(offset));
    offset = (offset + batchRecords) % endOffset;
    return frame;
  };
}

async function createTopic(port: number, partitions: number): Promise<void> {
  const request = concatBytes(encodeRequest(
    CreateTopics,
    createVersion,
    { correlationId: 1, clientId: "bench" },
    {
      topics: [{
        name: topic,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      }],
    },
  ));
  let sent = false;
  await runLoad({
    port,
    connections: 1,
    inFlight: 1,
    durationMs: sent ? 0 : 1,
    request: () => {
      sent = true;
      return request;
    },
    check: (answer) => {
      const { message } = decodeResponse(CreateTopics, createVersion, answer);
      const { errorCode } = firstOf(message.topics);
      if (errorCode !== 0 && errorCode !== 36) throw new Error(`topic not created: ${errorCode}`);
    },
  });
}

/** A scenario: the two programs' loads. Each round has fresh programs and a fresh folder. */
interface Scenario {
  readonly name: string;
  readonly broker: (folder: string, checkout?: string) => Promise<Measured>;
  readonly bare: (folder: string) => Promise<Measured>;
}

async function withProgram<T>(
  command: readonly string[],
  run: (program: Program) => Promise<T>,
): Promise<T> {
  const program = await startProgram(command);
  try {
    return await run(program);
  } finally {
    await program.stop();
  }
}

function produceScenario(
  name: string,
  o: { records: number; connections: number; inFlight: number; acks?: 1 | -1 },
) {
  const { records, connections, inFlight, acks } = o;
  const frames = Array.from({ length: connections }, (_, i) => frameOf(i, records, acks));
  const load = { connections, inFlight, request: (i: number) => itemAt(frames, i) };
  return {
    name,
    broker: (folder: string, checkout?: string) =>
      withProgram(brokerCommand(folder, 0, checkout), async (program) => {
        await createTopic(program.port, connections);
        return measure(program, { ...load, check: checkProduced }, records);
      }),
    bare: (folder: string) =>
      withProgram(
        bareCommand("append", `${folder}/bare`),
        (program) => measure(program, { ...load, check: () => {} }, records),
      ),
  };
}

const fetchBatches = 2000;

function fetchScenario(): Scenario {
  const o = { connections: 4, inFlight: 4 };
  const batch = frameOf(0, batchRecords);
  return {
    name: "fetch 100 KB batches",
    broker: (folder, checkout) =>
      withProgram(brokerCommand(folder, 0, checkout), async (program) => {
        await createTopic(program.port, o.connections);
        await fill(program.port, o.connections);
        const end = fetchBatches * batchRecords;
        const next = Array.from({ length: o.connections }, (_, i) => fetchFrames(i, end));
        const check = (answer: Uint8Array) => {
          if (answer.length < recordBytes * batchRecords) {
            throw new Error(`a fetch brought ${answer.length} bytes only`);
          }
        };
        return measure(program, { ...o, request: (i) => itemAt(next, i)(), check }, batchRecords);
      }),
    bare: async (folder) => {
      const path = `${folder}/bare`;
      const file = await Deno.create(path);
      for (let i = 0; i < fetchBatches; i++) await file.write(batch);
      file.close();
      const request = new Uint8Array(64);
      return withProgram(
        bareCommand("serve", path, String(batch.length)),
        (program) =>
          measure(program, { ...o, request: () => request, check: () => {} }, batchRecords),
      );
    },
  };
}

/** Appends `fetchBatches` batches to each partition. */
async function fill(port: number, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    const frame = frameOf(partition, batchRecords);
    let answered = 0;
    const end = performance.now() + 60_000;
    while (answered < fetchBatches && performance.now() < end) {
      const left = fetchBatches - answered;
      await runLoad({
        port,
        connections: 1,
        inFlight: Math.min(16, left),
        durationMs: left <= 16 ? 0 : 20,
        request: () => frame,
        check: (answer) => {
          checkProduced(answer);
          answered++;
        },
      });
    }
  }
}

interface Row {
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGigabyte: number;
  readonly kernelSecondsPerGigabyte: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function rowOf(measured: Measured): Row {
  const seconds = measured.elapsedMs / 1000;
  const bytes = measured.bytesSent + measured.bytesReceived;
  return {
    recordsPerSecond: measured.records / seconds,
    megabytesPerSecond: bytes / 1e6 / seconds,
    cpuSecondsPerGigabyte: measured.cpuSeconds / (bytes / 1e9),
    kernelSecondsPerGigabyte: measured.kernelSeconds / (bytes / 1e9),
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
  };
}

function medianRow(rows: readonly Row[]): Row {
  const of = (key: keyof Row) => median(rows.map((row) => row[key]));
  return {
    recordsPerSecond: of("recordsPerSecond"),
    megabytesPerSecond: of("megabytesPerSecond"),
    cpuSecondsPerGigabyte: of("cpuSecondsPerGigabyte"),
    kernelSecondsPerGigabyte: of("kernelSecondsPerGigabyte"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
  };
}

function print(name: string, row: Row): void {
  const cells = [
    row.recordsPerSecond.toFixed(0).padStart(10),
    row.megabytesPerSecond.toFixed(1).padStart(9),
    row.cpuSecondsPerGigabyte.toFixed(2).padStart(9),
    row.kernelSecondsPerGigabyte.toFixed(2).padStart(8),
    row.p50Ms.toFixed(2).padStart(8),
    row.p99Ms.toFixed(2).padStart(8),
  ];
  console.log(`  ${name.padEnd(14)}${cells.join("")}`);
}

/** Runs the broker and its rival in turn, the first round for nothing. */
async function run(scenario: Scenario): Promise<void> {
  const rival = flags.beside === ""
    ? { name: "bare program", run: scenario.bare }
    : { name: "the other", run: (folder: string) => scenario.broker(folder, otherCheckout()) };
  const contenders = [{ name: "ottla", run: scenario.broker }, rival];
  const rows = new Map<string, Row[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    contenders.reverse();
    for (const { name, run } of contenders) {
      const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
      try {
        const row = rowOf(await run(folder));
        if (round > 0) rows.get(name)?.push(row);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  }
  console.log(`\n${scenario.name}`);
  console.log("                   records/s     MB/s  CPU s/GB  kernel  p50 ms  p99 ms");
  for (const [name, of] of rows) print(name, medianRow(of));
  const [ours = [], theirs = []] = rows.values();
  printRatios(`ottla / ${rival.name}, MB/s`, ours.map(speed), theirs.map(speed));
  if (flags.beside !== "") {
    printRatios(`${rival.name} / ottla, CPU s/GB`, theirs.map(cost), ours.map(cost));
  }
}

const speed = (row: Row) => row.megabytesPerSecond;
const cost = (row: Row) => row.cpuSecondsPerGigabyte;

function printRatios(name: string, above: readonly number[], below: readonly number[]): void {
  const ratios = above.map((value, i) => value / itemAt(below, i));
  const list = ratios.map((ratio) => ratio.toFixed(2)).join(", ");
  console.log(`  ${name}: ${median(ratios).toFixed(2)}  (rounds: ${list})`);
}

/** The folder of `--beside`, with a slash behind it as `root` has one. */
function otherCheckout(): string {
  return `${Deno.realPathSync(flags.beside)}/`;
}

const scenarios: readonly Scenario[] = [
  produceScenario("produce 100 KB batches", { records: batchRecords, connections: 4, inFlight: 4 }),
  fetchScenario(),
  produceScenario("single-record requests", { records: 1, connections: 16, inFlight: 1 }),
  produceScenario("synced single-record requests", {
    records: 1,
    connections: 64,
    inFlight: 1,
    acks: -1,
  }),
];

const beside = flags.beside === "" ? "a bare program" : `that of ${flags.beside}`;
console.log(`ottla beside ${beside}, both on ${flags.with}; medians of ${rounds} rounds`);
for (const scenario of scenarios) {
  if (scenario.name.includes(flags.only)) await run(scenario);
}
if ("acks=all".includes(flags.only)) {
  await benchDurable({
    command: brokerCommand,
    createTopic,
    frame: (partition, acks) => frameOf(partition, batchRecords, acks),
    check: checkProduced,
    rounds,
    durationMs,
  });
}
if ("compaction".includes(flags.only)) {
  await benchCompaction(settledCommand);
}
if ("recovery".includes(flags.only)) {
  await benchRecovery({
    command: (port, folder) => probedCommand(folder, port),
    createTopic,
    frame: (partition) => frameOf(partition, batchRecords),
    check: checkProduced,
    bytes: Number(flags.bytes),
  });
}
if ("stalls".includes(flags.only)) {
  await benchStalls({
    command: (folder, settings) => [...probedCommand(folder, 0), ...settingsOf(settings)],
    durationMs,
  });
}
if ("growth".includes(flags.only)) {
  await benchGrowth({
    command: brokerCommand,
    rounds,
    durationMs,
    partitionsMax: Number(flags.partitions),
  });
}
if (flags.only === "logs") {
  await benchLogs({
    command: (folder) => settledCommand(folder, {}),
    createTopic,
    topic,
    gigabytes: flags.gigabytes.split(",").map(Number),
  });
}
if (flags.only === "steady") {
  await benchSteady({
    command: settledCommand,
    createTopic,
    frame: (partition) => frameOf(partition, batchRecords),
    minutes: Number(flags.minutes),
  });
}
if ("saturated disk".includes(flags.only)) {
  await benchBusyDisk({
    command: settledCommand,
    createTopic,
    frame: (partition) => frameOf(partition, 10, -1),
    durationMs,
  });
}
if ("acls".includes(flags.only)) {
  await benchAcls({
    command: settledCommand,
    rounds,
    durationMs,
  });
}
if ("start".includes(flags.only)) {
  const { wallMs, residentBytes } = await measureStarts(
    (port, folder) => brokerCommand(folder, port),
    10,
  );
  console.log("\nstart, to the first answered Metadata request");
  console.log(
    `  ${wallMs.toFixed(0)} ms, ${(residentBytes / 1e6).toFixed(0)} MB resident (medians of 10)`,
  );
}
