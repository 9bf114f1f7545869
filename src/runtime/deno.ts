// The Deno adapter: the first runtime. Everything here is Deno's own or the web platform's; node:fs
// and its like would cost each start 18 ms and 10 MB, and are touched only by rare calls (free
// space).

import { zlibCodecs } from "./codecs.ts";
import { builtinDigests } from "./digests.ts";
import { denoFiles, readText } from "./deno_files.ts";
import { denoNetwork } from "./deno_network.ts";
import { errandTurns } from "./errand_turns.ts";
import { webClock, webRandom, webTimers } from "./event_loop.ts";
import { returnLargeArrays } from "./large_arrays.ts";
import { createLogging } from "./logging.ts";
import { memoryFiles } from "./memory_files.ts";
import { memoryLimit } from "./memory_limit.ts";
import { nodeHttp } from "./node_http.ts";
import type { ProcessPort, Runtime } from "./ports.ts";
import { ageMs, bootId, cpuSeconds, openFilesMax } from "./proc_files.ts";
import { inputOf, writeWhole } from "./standard_streams.ts";
import { cLibraries, onUnreadOutput, type Poll } from "./unread_output.ts";
import { collectV8Garbage } from "./v8_garbage.ts";

const logging = createLogging({
  clock: webClock,
  write: (text) => denoProcess.stderr(text),
  hasColor: () => Deno.stderr.isTerminal() && !Deno.noColor && !isDumb(),
});

/** Whether the terminal says that it knows no colours; a program may not be allowed to ask it. */
function isDumb(): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "TERM" });
  return state === "granted" && Deno.env.get("TERM") === "dumb";
}

/** Nobody is asked for the permission. */
function loadPoll(): Poll | undefined {
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  const poll = { parameters: ["buffer", "usize", "i32"], result: "i32" } as const;
  for (const library of cLibraries) {
    try {
      const { symbols } = Deno.dlopen(library, { poll });
      return (descriptors, count, timeoutMs) => symbols.poll(descriptors, BigInt(count), timeoutMs);
    } catch {
      // Not this C library.
    }
  }
  return undefined;
}

const denoProcess: ProcessPort = {
  arguments: Deno.args,
  get environment() {
    return Deno.env.toObject();
  },
  id: Deno.pid,
  get startedAtMs() {
    const age = ageMs(readText);
    return age === undefined ? performance.timeOrigin : Date.now() - age;
  },
  get bootId() {
    return bootId(readText);
  },
  onSignal(signal, run) {
    Deno.addSignalListener(signal, run);
    return () => Deno.removeSignalListener(signal, run);
  },
  exit(code) {
    logging.flush();
    Deno.exit(code);
  },
  stdout: (text) =>
    writeWhole(text, { name: "standard output", write: (bytes) => Deno.stdout.writeSync(bytes) }),
  stderr: (text) =>
    writeWhole(text, { name: "standard error", write: (bytes) => Deno.stderr.writeSync(bytes) }),
  stdin: () => inputOf(Deno.stdin.readable),
  onStdoutUnread(run) {
    const poll = loadPoll();
    return poll === undefined ? () => {} : onUnreadOutput(poll, run);
  },
  get stdoutIsTerminal() {
    return Deno.stdout.isTerminal();
  },
  get stdinIsTerminal() {
    return Deno.stdin.isTerminal();
  },
  usage: () => ({
    residentBytes: Deno.memoryUsage().rss,
    cpuSeconds: cpuSeconds(readText) ?? nodeCpuSeconds(),
  }),
  collectGarbage: collectV8Garbage,
  returnLargeArrays,
  openFilesMax: () => openFilesMax(readText),
  memoryBytesMax: () => memoryLimit(readText) ?? Deno.systemMemoryInfo().total,
};

/** Where there is no /proc. */
function nodeCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const oneByte = new Uint8Array(1);

const turn = errandTurns({
  clock: webClock,
  errand: () => crypto.subtle.digest("SHA-1", oneByte),
  timer: webTimers.turn,
});

/** Deno as a runtime. */
export function denoRuntime(): Runtime {
  return {
    name: "deno",
    version: Deno.version.deno,
    clock: webClock,
    timers: { ...webTimers, turn },
    random: webRandom,
    network: denoNetwork,
    http: nodeHttp,
    files: denoFiles,
    process: denoProcess,
    memoryFiles: () => memoryFiles({ clock: webClock }),
    codecs: zlibCodecs,
    digests: builtinDigests,
    logger: logging.logger,
  };
}
