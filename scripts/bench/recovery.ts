// What a kill -9 costs: 100 partitions are filled, the broker is killed in the middle of it, and
// the next start is timed, from the creation of the process to the first answered Metadata request.
//
//   fill > kill -9 > start, timed > SIGTERM > clean start, timed > kill -9 > start, timed
//
// What it prints beside the times: the bytes that there are, those that were checked, and how long
// the event loop was held at a stretch meanwhile. The second kill comes right after a clean start,
// so there is nothing to check.

import { itemAt, missing } from "../../src/base/items.ts";
import { runLoad } from "./load.ts";
import { dial, freePort, metadataRequest } from "./start.ts";

export interface RecoveryBench {
  /** Starts a broker under watch (bench/probed.ts) on a data folder. */
  readonly command: (port: number, folder: string) => readonly string[];
  readonly createTopic: (port: number, partitions: number) => Promise<void>;
  /** A Produce request of one batch for a partition. */
  readonly frame: (partition: number) => Uint8Array;
  readonly check: (answer: Uint8Array) => void;
  readonly bytes: number;
}

const partitions = 100;

/** Runs and prints it. */
export async function benchRecovery(bench: RecoveryBench): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  console.log("\nstart, to the first answered Metadata request");
  try {
    const first = await start(bench, folder);
    report("of an empty folder", first);
    await bench.createTopic(first.port, partitions);
    const filled = await fill(bench, first.port);
    await first.end("SIGKILL");
    const rate = (filled.bytes / 1e6 / (filled.ms / 1000)).toFixed(0);
    console.log(
      `  ${partitions} partitions with ${(filled.bytes / 1e9).toFixed(1)} GB, ` +
        `filled at ${rate} MB/s`,
    );
    const killed = await start(bench, folder);
    report("after kill -9 under load", killed);
    await killed.end("SIGTERM");
    const clean = await start(bench, folder);
    report("after a clean stop", clean);
    await clean.end("SIGKILL");
    const idle = await start(bench, folder);
    report("after kill -9 at rest", idle);
    await idle.end("SIGKILL");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function report(name: string, { wallMs, text, held }: Started): void {
  const checked = Number(/bytesChecked=(\d+)/.exec(text)?.[1] ?? 0);
  console.log(
    `  ${name.padEnd(25)} ${wallMs.toFixed(0).padStart(5)} ms, ` +
      `${(checked / 1e6).toFixed(1)} MB checked, event loop held ${held} ms at most`,
  );
}

async function fill(bench: RecoveryBench, port: number): Promise<{ bytes: number; ms: number }> {
  const frames = Array.from({ length: partitions }, (_, partition) => bench.frame(partition));
  const startedMs = performance.now();
  let bytes = 0;
  let next = 0;
  while (bytes < bench.bytes) {
    const { bytesSent } = await runLoad({
      port,
      connections: 4,
      inFlight: 4,
      durationMs: 250,
      request: () => itemAt(frames, next++ % partitions),
      check: bench.check,
    });
    bytes += bytesSent;
  }
  return { bytes, ms: performance.now() - startedMs };
}

interface Started {
  readonly port: number;
  readonly wallMs: number;
  /** What it said until it answered. */
  readonly text: string;
  /** How long the event loop was held until then. */
  readonly held: string;
  end(signal: Deno.Signal): Promise<void>;
}

async function start(bench: RecoveryBench, folder: string): Promise<Started> {
  const port = freePort();
  const [executable = missing(), ...args] = bench.command(port, folder);
  const startedMs = performance.now();
  const options = { args, stdout: "null", stderr: "piped" } as const;
  const child = new Deno.Command(executable, options).spawn();
  let text = "";
  const watched = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const more of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += more;
      const found = /event loop held (\S+)/.exec(text);
      if (found !== null) watched.resolve(itemAt(found, 1));
    }
  })();
  const connection = await dial(port, startedMs + 120_000);
  await connection.write(metadataRequest());
  const length = await connection.read(new Uint8Array(4096));
  const wallMs = performance.now() - startedMs;
  connection.close();
  if (length === null) throw new Error(`the broker closed the connection: ${text}`);
  child.kill("SIGUSR2");
  const held = await watched.promise;
  return {
    port,
    wallMs,
    text,
    held,
    async end(signal) {
      child.kill(signal);
      await child.status;
      await reading;
    },
  };
}
