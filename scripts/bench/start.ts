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
    const connection = await answered(port, startedMs + 20_000);
    const wallMs = performance.now() - startedMs;
    const residentBytes = residentOf(child.pid);
    connection.close();
    return { wallMs, residentBytes };
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/**
 * A connection on which the broker on `port` has answered. One that starts on a new folder has
 * tried its port before, and sends away who connects then: it is asked again until `untilMs`.
 */
export async function answered(port: number, untilMs: number): Promise<Deno.TcpConn> {
  for (;;) {
    const connection = await dial(port, untilMs);
    const error = await firstAnswer(connection);
    if (error === undefined) return connection;
    connection.close();
    if (performance.now() > untilMs) throw error;
  }
}

/** Why there is none; undefined: it has come. */
async function firstAnswer(connection: Deno.TcpConn): Promise<Error | undefined> {
  try {
    await connection.write(metadataRequest());
    const length = await connection.read(new Uint8Array(4096));
    return length === null ? new Error("the broker closed the connection") : undefined;
  } catch (error) {
    const isLost = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.BrokenPipe;
    if (!isLost) throw error;
    return error;
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
