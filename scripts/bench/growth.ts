// What a request costs the broker, in CPU time, as something grows that it touches or does not:
//
//   busy connections      one record a request, one request in flight on each
//   idle connections      16 of those beside so many that say nothing
//   waiting consumers     beside so many that wait in a Fetch for records of other partitions
//   partitions            beside so many others, which nobody asks about
//   bytes of a record     by size; this one should grow, and less than the size does
//
// Each figure is the least of some rounds: what others on the machine do only adds to it. Behind a
// row stands the last figure as a multiple of the first. Apart from the bytes, a row that grows
// tells of a fault: a request is paying for what it has nothing to do with.

import { concatBytes } from "../../src/base/bytes.ts";
import { firstOf, itemAt } from "../../src/base/items.ts";
import { CreateTopics, decodeResponse, encodeRequest, Fetch } from "../../src/protocol/mod.ts";
import { checkProduced, produceFrame } from "./frames.ts";
import { type LoadOptions, runLoad } from "./load.ts";
import { type Program, startProgram } from "./program.ts";

export interface GrowthBench {
  readonly command: (folder: string) => readonly string[];
  readonly rounds: number;
  readonly durationMs: number;
  /** Where the number of partitions ends. */
  readonly partitionsMax: number;
}

const origin = { correlationId: 1, clientId: "bench" };
const lanes = 16;
const partitionsOfTopic = 500;
const small = 100;

/** Runs and prints it. */
export async function benchGrowth(bench: GrowthBench): Promise<void> {
  console.log("\nCPU us a request, as something grows");
  const rows = [busyConnections, idleConnections, waitingConsumers, partitions, recordBytes];
  for (const row of rows) {
    const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
    const program = await startProgram(bench.command(folder));
    try {
      await createTopic(program.port, { name: "asked", partitions: lanes });
      print(await row({ bench, program }));
    } finally {
      await program.stop();
      await Deno.remove(folder, { recursive: true });
    }
  }
}

interface Bed {
  readonly bench: GrowthBench;
  readonly program: Program;
}

/** By size, what a request costs. */
interface Curve {
  readonly name: string;
  readonly points: readonly { readonly size: number; readonly cpuUs: number }[];
}

async function curve(
  name: string,
  sizes: readonly number[],
  at: (size: number) => Promise<number>,
): Promise<Curve> {
  const points: { size: number; cpuUs: number }[] = [];
  for (const size of sizes) points.push({ size, cpuUs: await at(size) });
  return { name, points };
}

function busyConnections(bed: Bed): Promise<Curve> {
  const { port } = bed.program;
  return curve("busy connections", [1, 10, 100, 1_000, 5_000], async (connections) => {
    // Of so many each sends once in a while: what it takes to connect is not what is asked.
    const opened = await connect(port, connections);
    try {
      return await costOf(bed, { bytes: small, connections: opened });
    } finally {
      for (const { socket } of opened) socket.close();
    }
  });
}

async function idleConnections(bed: Bed): Promise<Curve> {
  const idle: Opened[] = [];
  try {
    return await curve("idle connections", [0, 100, 1_000, 5_000], async (size) => {
      idle.push(...await connect(bed.program.port, size - idle.length));
      return costOf(bed, { bytes: small });
    });
  } finally {
    for (const { socket } of idle) socket.close();
  }
}

async function waitingConsumers(bed: Bed): Promise<Curve> {
  const waiting: Opened[] = [];
  await createTopic(bed.program.port, { name: "waited-for", partitions: partitionsOfTopic });
  try {
    return await curve("waiting consumers", [0, 100, 1_000, 5_000], async (size) => {
      const more = await connect(bed.program.port, size - waiting.length);
      for (const [i, { socket }] of more.entries()) {
        await socket.write(waitingFetch("waited-for", i % partitionsOfTopic));
      }
      waiting.push(...more);
      return costOf(bed, { bytes: small });
    });
  } finally {
    for (const { socket } of waiting) socket.close();
  }
}

function partitions(bed: Bed): Promise<Curve> {
  let others = 0;
  const sizes = [0, 1_000, 10_000, 50_000].filter((size) => size <= bed.bench.partitionsMax);
  return curve("other partitions", sizes, async (size) => {
    for (; others < size; others += partitionsOfTopic) {
      const topic = { name: `others-${others}`, partitions: partitionsOfTopic };
      await createTopic(bed.program.port, topic);
    }
    return costOf(bed, { bytes: small });
  });
}

function recordBytes(bed: Bed): Promise<Curve> {
  return curve("bytes of a record", [100, 1_000, 10_000, 100_000], (bytes) => {
    return costOf(bed, { bytes });
  });
}

function print({ name, points }: Curve): void {
  const cells = points.map(({ size, cpuUs }) => `${cpuUs.toFixed(1)} at ${size}`.padStart(18));
  const grown = itemAt(points, points.length - 1).cpuUs / firstOf(points).cpuUs;
  console.log(`  ${name.padEnd(20)}${cells.join("")}   x ${grown.toFixed(2)}`);
}

/** CPU microseconds of the broker for one Produce request, the least of the rounds. */
async function costOf(
  { bench, program }: Bed,
  { bytes, connections }: { bytes: number; connections?: readonly Opened[] },
): Promise<number> {
  const frames = Array.from({ length: lanes }, (_, partition) => {
    return produceFrame({ topic: "asked", partition, records: 1, recordBytes: bytes, acks: 1 });
  });
  const request = (i: number) => itemAt(frames, i % lanes);
  const run = (durationMs: number) => {
    if (connections !== undefined) return askEach(connections, { request, durationMs });
    const load: LoadOptions = {
      port: program.port,
      connections: lanes,
      inFlight: 1,
      durationMs,
      request,
      check: checkProduced,
    };
    return runLoad(load).then(({ requests }) => requests);
  };
  await run(bench.durationMs / 4);
  let least = Infinity;
  for (let round = 0; round < bench.rounds; round++) {
    const before = program.usage().cpuSeconds;
    const requests = await run(bench.durationMs);
    least = Math.min(least, (program.usage().cpuSeconds - before) / requests * 1e6);
  }
  return least;
}

interface Opened {
  readonly socket: Deno.TcpConn;
  readonly answer: Uint8Array;
}

async function connect(port: number, count: number): Promise<Opened[]> {
  const opened: Opened[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    opened.push({ socket, answer: new Uint8Array(1024) });
  }
  return opened;
}

/** One request after the other on each of them; how many were answered. */
async function askEach(
  connections: readonly Opened[],
  o: { request: (i: number) => Uint8Array; durationMs: number },
): Promise<number> {
  const endMs = performance.now() + o.durationMs;
  let answered = 0;
  await Promise.all(connections.map(async ({ socket, answer }, i) => {
    do {
      const request = o.request(i);
      for (let sent = 0; sent < request.length;) sent += await socket.write(request.subarray(sent));
      let end = 0;
      do {
        const count = await socket.read(answer.subarray(end));
        if (count === null) throw new Error("the broker closed a connection");
        end += count;
      } while (end < 4 || end < 4 + new DataView(answer.buffer).getInt32(0));
      checkProduced(answer.subarray(4, end));
      answered++;
    } while (performance.now() < endMs);
  }));
  return answered;
}

/** Waits longer than a row takes, for the records that never come. */
function waitingFetch(topic: string, partition: number): Uint8Array {
  return concatBytes(encodeRequest(Fetch, 11, origin, {
    replicaId: -1,
    maxWaitMs: 1_800_000,
    minBytes: 1,
    topics: [{
      topic,
      partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 100 * 1024 }],
    }],
    forgottenTopicsData: [],
  }));
}

async function createTopic(
  port: number,
  topic: { readonly name: string; readonly partitions: number },
): Promise<void> {
  const request = concatBytes(encodeRequest(CreateTopics, 5, origin, {
    timeoutMs: 120_000,
    topics: [{
      name: topic.name,
      numPartitions: topic.partitions,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }],
  }));
  const check = (answer: Uint8Array) => {
    const { errorCode } = firstOf(decodeResponse(CreateTopics, 5, answer).message.topics);
    if (errorCode !== 0) throw new Error(`topic ${topic.name} was not created: ${errorCode}`);
  };
  const load = { port, connections: 1, inFlight: 1, durationMs: 0, request: () => request, check };
  await runLoad(load);
}
