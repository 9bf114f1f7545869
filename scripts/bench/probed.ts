// The program with a watch on its event loop: a timer that is due every millisecond notes how late
// it comes. What held it up for longer than the timer itself is a stretch in which no request was
// looked at.
//
//   probed.ts ARGS      as src/main.ts; on SIGUSR2 says "event loop held MAX_MS OWN_MS P99_MS COUNT
//                       [the ten longest]" and begins anew
//
// The program's own modules are loaded before the watch begins. A stretch is the program's own but
// for the time that its thread was ready to run and waited for a processor, which Linux counts: on
// a busy machine most of the longest ones are that. The largest of these is OWN_MS.

import { readFileSync } from "node:fs";
import process from "node:process";
import { missing } from "../../src/base/items.ts";
import { runCli } from "../../src/cli/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";

interface Stretch {
  readonly ms: number;
  readonly ownMs: number;
}

/** Timers are due this often; a stretch up to it is none. */
const periodMs = 1;
let stretches: Stretch[] = [];
let lastMs = performance.now();
let lastWaitedMs = waitedMs();

function tick(): void {
  const ms = performance.now() - lastMs - periodMs;
  const waited = waitedMs();
  stretches.push({ ms, ownMs: ms - (waited - lastWaitedMs) });
  lastWaitedMs = waited;
  lastMs = performance.now();
  setTimeout(tick, periodMs);
}

/** For how long this thread has been ready to run and has not; 0 where nobody counts that. */
function waitedMs(): number {
  try {
    const [, waitedNs = missing()] = readFileSync("/proc/self/schedstat", "utf8").split(" ");
    return Number(waitedNs) / 1e6;
  } catch {
    return 0;
  }
}

process.on("SIGUSR2", () => {
  const sorted = stretches.sort((a, b) => a.ms - b.ms);
  stretches = [];
  const [longest, p99 = missing()] = [
    sorted.at(-1),
    sorted[Math.floor(0.99 * (sorted.length - 1))],
  ];
  if (longest === undefined) return;
  const ownMs = Math.max(...sorted.slice(-1000).map((stretch) => stretch.ownMs));
  const longestOnes = sorted.slice(-10).map(({ ms }) => ms.toFixed(1)).reverse().join(" ");
  const figures = [longest.ms, ownMs, p99.ms].map((ms) => ms.toFixed(1)).join(" ");
  console.error(`event loop held ${figures} ${sorted.length} [${longestOnes}]`);
});
// What `start` loads at its call.
await import("../../src/cli/start/start.ts");
const runtime = await detectRuntime();
tick();
runtime.process.exit(await runCli(runtime));
