import { assertEquals } from "@std/assert";
import type { PartitionLog } from "../../log/mod.ts";
import { compactionPorts } from "../../../tests/harness/compaction.ts";
import { keyedBatch, keyedRecords } from "../../../tests/harness/keyed_records.ts";
import { appendOk, contentOf, logRig, replaceContent } from "../../../tests/harness/log_rig.ts";
import { firstOf } from "../../base/items.ts";
import { Cleaner } from "./cleaner.ts";
import { BrokerConfig } from "../config/mod.ts";
import { MemoryBudget } from "../limits/memory_budget.ts";
import { Partition } from "./partition.ts";

const config = { cleanupPolicy: ["compact"] as const, segmentBytes: 500 };

async function logOf(recordCount: number, isDamaged = false) {
  const rig = logRig(config);
  const log = await rig.open();
  for (let i = 0; i < recordCount; i++) appendOk(log, keyedBatch([`key-${i % 3}=${i}`]));
  await log.close();
  const path = `${log.folder}/00000000000000000000.log`;
  if (isDamaged) {
    const bytes = contentOf(rig.files, path);
    bytes[70]! ^= 1;
    replaceContent(rig.files, path, bytes);
  }
  return { rig, log: await rig.open({ cleanShutdown: true }) };
}

function cleanerOf(logs: readonly PartitionLog[]) {
  const lines: string[] = [];
  let checkpoints = 0;
  const { timers, random } = compactionPorts(firstOf(logs));
  const appended = { batches: 0, records: 0, bytes: 0 };
  const cleaner = new Cleaner({
    config: new BrokerConfig([]),
    memory: new MemoryBudget({
      bytesMax: () => 1 << 26,
      answersBytesMax: () => 1 << 24,
      machineBytes: 1 << 30,
    }),
    partitions: () => logs.map((log) => new Partition(log, { leaderEpoch: 0, appended })),
    timers,
    random,
    logger: {
      enabled: () => true,
      log: (level, message) => void lines.push(`${level} ${message}`),
      child() {
        return this;
      },
    },
    checkpoint: () => {
      checkpoints++;
      return Promise.resolve();
    },
  });
  return { cleaner, lines, checkpoints: () => checkpoints };
}

Deno.test("a round compacts every log that is due, and writes down each", async () => {
  const logs = [(await logOf(40)).log, (await logOf(1)).log, (await logOf(20)).log];
  const { cleaner, lines, checkpoints } = cleanerOf(logs);
  await cleaner.run();
  assertEquals([lines, checkpoints()], [[], 2]);
  assertEquals((await keyedRecords(firstOf(logs))).length < 15, true);
});

Deno.test("a log that cannot be read is left alone, and the others go on", async () => {
  const logs = [(await logOf(60, true)).log, (await logOf(20)).log];
  const { cleaner, lines, checkpoints } = cleanerOf(logs);
  await cleaner.run();
  await cleaner.run();
  const line = "error a log cannot be compacted and grows until the broker starts again";
  assertEquals([lines, checkpoints()], [[line], 1]);
});

Deno.test("a log that could not be written is tried in the next round", async () => {
  const { rig, log } = await logOf(30);
  const { cleaner, lines, checkpoints } = cleanerOf([log]);
  rig.faults.append = true;
  await cleaner.run();
  assertEquals(lines, ["warn a log could not be compacted and will be tried again"]);
  rig.faults.append = false;
  await cleaner.run();
  assertEquals([lines.length, checkpoints()], [1, 1]);
});

Deno.test("closing ends a compaction that is under way", async () => {
  const { log } = await logOf(30);
  const { cleaner, checkpoints } = cleanerOf([log]);
  const running = cleaner.run();
  await cleaner.close();
  await running;
  assertEquals(checkpoints(), 0);
});
