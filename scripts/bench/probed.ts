// The program with a watch on its event loop: a timer that is due every millisecond notes how late
// it comes. What held it up for longer than the timer itself is a stretch in which no request was
// looked at.
//
//   probed.ts ARGS      as src/main.ts; on SIGUSR2 says "event loop held MAX_MS CPU_MS P99_MS COUNT
//                       [the ten longest]" and begins anew
//
// The program's own modules are loaded before the watch begins. Beside the longest stretch stands
// the CPU time that the process had in it: much less than the stretch is a machine that was busy
// with something else, or a disk that blocked a write.

import process from "node:process";
import { missing } from "../../src/base/items.ts";
import { runCli } from "../../src/cli/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";

interface Stretch {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Timers are due this often; a stretch up to it is none. */
const periodMs = 1;
let stretches: Stretch[] = [];
let lastMs = performance.now();
let lastCpu = process.cpuUsage();

function tick(): void {
  const nowMs = performance.now();
  const cpu = process.cpuUsage(lastCpu);
  stretches.push({ ms: nowMs - lastMs - periodMs, cpuMs: (cpu.user + cpu.system) / 1000 });
  lastMs = nowMs;
  lastCpu = process.cpuUsage();
  setTimeout(tick, periodMs);
}

process.on("SIGUSR2", () => {
  const sorted = stretches.sort((a, b) => a.ms - b.ms);
  stretches = [];
  const [longest, p99 = missing()] = [
    sorted.at(-1),
    sorted[Math.floor(0.99 * (sorted.length - 1))],
  ];
  if (longest === undefined) return;
  const longestOnes = sorted.slice(-10).map(({ ms }) => ms.toFixed(1)).reverse().join(" ");
  const figures = [longest.ms, longest.cpuMs, p99.ms].map((ms) => ms.toFixed(1)).join(" ");
  console.error(`event loop held ${figures} ${sorted.length} [${longestOnes}]`);
});
// What `start` loads at its call.
await import("../../src/cli/start.ts");
const runtime = await detectRuntime();
tick();
runtime.process.exit(await runCli(runtime));
