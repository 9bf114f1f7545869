// How long the event loop is held at a stretch: a broker under watch (bench/probed.ts) does one
// thing after the other, and says after each how late a timer came at most.
//
//   at rest > produce, each codec > produce, packed anew by each codec > compaction, by codec
//     > a start with 10,000 partitions
//
// The load runs on the same machine, and garbage is collected as ever: with two cores some
// milliseconds of every figure are theirs. So each row has the 99th percentile, the longest
// stretch, the longest without what its thread waited for a processor, then the next longest.

import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { firstOf, itemAt, missing } from "../../src/base/items.ts";
import { CreateTopics, decodeResponse, encodeRequest, Produce } from "../../src/protocol/mod.ts";
import { buildBatch, type CompressionType, loadCompression } from "../../src/records/mod.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";
import { runLoad } from "./load.ts";
import { type Program, startProgram } from "./program.ts";

export interface StallBench {
  readonly command: (folder: string, settings: Record<string, string>) => readonly string[];
  readonly durationMs: number;
}

const origin = { correlationId: 1, clientId: "bench" };
const codecs = ["gzip", "snappy", "lz4", "zstd"] as const;
const compactedBytes = 150_000_000;
const topics = 20;
const partitionsEach = 500;

/** A program and what it has said. */
class Watched {
  readonly program: Program;
  readonly #heard: { text: string };

  private constructor(program: Program, heard: { text: string }) {
    this.program = program;
    this.#heard = heard;
  }

  static async start(command: readonly string[]): Promise<Watched> {
    const heard = { text: "" };
    const program = await startProgram(command, (more) => heard.text += more);
    return new Watched(program, heard);
  }

  /** What it says from now on, up to `pattern`. */
  async hear(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#heard.text);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Prints how long the event loop was held since the last time. */
  async report(name: string | undefined): Promise<void> {
    this.program.signal("SIGUSR2");
    const found = await this.hear(/event loop held (\S+) (\S+) (\S+) \d+ \[(.*)\]/);
    this.#heard.text = "";
    const [, max = missing(), own = missing(), p99 = missing(), longest = missing()] = found;
    if (name === undefined) return;
    const next = longest.split(" ").slice(1, 5).join(" ");
    const cells = [p99.padStart(7), max.padStart(8), own.padStart(8)].join("");
    console.log(`  ${name.padEnd(34)}${cells}   ${next}`);
  }
}

/** Runs and prints it. */
export async function benchStalls(bench: StallBench): Promise<void> {
  for (const type of codecs) await loadCompression(type);
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  console.log("\nthe event loop held at a stretch, ms");
  console.log("                                        p99     max      own   next");
  let watched = await Watched.start(bench.command(folder, { "log.cleaner.backoff.ms": "500" }));
  try {
    await watched.report(undefined);
    await new Promise((resolve) => setTimeout(resolve, bench.durationMs));
    await watched.report("at rest");
    await produceAll(watched, bench);
    for (const type of ["none", "gzip", "lz4", "zstd"] as const) await compact(watched, type);
    for (let i = 0; i < topics; i++) {
      await createTopic(watched.program.port, { name: `many-${i}`, partitions: partitionsEach });
    }
    await watched.report(`creating ${topics * partitionsEach} partitions`);
    await watched.program.stop();
    watched = await Watched.start(bench.command(folder, {}));
    await watched.report("opening them, before it listens");
  } finally {
    await watched.program.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function produceAll(watched: Watched, { durationMs }: StallBench): Promise<void> {
  const { port } = watched.program;
  const rows: { name: string; sent: CompressionType; stored: CompressionType | "producer" }[] = [
    { name: "1 MB batches", sent: "none", stored: "producer" },
    ...codecs.map((sent) => ({ name: `1 MB of ${sent}`, sent, stored: "producer" as const })),
    ...codecs.map((stored) => ({ name: `packed to ${stored}`, sent: "none" as const, stored })),
    { name: "gzip packed to zstd", sent: "gzip", stored: "zstd" },
  ];
  for (const [i, { name, sent, stored }] of rows.entries()) {
    const topic = `produce-${i}`;
    const configs = { "compression.type": stored, "max.message.bytes": "8000000" };
    await createTopic(port, { name: topic, partitions: 1, configs });
    const unpackedBytes = { none: 1e6, gzip: 3e6, snappy: 1.6e6, lz4: 2e6, zstd: 3e6 }[sent];
    const frame = produceFrame(topic, textBatch(unpackedBytes, sent));
    await watched.report(undefined);
    await runLoad({
      port,
      connections: 2,
      inFlight: 2,
      durationMs,
      request: () => frame,
      check: checkProduced,
    });
    await watched.report(name);
  }
}

/** Fills a compacted topic and waits for its compaction. */
async function compact(watched: Watched, compression: CompressionType): Promise<void> {
  const { port } = watched.program;
  const name = `table-${compression}`;
  const configs = {
    "cleanup.policy": "compact",
    "segment.bytes": String(16 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.9",
    "min.compaction.lag.ms": "6000",
  };
  await createTopic(port, { name, partitions: 1, configs });
  let [bytes, at] = [0, 0];
  const frames = Array.from({ length: 20 }, () => {
    const batch = textBatch(1_000_000, compression, () => `key-${(at++ * 7919) % 20_000}`);
    return produceFrame(name, batch);
  });
  while (bytes < compactedBytes) {
    const load = { port, connections: 1, inFlight: 4, durationMs: 100, check: checkProduced };
    let i = 0;
    bytes += (await runLoad({
      ...load,
      request: () => itemAt(frames, i++ % frames.length),
    })).bytesSent;
  }
  await watched.report(undefined);
  await watched.hear(new RegExp(`compacted a log .*topic=${name}`));
  await watched.report(`compaction, ${compression}`);
}

/** Half words that come again, half noise: packs to a half or a third. */
function textBatch(
  bytes: number,
  compression: CompressionType,
  key: () => string = () => "key",
): Uint8Array {
  const value = () => {
    const noise = crypto.getRandomValues(new Uint8Array(160));
    return utf8(`{"name":"somebody","at":"somewhere"}`.repeat(9) + [...noise].join(""));
  };
  const records: { key: Uint8Array; value: Uint8Array }[] = [];
  for (let made = 0; made < bytes;) {
    records.push({ key: utf8(key()), value: value() });
    made += itemAt(records, records.length - 1).value.length + 20;
  }
  return buildBatch({ records, timestamp: Date.now(), compression }, zlibCodecs);
}

function produceFrame(topic: string, records: Uint8Array): Uint8Array {
  return concatBytes(encodeRequest(Produce, 9, origin, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  }));
}

function checkProduced(answer: Uint8Array): void {
  const { message } = decodeResponse(Produce, 9, answer);
  const { errorCode, errorMessage } = firstOf(firstOf(message.responses).partitionResponses);
  if (errorCode !== 0) throw new Error(`produce failed: ${errorCode} ${errorMessage}`);
}

async function createTopic(
  port: number,
  topic: { name: string; partitions: number; configs?: Record<string, string> },
): Promise<void> {
  const request = concatBytes(encodeRequest(CreateTopics, 5, origin, {
    timeoutMs: 60_000,
    topics: [{
      name: topic.name,
      numPartitions: topic.partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
    }],
  }));
  const check = (answer: Uint8Array) => {
    const { message } = decodeResponse(CreateTopics, 5, answer);
    if (firstOf(message.topics).errorCode !== 0) {
      throw new Error(`topic ${topic.name} was not created`);
    }
  };
  await runLoad({
    port,
    connections: 1,
    inFlight: 1,
    durationMs: 0,
    request: () => request,
    check,
  });
}
