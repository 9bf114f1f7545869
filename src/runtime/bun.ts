// The Bun adapter: sockets by Bun itself, files and the process by its node modules, which it has
// built in and loads in under two milliseconds.

import * as fs from "node:fs";
import process from "node:process";
import { bunNetwork } from "./bun_network.ts";
import { zlibCodecs } from "./codecs.ts";
import { builtinDigests } from "./digests.ts";
import { immediateTimers, webClock, webRandom } from "./event_loop.ts";
import { createLogging } from "./logging.ts";
import { memoryFiles } from "./memory_files.ts";
import { nodeFiles } from "./node_files.ts";
import { nodeHttp } from "./node_http.ts";
import { nodeProcess, stderrHasColor, writeStderr } from "./node_process.ts";
import { platformFault } from "./platform_faults.ts";
import type { Runtime } from "./ports.ts";

interface ForeignFunctions {
  dlopen(
    library: string,
    functions: Record<string, { args: readonly string[]; returns: string }>,
  ): { symbols: { flock(descriptor: number, operation: number): number } };
}

interface BunMemory {
  gc(isWhole: true): void;
  /** Gives back to the system what the allocators hold for later. */
  shrink(): void;
}

const { Bun: memory } = globalThis as unknown as { Bun: BunMemory };

/** Names of the C library, whose flock node:fs does not offer: glibc, musl, macOS. */
const cLibraries = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libSystem.dylib",
];
const lockExclusive = 2;
const lockNonBlocking = 4;

let flock: ((descriptor: number, operation: number) => number) | undefined;

function loadFlock(): typeof flock {
  if (flock !== undefined) return flock;
  try {
    const foreign = process.getBuiltinModule("bun:ffi") as ForeignFunctions;
    for (const library of cLibraries) {
      try {
        const functions = { flock: { args: ["i32", "i32"], returns: "i32" } };
        flock = foreign.dlopen(library, functions).symbols.flock;
        return flock;
      } catch {
        // Not this C library.
      }
    }
  } catch {
    // No foreign functions in this build: the lock record alone has to do.
  }
  return undefined;
}

function kernelLock(folder: string): (() => void) | "held" | undefined {
  const call = loadFlock();
  if (call === undefined) return undefined;
  let descriptor: number;
  try {
    descriptor = fs.openSync(folder, "r");
  } catch (error) {
    throw platformFault(`lock ${folder}`, error);
  }
  if (call(descriptor, lockExclusive | lockNonBlocking) === 0) {
    return () => fs.closeSync(descriptor);
  }
  fs.closeSync(descriptor);
  return "held";
}

function collectGarbage(): void {
  memory.gc(true);
  memory.shrink();
}

const logging = createLogging({ clock: webClock, write: writeStderr, hasColor: stderrHasColor });

const runtime: Runtime = {
  name: "bun",
  version: process.versions.bun ?? "",
  clock: webClock,
  timers: immediateTimers,
  random: webRandom,
  network: bunNetwork,
  http: nodeHttp,
  files: nodeFiles({ kernelLock }),
  process: nodeProcess({ logging, collectGarbage }),
  memoryFiles: () => memoryFiles({ clock: webClock }),
  codecs: zlibCodecs,
  digests: builtinDigests,
  logger: logging.logger,
};

/** Bun as a runtime. */
export function bunRuntime(): Runtime {
  return runtime;
}
