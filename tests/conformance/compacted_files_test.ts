// Apache Kafka's own reader of files over a log that was compacted: batches of each codec with
// records missing, batches without records, delete horizons, markers, aborted transactions.
//
// Needs Java and Maven for Kafka; without them it is skipped with the reason.

import { assert, assertEquals } from "@std/assert";
import { logConfigDefaults, PartitionLog } from "../../src/log/mod.ts";
import type { Verification } from "../../src/log/producers/verifications.ts";
import {
  buildEndTransactionMarker,
  compressionTypes,
  loadCompression,
} from "../../src/records/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { compactNow } from "../harness/compaction.ts";
import { keyedBatch, keyedRecords, textOf } from "../harness/keyed_records.ts";
import { run } from "../harness/process_lines.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const skip = await reasonToSkip();
if (skip) console.log(`the dump of a compacted log is skipped: ${skip}`);

async function writeCompactedLog(folder: string): Promise<PartitionLog> {
  const runtime = denoRuntime();
  const config = {
    ...logConfigDefaults,
    cleanupPolicy: ["compact"] as const,
    segmentBytes: 4000,
    indexIntervalBytes: 200,
    fileDeleteDelayMs: 0,
  };
  const log = await PartitionLog.open({
    ...runtime,
    folder,
    topic: "table",
    partition: 0,
    topicId: "qVNPd6uSQ9KXuwz2ybfVIw",
    config: () => config,
    logger: runtime.logger({ level: "error", format: "text" }),
    cleanShutdown: true,
  });
  const append = (texts: string[], input?: object, verification?: Verification) => {
    const batch = keyedBatch(texts, { timestamp: Date.now(), ...input });
    const result = log.append(batch, { leaderEpoch: 0, origin: "client", verification });
    assert(result.ok, JSON.stringify(result));
  };
  for (const compression of compressionTypes) await loadCompression(compression);
  for (let i = 0; i < 150; i++) {
    const tombstone = `gone-${i % 9}`;
    const compression = compressionTypes[i % 5];
    const producer = i % 5 === 0
      ? { producerId: 4, producerEpoch: 0, baseSequence: i / 5 * 3 }
      : {};
    append([`k${i % 40}=${i}`, tombstone, `u${i}=once`], { compression, ...producer });
  }
  for (const [producerId, committed] of [[5, true], [6, false]] as const) {
    const producer = { producerId, producerEpoch: 0 };
    const first = { ...producer, baseSequence: 0 };
    const verification = log.beginVerification({ ...first, isEpochOwn: false });
    append(["k1=txn", "k2=txn"], { ...first, isTransactional: true }, verification);
    const marker = { ...producer, committed, coordinatorEpoch: 0, timestamp: Date.now() };
    const o = { leaderEpoch: 0, origin: "coordinator" } as const;
    assert(log.append(buildEndTransactionMarker(marker), o).ok);
  }
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 60; i++) append([`k${i % 40}=end${"y".repeat(60)}`]);
    assert((await compactNow(log, { timers: runtime.timers })).isComplete);
  }
  log.maintain(Date.now() + 1);
  return log;
}

Deno.test({
  name: "Kafka reads a compacted log, and sees what we see",
  ignore: skip !== undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "compacted-" });
    try {
      const log = await writeCompactedLog(folder);
      const offsets = (await keyedRecords(log)).map(({ offset }) => offset);
      const tombstones = (await keyedRecords(log)).filter(({ value }) => value === null);
      assert(tombstones.length > 0 && textOf(tombstones[0]) !== "");
      await log.close();
      const files = Array.from(Deno.readDirSync(log.folder), ({ name }) => `${log.folder}/${name}`);
      const known = /\.(log|index|timeindex|txnindex|snapshot)$/;
      const args = ["-Xmx128m", `-Dlog4j2.configurationFile=${log4j}`, "-cp"];
      args.push(`${await fetchJars()}*`, "org.apache.kafka.tools.DumpLogSegments");
      args.push("--deep-iteration", "--print-data-log", "--files");
      args.push(files.filter((file) => known.test(file)).join(","));
      const { stdout, stderr } = await run({ command: "java", args, withinMs: 90_000 });
      // "Non-consecutive offsets" is how it tells of the gaps.
      const wrong = /mismatch|corrupt|isvalid: false|exception|error|could not|out of order/i;
      assertEquals((stdout + stderr).split("\n").filter((line) => wrong.test(line)), []);
      for (const sign of [/count: 0 /, /deleteHorizonMs: OptionalLong\[/, /isControl: true/]) {
        assert(sign.test(stdout), `${sign} is nowhere`);
      }
      assert(/producerId: 6 firstOffset: \d+/.test(stdout), "the aborted transaction is nowhere");
      const seen = [...stdout.matchAll(/^\| offset: (\d+) (.*)$/gm)];
      const data = seen.filter(([, , rest]) => !rest.includes("endTxnMarker"));
      const read = data.map(([, offset]) => Number(offset)).sort((a, b) => a - b);
      assertEquals(read, offsets);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
