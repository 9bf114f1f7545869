// How long a start takes: from the process being created to its first answered Metadata request,
// and the memory that it then holds. The client dials in a tight loop, so what is measured is the
// broker.

import { encodeRequest, Metadata } from "../../src/protocol/mod.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { missing } from "../../src/base/items.ts";
import { median } from "./statistics.ts";

/** Medians over some starts. */
export interface StartTimes {
  readonly wallMs: number;
  readonly residentBytes: number;
}

/** Starts `command` (with a port put in place of PORT) `times` times. */
export async function measureStarts(
  command: (port: number, folder: string) => readonly string[],
  times: number,
): Promise<StartTimes> {
  const walls: number[] = [];
  const residents: number[] = [];
  for (let i = 0; i < times; i++) {
    const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
    try {
      const { wallMs, residentBytes } = await measureStart((port) => command(port, folder));
      walls.push(wallMs);
      residents.push(residentBytes);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  return { wallMs: median(walls), residentBytes: median(residents) };
}

async function measureStart(command: (port: number) => readonly string[]): Promise<StartTimes> {
  const port = freePort();
  const [executable = missing(), ...args] = command(port);
  const startedMs = performance.now();
  const child = new Deno.Command(executable, { args, stdout: "null", stderr: "null" }).spawn();
  try {
    const connection = await dial(port, startedMs + 20_000);
    await connection.write(metadataRequest());
    const length = await connection.read(new Uint8Array(4096));
    const wallMs = performance.now() - startedMs;
    if (length === null) throw new Error("the broker closed the connection");
    const residentBytes = residentOf(child.pid);
    connection.close();
    return { wallMs, residentBytes };
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** Asks for every topic. */
export function metadataRequest(): Uint8Array {
  return concatBytes(
    encodeRequest(Metadata, 1, { correlationId: 1, clientId: "bench" }, { topics: null }),
  );
}

/** Connects as soon as somebody listens. */
export async function dial(port: number, untilMs: number): Promise<Deno.TcpConn> {
  for (;;) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function residentOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

/** A port that nobody listens on. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
