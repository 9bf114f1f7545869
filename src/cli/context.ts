// What a command gets: the runtime, and where to print.

import { escapedLines } from "../base/visible.ts";
import type { Runtime, Signal } from "../runtime/ports.ts";

/** Exit codes: done; it failed; the command line is wrong. */
export const exitCode = { ok: 0, failed: 1, usage: 2 } as const;

const echoMs = 500;

export interface CliContext {
  readonly runtime: Runtime;
  /** Prints to standard output as it is. */
  out(output: string | Uint8Array): void;
  /**
   * Prints a line for the person at the terminal, to standard error. Whose names are in it, none of
   * them steers the terminal.
   */
  note(line: string): void;
}

/** A variable of the environment; one that is set to nothing is as if it were not there. */
export function variable({ runtime }: CliContext, name: `OTTLA_${string}`): string | undefined {
  return runtime.process.environment[name] || undefined;
}

/** The context of a process. */
export function cliContext(runtime: Runtime): CliContext {
  return {
    runtime,
    out: (output) => runtime.process.stdout(output),
    note: (line) => runtime.process.stderr(escapedLines(line) + "\n"),
  };
}

/**
 * Calls `run` as onInterrupt does, and once nobody reads any more what is printed: for commands
 * that wait for something to print.
 */
export function onEnough(
  context: CliContext,
  run: (why: Signal | "unread") => void,
): () => void {
  const stops = [
    onInterrupt(context, run),
    context.runtime.process.onStdoutUnread(() => run("unread")),
  ];
  return () => stops.forEach((stop) => stop());
}

/**
 * Calls `run` with the first SIGINT (Ctrl-C) or SIGTERM, and leaves at once at a later one. A
 * terminal signals all the processes of a command line, and npx and `deno task` pass on what
 * they got, so one Ctrl-C comes several times: what follows within `echoMs` is the same one.
 */
export function onInterrupt(
  context: CliContext,
  run: (signal: Signal) => void,
  options: { exitCodeAtOnce?: number } = {},
): () => void {
  const { clock, process } = context.runtime;
  let firstMs: number | undefined;
  const interrupted = (signal: Signal) => {
    if (firstMs === undefined) {
      firstMs = clock.monotonic();
      run(signal);
    } else if (clock.monotonic() - firstMs > echoMs) process.exit(options.exitCodeAtOnce ?? 130);
  };
  const stops = (["SIGINT", "SIGTERM"] as const).map((signal) =>
    process.onSignal(signal, () => interrupted(signal))
  );
  return () => stops.forEach((stop) => stop());
}
