// `ottla bench`: what a running broker does for a client, through a topic of its own.
//
//   batches: records in full batches, as many as may be under way   -> records/s, MB/s, latency
//   single:  one record, its acknowledgement, the next              -> latency
//   fetch:   all of it read back                                    -> records/s, MB/s
//
// The client runs on this machine too and takes its share of the CPU: `deno task bench` measures
// the broker beside a bare program instead.

import {
  type Client,
  type CompressionType,
  Consumer,
  createTopic,
  deleteTopic,
  Producer,
} from "../client/mod.ts";
import { ArgumentFault, command, jsonOption } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { compressionIn, compressionOption } from "./compression.ts";
import { type CliContext, exitCode, onInterrupt } from "./context.ts";
import { type Cell, renderJson, renderTable } from "./table.ts";

interface Workload {
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly batchBytes: number;
  readonly singles: number;
  readonly compression: CompressionType;
  /** Ctrl-C came: each measurement ends where it is, so that the topic can be deleted. */
  isInterrupted: boolean;
}

interface Measured {
  readonly what: string;
  readonly records: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

const bench = command({
  name: "bench",
  operands: [],
  about: "measure a running broker: produce, acknowledge, fetch",
  options: {
    records: { kind: "number", value: "N", about: "default 200000" },
    "record-bytes": { kind: "number", value: "N", about: "default 1000" },
    "batch-bytes": { kind: "number", value: "N", about: "default 100000" },
    partitions: { kind: "number", value: "N", about: "default 6" },
    ...compressionOption,
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["bench", "200,000 records of 1 KB"],
    ["bench --records 10000 --record-bytes 100 --compression zstd", "small ones, compressed"],
  ],
  run: (context, { options }) => {
    const { random } = context.runtime;
    const workload: Workload = {
      topic: `ottla-bench-${random.uint32().toString(36)}`,
      partitions: options.partitions ?? 6,
      records: options.records ?? 200_000,
      recordBytes: options["record-bytes"] ?? 1000,
      batchBytes: options["batch-bytes"] ?? 100_000,
      singles: 500,
      compression: compressionIn(options.compression),
      isInterrupted: false,
    };
    checkWorkload(workload);
    return withClient(context, options, async (client) => {
      const { topic, partitions } = workload;
      // Before there is a topic to leave behind.
      const stop = onInterrupt(context, () => workload.isInterrupted = true);
      await createTopic(client, { name: topic, partitions });
      try {
        const measured = [
          await measureBatches(context, client, workload),
          await measureSingles(context, client, workload),
          await measureFetch(context, client, workload),
        ];
        if (workload.isInterrupted) {
          context.note("Interrupted: nothing was measured to its end.");
          return exitCode.failed;
        }
        if (options.json) context.out(renderJson(measured));
        else context.out(renderTable(header, measured.map(cellsOf)));
      } finally {
        await deleteTopic(client, topic);
        stop();
      }
      return exitCode.ok;
    });
  },
});

export const commands = [bench];

function checkWorkload(workload: Workload): void {
  const { records, partitions, batchBytes } = workload;
  for (const [name, value] of Object.entries({ records, partitions, "batch-bytes": batchBytes })) {
    if (value < 1) throw new ArgumentFault(`--${name} takes 1 and more, not ${value}`);
  }
}

async function measureBatches(
  context: CliContext,
  client: Client,
  workload: Workload,
): Promise<Measured> {
  const { clock } = context.runtime;
  const { topic, records, recordBytes, batchBytes, compression } = workload;
  const producer = new Producer(client, { batchBytes, compression, bufferBytesMax: 8_000_000 });
  const value = context.runtime.random.bytes(recordBytes);
  const latencies: number[] = [];
  const startMs = clock.monotonic();
  for (let i = 0; i < records && !workload.isInterrupted; i++) {
    const sentMs = clock.monotonic();
    const sent = producer.send({ topic, value });
    // Every hundredth tells enough, and what fails is thrown by the last one.
    if (i % 100 === 0) sent.then(() => latencies.push(clock.monotonic() - sentMs), () => {});
    else if (i === records - 1) await sent;
    else sent.catch(() => {});
    await producer.ready();
  }
  await producer.close();
  const tookMs = clock.monotonic() - startMs;
  return measuredOf("produce, batches", { records, recordBytes, tookMs, latencies });
}

async function measureSingles(
  context: CliContext,
  client: Client,
  workload: Workload,
): Promise<Measured> {
  const { clock } = context.runtime;
  const { topic, singles, recordBytes } = workload;
  const producer = new Producer(client);
  const value = context.runtime.random.bytes(recordBytes);
  const latencies: number[] = [];
  const startMs = clock.monotonic();
  for (let i = 0; i < singles && !workload.isInterrupted; i++) {
    const sentMs = clock.monotonic();
    await producer.send({ topic, value });
    latencies.push(clock.monotonic() - sentMs);
  }
  const tookMs = clock.monotonic() - startMs;
  await producer.close();
  return measuredOf("produce, single", { records: singles, recordBytes, tookMs, latencies });
}

async function measureFetch(
  context: CliContext,
  client: Client,
  workload: Workload,
): Promise<Measured> {
  const { clock } = context.runtime;
  const { topic, partitions, recordBytes } = workload;
  const records = workload.records + workload.singles;
  const consumer = new Consumer(client);
  consumer.assign(
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, at: 0 })),
  );
  const startMs = clock.monotonic();
  for (let received = 0; received < records && !workload.isInterrupted;) {
    received += (await consumer.poll({ recordsMax: 5000 })).length;
  }
  const tookMs = clock.monotonic() - startMs;
  await consumer.close();
  return measuredOf("fetch", { records, recordBytes, tookMs, latencies: [] });
}

function measuredOf(
  what: string,
  run: { records: number; recordBytes: number; tookMs: number; latencies: number[] },
): Measured {
  const seconds = run.tookMs / 1000;
  const sorted = run.latencies.sort((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.floor(share * (sorted.length - 1))];
    return value === undefined ? undefined : Number(value.toFixed(2));
  };
  return {
    what,
    records: run.records,
    recordsPerSecond: Math.round(run.records / seconds),
    megabytesPerSecond: Number((run.records * run.recordBytes / 1e6 / seconds).toFixed(1)),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

const header = ["", "records", "records/s", "MB/s", "p50 ms", "p99 ms"];

function cellsOf(each: Measured): Cell[] {
  const { what, records, recordsPerSecond, megabytesPerSecond, p50Ms, p99Ms } = each;
  return [what, records, recordsPerSecond, megabytesPerSecond, p50Ms, p99Ms];
}
