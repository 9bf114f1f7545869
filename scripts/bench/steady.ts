// Whether a broker stays as it is: many minutes at half of what it can take, while retention
// deletes as much as is written. What grows with time alone is a leak, or a cost of what is past.
//
//   as much as it takes, for a moment ──half of it, at a fixed rate──> samples ──> slopes
//
// A sample is a tenth of a minute or a thirtieth of the run, whichever is longer. A slope is the
// straight line that fits the second half best, of the whole run's length: by then the heap has
// its size, retention deletes, and the engine has compiled what it will. Beside it, its standard
// error: a slope within twice that is none. The engines' heaps are saws of a minute or two, so less
// than a quarter of an hour says little of resident memory.

import { itemAt } from "../../src/base/items.ts";
import { checkProduced } from "./frames.ts";
import { runLoad } from "./load.ts";
import { runOpenLoop } from "./open_loop.ts";
import { type Program, startProgram } from "./program.ts";
import { type Line, lineThrough } from "./statistics.ts";

export interface SteadyBench {
  readonly command: (folder: string, settings: Record<string, string>) => readonly string[];
  readonly createTopic: (port: number, partitions: number) => Promise<void>;
  /** A Produce request of one batch for a partition. */
  readonly frame: (partition: number) => Uint8Array;
  readonly minutes: number;
}

const partitions = 4;
const samplesMax = 30;
const sampleMsMin = 6_000;
const peakMs = 10_000;

/** Each partition keeps some segments, so that one is deleted every few seconds. */
const settings = {
  "log.segment.bytes": String(16 * 1024 * 1024),
  "log.retention.bytes": String(64 * 1024 * 1024),
  "log.retention.check.interval.ms": "1000",
  "log.segment.delete.delay.ms": "1000",
};

interface Sample {
  readonly minutes: number;
  readonly residentMegabytes: number;
  readonly diskMegabytes: number;
  readonly cpuSecondsPerGigabyte: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs and prints it. */
export async function benchSteady(bench: SteadyBench): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  const program = await startProgram(bench.command(folder, settings));
  try {
    await bench.createTopic(program.port, partitions);
    const frames = Array.from({ length: partitions }, (_, i) => bench.frame(i));
    const load = { port: program.port, connections: partitions, check: checkProduced };
    const request = (i: number) => itemAt(frames, i);
    const peak = await runLoad({ ...load, inFlight: 4, durationMs: peakMs, request });
    const perSecond = Math.max(1, Math.floor(peak.requests / peak.elapsedMs * 1000 / 2));
    const megabytes = (perSecond * itemAt(frames, 0).length / 1e6).toFixed(1);
    console.log(`\nsteady: ${bench.minutes} min at half the peak, ${megabytes} MB/s`);
    console.log("   min  resident MB  disk MB  CPU s/GB   p50 ms   p99 ms");
    const runMs = bench.minutes * 60_000;
    const seconds = Math.max(sampleMsMin, runMs / samplesMax) / 1000;
    const startedMs = performance.now();
    const samples: Sample[] = [];
    while (performance.now() - startedMs < runMs) {
      const run = () => runOpenLoop({ port: program.port, perSecond, seconds, frames });
      const sample = await sampleOf({ program, folder, startedMs }, run, {
        requestBytes: itemAt(frames, 0).length,
      });
      samples.push(sample);
      print(sample);
    }
    printSlopes(samples);
  } finally {
    await program.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function sampleOf(
  { program, folder, startedMs }: { program: Program; folder: string; startedMs: number },
  run: () => ReturnType<typeof runOpenLoop>,
  { requestBytes }: { readonly requestBytes: number },
): Promise<Sample> {
  const before = program.usage();
  const { requests, latenciesMs } = await run();
  const after = program.usage();
  return {
    minutes: (performance.now() - startedMs) / 60_000,
    residentMegabytes: after.residentBytes / 1e6,
    diskMegabytes: bytesIn(folder) / 1e6,
    cpuSecondsPerGigabyte: (after.cpuSeconds - before.cpuSeconds) / (requests * requestBytes / 1e9),
    p50Ms: latenciesMs.p50,
    p99Ms: latenciesMs.p99,
  };
}

/** What lies in a folder; what is deleted meanwhile does not. */
function bytesIn(folder: string): number {
  let bytes = 0;
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    try {
      bytes += isDirectory ? bytesIn(path) : Deno.statSync(path).size;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return bytes;
}

function print(sample: Sample): void {
  const cells = [
    sample.minutes.toFixed(1).padStart(6),
    sample.residentMegabytes.toFixed(1).padStart(13),
    sample.diskMegabytes.toFixed(0).padStart(9),
    sample.cpuSecondsPerGigabyte.toFixed(2).padStart(10),
    sample.p50Ms.toFixed(2).padStart(9),
    sample.p99Ms.toFixed(2).padStart(9),
  ];
  console.log(cells.join(""));
}

function printSlopes(samples: readonly Sample[]): void {
  const settled = samples.slice(Math.floor(samples.length / 2));
  const last = settled.at(-1);
  if (last === undefined || settled.length < 3) {
    console.log("  too short a run for slopes: six samples are the fewest");
    return;
  }
  const of = (name: string, value: (sample: Sample) => number) => {
    const line = lineThrough(settled.map((each) => [each.minutes, value(each)]));
    console.log(`  ${name.padEnd(16)}${slopeText(line, last.minutes)}`);
  };
  console.log("  slopes of the second half, over the whole run");
  of("resident, MB", ({ residentMegabytes }) => residentMegabytes);
  of("disk, MB", ({ diskMegabytes }) => diskMegabytes);
  of("CPU s/GB", ({ cpuSecondsPerGigabyte }) => cpuSecondsPerGigabyte);
  of("p50, ms", ({ p50Ms }) => p50Ms);
  of("p99, ms", ({ p99Ms }) => p99Ms);
}

function slopeText({ slope, slopeError, mean }: Line, minutes: number): string {
  const isNone = Math.abs(slope) <= 2 * slopeError;
  const change = (slope * minutes).toFixed(2).padStart(8);
  const error = (slopeError * minutes).toFixed(2);
  return `${change} ± ${error} of ${mean.toFixed(2)}${isNone ? ": flat" : ""}`;
}
