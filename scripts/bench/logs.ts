// What a long log costs: one partition that grows to some sizes, at each of which it is read from
// the start and at its end, and offsets are looked up by times. None of it should grow with the
// log: not the CPU of a gigabyte, nor of a lookup, nor what a start takes, nor memory.
//
//   fill to 1 GB ──> kill, start ──> read the start, the end, look up ──> fill to 10 GB ──> ...
//
// What is read from the start of a log that is larger than the page cache comes from the disk.

import { concatBytes } from "../../src/base/bytes.ts";
import { firstOf } from "../../src/base/items.ts";
import { decodeResponse, encodeRequest, Fetch, ListOffsets } from "../../src/protocol/mod.ts";
import { batchSizeOf } from "../../src/records/mod.ts";
import { checkProduced, produceFrame } from "./frames.ts";
import { runLoad } from "./load.ts";
import { type Program, startProgram } from "./program.ts";

export interface LogsBench {
  readonly command: (folder: string) => readonly string[];
  readonly createTopic: (port: number, partitions: number) => Promise<void>;
  readonly topic: string;
  /** Of the log, each time it is looked at. */
  readonly gigabytes: readonly number[];
}

const batch = { partition: 0, records: 100, recordBytes: 1000, acks: 1 } as const;
/** What one frame is sent again and again for: each has times of its own. */
const batchesAlike = 12;
const fetchBytes = 1024 * 1024;
const readBytes = 500e6;
const lookups = 2000;
const fetchVersion = 11;
const listVersion = 5;
const origin = { correlationId: 1, clientId: "bench" };

/** Runs and prints it. */
export async function benchLogs(bench: LogsBench): Promise<void> {
  console.log("\na partition by its size; memory behind each");
  console.log(
    "      GB start ms      from the start       at the end        offset by time    MB",
  );
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  let program = await startProgram(bench.command(folder));
  try {
    await bench.createTopic(program.port, 1);
    const fromMs = Date.now();
    let filled: Filled = { batches: 0, lastMs: fromMs };
    for (const gigabytes of bench.gigabytes) {
      filled = await fill(program, { bench, filled, bytes: gigabytes * 1e9 });
      await program.stop();
      const startedMs = performance.now();
      program = await startProgram(bench.command(folder));
      const startMs = performance.now() - startedMs;
      const first = await read(program, { bench, from: 0 });
      const tail = Math.max(0, filled.batches - Math.floor(readBytes / bytesOf(bench.topic)));
      const last = await read(program, { bench, from: tail });
      const looked = await lookUp(program, {
        topic: bench.topic,
        times: { from: fromMs, to: filled.lastMs },
      });
      const { residentBytes } = program.usage();
      const cells = [
        gigabytes.toFixed(0).padStart(8),
        startMs.toFixed(0).padStart(12),
        first.padStart(18),
        last.padStart(18),
        `${looked.toFixed(0)} us`.padStart(18),
        (residentBytes / 1e6).toFixed(0).padStart(6),
      ];
      console.log(cells.join(""));
    }
  } finally {
    await program.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function bytesOf(topic: string): number {
  return produceFrame({ ...batch, topic }).length;
}

interface Filled {
  readonly batches: number;
  /** The time of the last ones. */
  readonly lastMs: number;
}

/** Appends until there are so many bytes. */
async function fill(
  program: Program,
  { bench: { topic }, filled, bytes }: { bench: LogsBench; filled: Filled; bytes: number },
): Promise<Filled> {
  let { batches, lastMs } = filled;
  for (const each = bytesOf(topic); batches * each < bytes; batches += batchesAlike) {
    lastMs = Date.now();
    const frame = produceFrame({ ...batch, topic });
    const load = { port: program.port, connections: 1, inFlight: 4, durationMs: 0 };
    for (let left = batchesAlike; left > 0; left -= load.inFlight) {
      await runLoad({ ...load, request: () => frame, check: checkProduced });
    }
  }
  return { batches, lastMs };
}

/** A connection with one request under way at most. */
interface Asker {
  /** The answer, without its length; overwritten by the next one. */
  ask(request: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

async function connect(port: number): Promise<Asker> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  socket.setNoDelay(true);
  const size = new Uint8Array(4);
  let memory = new Uint8Array(4e6);
  const receive = async (into: Uint8Array) => {
    for (let done = 0; done < into.length;) {
      const count = await socket.read(into.subarray(done));
      if (count === null) throw new Error("the broker closed a connection");
      done += count;
    }
    return into;
  };
  return {
    async ask(request) {
      for (let sent = 0; sent < request.length;) sent += await socket.write(request.subarray(sent));
      const { length } = memory;
      const bytes = new DataView((await receive(size)).buffer).getInt32(0);
      if (bytes > length) memory = new Uint8Array(bytes);
      return await receive(memory.subarray(0, bytes));
    },
    close: () => socket.close(),
  };
}

/** The broker's CPU seconds meanwhile. */
async function cpuOf(program: Program, work: () => Promise<void>): Promise<number> {
  const before = program.usage().cpuSeconds;
  await work();
  return program.usage().cpuSeconds - before;
}

/** From a batch on, until so much was read or the log ends: CPU, and how fast. */
async function read(
  program: Program,
  { bench: { topic }, from }: { bench: LogsBench; from: number },
): Promise<string> {
  const asker = await connect(program.port);
  const startedMs = performance.now();
  let [offset, bytes] = [from * batch.records, 0];
  const cpuSeconds = await cpuOf(program, async () => {
    while (bytes < readBytes) {
      const answer = await asker.ask(fetchOf(topic, offset));
      const { message } = decodeResponse(Fetch, fetchVersion, answer);
      const { errorCode, records } = firstOf(firstOf(message.responses).partitions);
      if (errorCode !== 0) throw new Error(`a fetch at ${offset} failed: ${errorCode}`);
      if (records === null || records.length === 0) break;
      offset += records.length / batchSizeOf(records, 0) * batch.records;
      bytes += records.length;
    }
  });
  asker.close();
  const seconds = (performance.now() - startedMs) / 1000;
  return `${(cpuSeconds / bytes * 1e9).toFixed(2)} s/GB ${(bytes / 1e6 / seconds).toFixed(0)} MB/s`;
}

function fetchOf(topic: string, fetchOffset: number): Uint8Array {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: fetchBytes }];
  return concatBytes(encodeRequest(Fetch, fetchVersion, origin, {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: fetchBytes,
    topics: [{ topic, partitions }],
    forgottenTopicsData: [],
  }));
}

/** CPU microseconds of a lookup, at times all over the log. */
async function lookUp(
  program: Program,
  { topic, times: { from, to } }: { topic: string; times: { from: number; to: number } },
): Promise<number> {
  const asker = await connect(program.port);
  const cpuSeconds = await cpuOf(program, async () => {
    for (let i = 0; i < lookups; i++) {
      const timestamp = from + Math.floor((to - from) * ((i * 0.618) % 1));
      const answer = await asker.ask(concatBytes(encodeRequest(ListOffsets, listVersion, origin, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
      })));
      const { message } = decodeResponse(ListOffsets, listVersion, answer);
      const { errorCode, offset } = firstOf(firstOf(message.topics).partitions);
      if (errorCode !== 0 || Number(offset) < 0) throw new Error(`a lookup failed: ${errorCode}`);
    }
  });
  asker.close();
  return cpuSeconds / lookups * 1e6;
}
