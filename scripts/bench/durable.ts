// What the disk's promise costs: the same producers with acks=all (synced before the answer) and
// with acks=1 (in the file), and one lone producer beside the disk's own fdatasync.
//
// The two run in turn, several rounds, each on a fresh broker and folder. The disk is asked in the
// same folder, with the same bytes: append, fdatasync, once a millisecond or as fast as it goes.

import { itemAt } from "../../src/base/items.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { startProgram } from "./program.ts";
import { median } from "./statistics.ts";

export interface DurableBench {
  readonly command: (folder: string) => readonly string[];
  readonly createTopic: (port: number, partitions: number) => Promise<void>;
  /** A Produce request of one batch for a partition. */
  readonly frame: (partition: number, acks: 1 | -1) => Uint8Array;
  readonly check: (answer: Uint8Array) => void;
  readonly rounds: number;
  readonly durationMs: number;
}

const producers = 16;

/** Runs and prints it. */
export async function benchDurable(bench: DurableBench): Promise<void> {
  const ratios: number[] = [];
  const rates = { all: [] as number[], one: [] as number[] };
  const lone: number[] = [];
  const disk: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const one = await produce(bench, { acks: 1, connections: producers });
    const all = await produce(bench, { acks: -1, connections: producers });
    rates.one.push(megabytesPerSecond(one));
    rates.all.push(megabytesPerSecond(all));
    ratios.push(megabytesPerSecond(all) / megabytesPerSecond(one));
    lone.push((await produce(bench, { acks: -1, connections: 1 })).p99Ms);
    disk.push(await fdatasyncP99Ms(bench.frame(0, -1)));
  }
  const [all, one] = [median(rates.all).toFixed(0), median(rates.one).toFixed(0)];
  const list = ratios.map((ratio) => ratio.toFixed(2)).join(", ");
  console.log(`\nacks=all, ${producers} producers of 100 KB batches`);
  console.log(`  ${all} MB/s synced, ${one} MB/s with acks=1`);
  console.log(`  all / one: ${median(ratios).toFixed(2)}  (rounds: ${list})`);
  console.log(
    `  a lone producer's p99: ${median(lone).toFixed(2)} ms; ` +
      `the disk's own append and fdatasync of as much: ${median(disk).toFixed(2)} ms`,
  );
}

async function produce(
  bench: DurableBench,
  load: { readonly acks: 1 | -1; readonly connections: number },
): Promise<LoadResult> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  const program = await startProgram(bench.command(folder));
  try {
    await bench.createTopic(program.port, load.connections);
    const frames = Array.from(
      { length: load.connections },
      (_, partition) => bench.frame(partition, load.acks),
    );
    return await runLoad({
      port: program.port,
      connections: load.connections,
      inFlight: load.connections === 1 ? 1 : 4,
      durationMs: bench.durationMs,
      request: (i) => itemAt(frames, i),
      check: bench.check,
    });
  } finally {
    await program.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function megabytesPerSecond(result: LoadResult): number {
  return result.bytesSent / 1e6 / (result.elapsedMs / 1000);
}

async function fdatasyncP99Ms(bytes: Uint8Array): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  const file = await Deno.open(`${folder}/disk`, { create: true, append: true });
  const tookMs: number[] = [];
  try {
    for (let i = 0; i < 1_000; i++) {
      const startedMs = performance.now();
      file.writeSync(bytes);
      await file.syncData();
      tookMs.push(performance.now() - startedMs);
    }
  } finally {
    file.close();
    await Deno.remove(folder, { recursive: true });
  }
  tookMs.sort((a, b) => a - b);
  return itemAt(tookMs, Math.floor(0.99 * (tookMs.length - 1)));
}
