// The Bun adapter: sockets by Bun itself, files and the process by its node modules, which it has
// built in and loads in under two milliseconds.

import * as fs from "node:fs";
import process from "node:process";
import { loadC } from "./bun_foreign.ts";
import { isCached } from "./bun_send_file.ts";
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
import type { Room } from "./room_ahead.ts";
import { onUnreadOutput, type Poll } from "./unread_output.ts";

/** What node:fs and the environment do not offer. */
interface CFunctions {
  flock(descriptor: number, operation: number): number;
  setenv(name: Uint8Array, value: Uint8Array, overwrite: number): number;
}

/** Of Linux alone. */
interface LinuxFunctions {
  fallocate(descriptor: number, mode: number, start: number, bytes: number): number;
}

interface BunMemory {
  gc(isWhole: true): void;
  /** Gives back to the system what the allocators hold for later. */
  shrink(): void;
}

const { Bun: memory } = globalThis as unknown as { Bun: BunMemory };

const lockExclusive = 2;
const lockNonBlocking = 4;
const unlock = 8;

/**
 * Bun has as many threads for files as the machine has processors, and a sync holds one while it
 * waits for the disk: two processors synced a fifth of what sixteen threads do.
 */
const fileThreads = "16";

const c = loadC<CFunctions>({
  flock: { args: ["i32", "i32"], returns: "i32" },
  setenv: { args: ["ptr", "ptr", "i32"], returns: "i32" },
});

/**
 * Bun asks its environment how many threads there are to be when it makes the first of them: in
 * the binary that is after this, from source its loader has had its own by now. What an operator
 * has set stays.
 */
function widenThreadPool(): void {
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  c?.setenv(text("UV_THREADPOOL_SIZE"), text(fileThreads), 0);
}

function kernelLock(folder: string): (() => void) | "held" | undefined {
  if (c === undefined) return undefined;
  let descriptor: number;
  try {
    descriptor = fs.openSync(folder, "r");
  } catch (error) {
    throw platformFault(`lock ${folder}`, error);
  }
  if (c.flock(descriptor, lockExclusive | lockNonBlocking) === 0) {
    return () => {
      // A child that is being started has the file, too, until it becomes its program.
      c.flock(descriptor, unlock);
      fs.closeSync(descriptor);
    };
  }
  fs.closeSync(descriptor);
  return "held";
}

const keepSize = 1;
let linux: LinuxFunctions | undefined;
let isLinuxKnown = false;

/** What does not grow fast never asks, so that its functions are not loaded at the start. */
function makeRoom(descriptor: number, { size, bytes }: Room): boolean {
  if (!isLinuxKnown && process.platform === "linux") {
    linux = loadC<LinuxFunctions>({
      fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
    });
  }
  isLinuxKnown = true;
  return linux?.fallocate(descriptor, keepSize, size, bytes) === 0;
}

function onStdoutUnread(run: () => void): () => void {
  const found = loadC<{ poll: Poll }>({ poll: { args: ["ptr", "u64", "i32"], returns: "i32" } });
  return found === undefined ? () => {} : onUnreadOutput(found.poll, run);
}

function collectGarbage(): void {
  memory.gc(true);
  memory.shrink();
}

widenThreadPool();
const logging = createLogging({ clock: webClock, write: writeStderr, hasColor: stderrHasColor });

const runtime: Runtime = {
  name: "bun",
  version: process.versions.bun ?? "",
  clock: webClock,
  timers: immediateTimers,
  random: webRandom,
  network: bunNetwork,
  http: nodeHttp,
  files: nodeFiles({ kernelLock, makeRoom, isCached }),
  process: nodeProcess({ logging, collectGarbage, onStdoutUnread }),
  memoryFiles: () => memoryFiles({ clock: webClock }),
  codecs: zlibCodecs,
  digests: builtinDigests,
  logger: logging.logger,
};

/** Bun as a runtime. */
export function bunRuntime(): Runtime {
  return runtime;
}
