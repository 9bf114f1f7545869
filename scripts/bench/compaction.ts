// Compaction beside traffic: a log of 1 GB with 100,000 distinct keys is compacted while another
// topic is produced to at a steady rate, 10 KB a request, acks=1.
//
//   fill, then load alone --> kill --> start with the cleaner on --> load beside compaction
//
// What it prints: MB/s of the log as the broker's own log line tells them, and the load's p50 and
// p99 without and with compaction. A request is sent when its time has come, whether or not the
// last was answered late, so that a stall is not hidden by a load that waits for it.

import { BytesWriter, concatBytes, utf8 } from "../../src/base/bytes.ts";
import { firstOf, itemAt } from "../../src/base/items.ts";
import { CreateTopics, decodeResponse, encodeRequest, Produce } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { type Program, startProgram } from "./program.ts";

const logBytes = 1_000_000_000;
const keyCount = 100_000;
const recordBytes = 1000;
const requestsPerSecond = 400;
const lanes = 4;
const origin = { correlationId: 1, clientId: "bench" };

/** One connection on which requests and answers alternate or overlap. */
class Lane {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(64 * 1024);
  #end = 0;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<Lane> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new Lane(connection);
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** The next answer, without its length. */
  async receive(): Promise<Uint8Array> {
    for (;;) {
      const length = this.#end < 4 ? undefined : new DataView(this.#buffer.buffer).getInt32(0);
      if (length !== undefined && this.#end >= 4 + length) {
        const answer = this.#buffer.slice(4, 4 + length);
        this.#buffer.copyWithin(0, 4 + length, this.#end);
        this.#end -= 4 + length;
        return answer;
      }
      const count = await this.#connection.read(this.#buffer.subarray(this.#end));
      if (count === null) throw new Error("the broker closed the connection");
      this.#end += count;
    }
  }

  close(): void {
    this.#connection.close();
  }
}

async function createTopic(lane: Lane, name: string, configs: Record<string, string>) {
  await lane.send(concatBytes(encodeRequest(CreateTopics, 5, origin, {
    topics: [{
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    }],
  })));
  const { message } = decodeResponse(CreateTopics, 5, await lane.receive());
  if (firstOf(message.topics).errorCode !== 0) throw new Error(`topic ${name} was not created`);
}

function produceFrame(topic: string, records: Uint8Array): Uint8Array {
  const writer = new BytesWriter();
  const chunks = encodeRequest(Produce, 9, origin, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  for (const chunk of chunks) writer.bytes(chunk);
  return writer.finish();
}

async function acknowledged(lane: Lane): Promise<void> {
  const { message } = decodeResponse(Produce, 9, await lane.receive());
  const { errorCode } = firstOf(firstOf(message.responses).partitionResponses);
  if (errorCode !== 0) throw new Error(`produce failed: ${errorCode}`);
}

/** Writes the log that is to be compacted: keys in a scattered order, again and again. */
async function fill(lane: Lane, topic: string): Promise<void> {
  const value = crypto.getRandomValues(new Uint8Array(recordBytes));
  let record = 0;
  let bytes = 0;
  while (bytes < logBytes) {
    const records = Array.from({ length: 100 }, () => ({
      key: utf8(`key-${(record++ * 7919) % keyCount}`),
      value,
    }));
    const batch = buildBatch({ records, timestamp: Date.now() });
    bytes += batch.length;
    await lane.send(produceFrame(topic, batch));
    await acknowledged(lane);
  }
}

/** Latencies of a steady load, until `ended` resolves. */
async function steadyLoad(port: number, ended: Promise<unknown>): Promise<Latency[]> {
  const value = crypto.getRandomValues(new Uint8Array(recordBytes));
  const records = Array.from({ length: 10 }, () => ({ value }));
  const frame = produceFrame("load", buildBatch({ records, timestamp: Date.now() }));
  const latencies: Latency[] = [];
  let isOver = false;
  ended.finally(() => isOver = true);
  await Promise.all(Array.from({ length: lanes }, async (_, i) => {
    const lane = await Lane.open(port);
    const periodMs = 1000 * lanes / requestsPerSecond;
    let dueMs = performance.now() + periodMs * (1 + i / lanes);
    while (!isOver) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // A timer that is late is the load's own; what the broker owes begins with the request.
      const sentMs = waitMs > 0 ? performance.now() : dueMs;
      await lane.send(frame);
      await acknowledged(lane);
      const atMs = performance.now();
      latencies.push({ atMs, ms: atMs - sentMs });
      dueMs += periodMs;
    }
    lane.close();
  }));
  return latencies;
}

interface Latency {
  readonly atMs: number;
  readonly ms: number;
}

function quantile(latencies: readonly Latency[], q: number): number {
  const sorted = latencies.map(({ ms }) => ms).sort((a, b) => a - b);
  return itemAt(sorted, Math.floor(q * (sorted.length - 1)));
}

/** Runs it; `command` starts a broker on a data folder with these settings. */
export async function benchCompaction(
  command: (folder: string, settings: Record<string, string>) => readonly string[],
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  let program: Program | undefined;
  try {
    program = await startProgram(command(folder, { "log.cleaner.enable": "false" }));
    const lane = await Lane.open(program.port);
    await createTopic(lane, "load", {});
    const configs = { "cleanup.policy": "compact", "segment.bytes": String(64 * 1024 * 1024) };
    await createTopic(lane, "table", configs);
    await fill(lane, "table");
    const alone = await steadyLoad(
      program.port,
      new Promise((resolve) => setTimeout(resolve, 6000)),
    );
    await program.stop();

    const finished = Promise.withResolvers<{ bytes: number; ms: number }>();
    let text = "";
    program = await startProgram(command(folder, { "log.cleaner.backoff.ms": "3000" }), (more) => {
      text += more;
      const found = /compacted a log .*bytesBefore=(\d+).* ms=(\d+)/.exec(text);
      if (found) finished.resolve({ bytes: Number(found[1]), ms: Number(found[2]) });
    });
    const latencies = await steadyLoad(program.port, finished.promise);
    const { bytes, ms } = await finished.promise;
    const endMs = performance.now();
    const beside = latencies.filter(({ atMs }) => atMs > endMs - ms);
    console.log(`\ncompaction of ${(bytes / 1e6).toFixed(0)} MB, ${keyCount} keys, beside a load`);
    console.log(`  ${(bytes / 1e3 / ms).toFixed(0)} MB/s`);
    for (const [name, some] of [["without", alone], ["with", beside]] as const) {
      const [p50, p99] = [quantile(some, 0.5).toFixed(2), quantile(some, 0.99).toFixed(2)];
      console.log(`  produce ${name.padEnd(8)} p50 ${p50} ms  p99 ${p99} ms  (${some.length})`);
    }
    const ratio = quantile(beside, 0.99) / quantile(alone, 0.99);
    console.log(`  p99 with / without: ${ratio.toFixed(1)}`);
  } finally {
    await program?.stop();
    await Deno.remove(folder, { recursive: true });
  }
}
