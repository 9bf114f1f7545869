// Latency at a fixed rate: request i is due at i / rate, whether or not those before it have been
// answered, and its latency counts from then. A broker that stops for a second is late with
// everything that was due in it; a client that waits for answers would have sent one request, and
// seen one late answer (coordinated omission).
//
// A program in Go sends (tests/conformance/clients/go/open_loop): timers of JavaScript come once a
// millisecond at best, which is as long as a good answer takes.

import { concatBytes } from "../../src/base/bytes.ts";
import { goProgram } from "../../tests/conformance/clients/install.ts";
import { run } from "../../tests/harness/process_lines.ts";

/** What is sent, where, how often. */
export interface OpenLoop {
  readonly port: number;
  readonly perSecond: number;
  /** For so long latencies count; what is sent in the second before is there to warm up. */
  readonly seconds: number;
  /** Produce requests; each has a connection of its own, and they take turns. */
  readonly frames: readonly Uint8Array[];
}

export interface OpenLoopResult {
  readonly requests: number;
  readonly seconds: number;
  readonly latenciesMs: { readonly p50: number; readonly p99: number; readonly p999: number };
}

/** The last answers may come so much later than the last request. */
const lateMsMax = 60_000;

let sender: ReturnType<typeof goProgram> | undefined;

/** Why it cannot run here; undefined where it can. */
export async function openLoopAbsence(): Promise<string | undefined> {
  return (await (sender ??= goProgram("open_loop"))).absent?.reason;
}

/** Runs the load to the last answer. */
export async function runOpenLoop(o: OpenLoop): Promise<OpenLoopResult> {
  const { program, absent } = await (sender ??= goProgram("open_loop"));
  if (program === undefined) throw new Error(`the load at a fixed rate: ${absent.reason}`);
  const path = await Deno.makeTempFile({ prefix: "ottla-bench-" });
  try {
    await Deno.writeFile(path, concatBytes(o.frames));
    const { stdout } = await run({
      command: program.command,
      args: [`${o.port}`, `${o.perSecond}`, `${o.seconds}`, path],
      withinMs: o.seconds * 1000 + lateMsMax,
    });
    const { requests, seconds, ...latenciesMs } = JSON.parse(stdout);
    return { requests, seconds, latenciesMs };
  } finally {
    await Deno.remove(path);
  }
}
