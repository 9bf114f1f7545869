// A command of the program in this process, on whatever runtime: a simulated machine, or this one.

import { runCli } from "../../src/cli/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";

/** What a command has ended with. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ottla WORDS`; what it prints is kept. */
export async function runCommand(runtime: Runtime, words: readonly string[]): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const process = {
    ...runtime.process,
    arguments: [...words],
    stdout: (output: string | Uint8Array) => void (stdout += String(output)),
    stderr: (output: string | Uint8Array) => void (stderr += String(output)),
  };
  const code = await runCli({ ...runtime, process });
  return { code, stdout, stderr };
}
