// The process by node:process, for Bun and Node.

import * as fs from "node:fs";
import process from "node:process";
import type { Logging } from "./logging.ts";
import { memoryLimit } from "./memory_limit.ts";
import { readText } from "./node_files.ts";
import { ageMs, bootId, openFilesMax } from "./proc_files.ts";
import type { ProcessPort } from "./ports.ts";
import { inputOf, writeWhole } from "./standard_streams.ts";

/** Whether log lines on standard error may have colours (https://no-color.org). */
export function stderrHasColor(): boolean {
  return !process.env.NO_COLOR && process.env.TERM !== "dumb" && isTerminal(2);
}

/** Asks node:tty, which takes Bun 5 ms to load, only when a device is there at all. */
function isTerminal(descriptor: number): boolean {
  try {
    if (!fs.fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

/** Writes to standard error, whole. */
export function writeStderr(text: string): void {
  writeWhole(text, { name: "standard error", write: (bytes) => fs.writeSync(2, bytes) });
}

/** The process; `logging` is written out before it ends. */
export function nodeProcess(
  options: { logging: Logging } & Pick<ProcessPort, "collectGarbage" | "onStdoutUnread">,
): ProcessPort {
  const { logging, collectGarbage, onStdoutUnread } = options;
  return {
    collectGarbage,
    onStdoutUnread,
    returnLargeArrays() {},
    arguments: process.argv.slice(2),
    get environment() {
      return { ...process.env } as Record<string, string>;
    },
    id: process.pid,
    get startedAtMs() {
      return Date.now() - (ageMs(readText) ?? process.uptime() * 1000);
    },
    get bootId() {
      return bootId(readText);
    },
    onSignal(signal, run) {
      process.on(signal, run);
      return () => process.off(signal, run);
    },
    exit(code) {
      logging.flush();
      process.exit(code);
    },
    stdout: (text) =>
      writeWhole(text, { name: "standard output", write: (bytes) => fs.writeSync(1, bytes) }),
    stderr: writeStderr,
    stdin: () => inputOf(process.stdin),
    get stdoutIsTerminal() {
      return isTerminal(1);
    },
    get stdinIsTerminal() {
      return isTerminal(0);
    },
    usage() {
      const { user, system } = process.cpuUsage();
      return {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1e6,
      };
    },
    openFilesMax: () => openFilesMax(readText),
    memoryBytesMax: () => memoryLimit(readText) ?? process.getBuiltinModule("node:os").totalmem(),
  };
}
