// The load: keeps a number of requests in flight on each of some connections, and counts answers.
//
// It knows frames (int32 length, payload) and nothing else, so the broker and the bare program get
// the very same load. It runs in the process of the benchmark, beside the program that is measured.

import { itemAt } from "../../src/base/items.ts";

/** What to send, where, for how long. */
export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Unanswered requests on each connection. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** The next request of a connection, whole; it is sent before `request` is called again. */
  readonly request: (connection: number) => Uint8Array;
  /** Looks at an answer, without its length. Throws to end the run: the answer is an error. */
  readonly check: (answer: Uint8Array) => void;
}

/** What came of it. Bytes are those of whole frames, both ways. */
export interface LoadResult {
  readonly requests: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const bufferBytes = 4 * 1024 * 1024;

/** Runs the load to its end. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const startedMs = performance.now();
  const totals = { requests: 0, bytesSent: 0, bytesReceived: 0 };
  const latenciesMs: number[] = [];
  const endMs = startedMs + options.durationMs;
  const lanes = Array.from(
    { length: options.connections },
    (_, index) => runConnection(index, { options, totals, latenciesMs, endMs }),
  );
  await Promise.all(lanes);
  const elapsedMs = performance.now() - startedMs;
  latenciesMs.sort((a, b) => a - b);
  const quantile = (q: number) => itemAt(latenciesMs, Math.floor(q * (latenciesMs.length - 1)));
  return {
    ...totals,
    elapsedMs,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    p999Ms: quantile(0.999),
  };
}

interface Run {
  readonly options: LoadOptions;
  readonly totals: { requests: number; bytesSent: number; bytesReceived: number };
  readonly latenciesMs: number[];
  readonly endMs: number;
}

async function runConnection(index: number, run: Run): Promise<void> {
  const { options, totals, latenciesMs, endMs } = run;
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: options.port });
  socket.setNoDelay(true);
  const sentAtMs: number[] = [];
  const buffer = new Uint8Array(bufferBytes);
  let end = 0;
  try {
    for (let i = 0; i < options.inFlight; i++) await send();
    while (sentAtMs.length > 0) {
      const length = await socket.read(buffer.subarray(end));
      if (length === null) throw new Error("the program under load closed the connection");
      end += length;
      const answers = takeFrames();
      for (let i = 0; i < answers && performance.now() < endMs; i++) await send();
    }
  } finally {
    socket.close();
  }

  async function send(): Promise<void> {
    const request = options.request(index);
    sentAtMs.push(performance.now());
    totals.bytesSent += request.length;
    for (let sent = 0; sent < request.length;) sent += await socket.write(request.subarray(sent));
  }

  function takeFrames(): number {
    const view = new DataView(buffer.buffer);
    let start = 0;
    let count = 0;
    while (end - start >= 4) {
      const length = view.getInt32(start);
      if (end - start < 4 + length) break;
      options.check(buffer.subarray(start + 4, start + 4 + length));
      start += 4 + length;
      count++;
      latenciesMs.push(performance.now() - sentAtMs.shift()!);
    }
    totals.requests += count;
    totals.bytesReceived += start;
    buffer.copyWithin(0, start, end);
    end -= start;
    return count;
  }
}
