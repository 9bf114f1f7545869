// Compaction through the end of the process and the end of power, at every change of a file and at
// every change that opening the log again makes: the table that the log stands for is always there.

import { assert, assertEquals } from "@std/assert";
import { simulate } from "../../runtime/simulated.ts";
import type { Files, Runtime } from "../../runtime/ports.ts";
import { logConfigDefaults } from "../partition/config.ts";
import { LogFolder } from "../directory/log_folder.ts";
import { PartitionLog } from "../partition/partition_log.ts";
import { compactNow } from "../../../tests/harness/compaction.ts";
import { keyedBatch, keyedRecords, tableOf, textOf } from "../../../tests/harness/keyed_records.ts";
import { appendOk, logRig } from "../../../tests/harness/log_rig.ts";
import { watchedFiles } from "../../../tests/harness/watched_files.ts";

const config = {
  ...logConfigDefaults,
  cleanupPolicy: ["compact"] as const,
  segmentBytes: 500,
  indexIntervalBytes: 100,
  deleteRetentionMs: 0,
  fileDeleteDelayMs: 0,
  messageTimestampAfterMaxMs: 1e15,
};

/** Records whose keys come again, some as tombstones, over about six segments. */
const written = Array.from({ length: 60 }, (_, i) => {
  const key = `key-${(i * 7) % 11}`;
  return i % 9 === 4 ? key : `${key}=${i}`;
});
const table = tableOf(written);

function fill(log: PartitionLog): void {
  for (let i = 0; i < written.length; i += 3) {
    appendOk(log, keyedBatch(written.slice(i, i + 3)));
  }
}

async function assertHolds(log: PartitionLog): Promise<void> {
  assertEquals(log.refusal, undefined);
  assertEquals([log.logStartOffset, log.logEndOffset], [0, written.length]);
  assertEquals(tableOf((await keyedRecords(log)).map(textOf)), table);
}

Deno.test("a process that ends between any two changes of a compaction loses nothing", async () => {
  const later = Array.from({ length: 9 }, (_, i) => `key-${i}=${i + 1000}`);
  const expected = tableOf([...written, ...later]);
  let changesMax = Infinity;
  for (let point = 0; point < changesMax; point++) {
    const rig = logRig(config);
    const log = await rig.open();
    fill(log);
    await compactNow(log);
    for (const text of later) appendOk(log, keyedBatch([text]));
    await log.close();

    let changesLeft = Infinity;
    const dying = watchedFiles(rig.files, () => {
      if (changesLeft-- <= 0) throw new Error("killed");
    });
    const { recoveryPoint } = log;
    const doomed = await rig.open({ files: dying, cleanShutdown: true });
    changesLeft = point;
    await compactNow(doomed).catch(() => {});
    if (changesLeft >= 0) changesMax = point;

    const again = await rig.open({ recoveryPoint, cleanShutdown: point % 2 === 0 });
    assertEquals([again.refusal, again.logEndOffset], [undefined, log.logEndOffset]);
    assertEquals(tableOf((await keyedRecords(again)).map(textOf)), expected, `point ${point}`);
    const names = rig.files.list(again.folder);
    assertEquals(names.filter((name) => /cleaned|swap|tmp/.test(name)), []);
  }
  assert(changesMax > 30, `only ${changesMax} changes`);
});

/** The log on the simulated machine, with `onChange` called before each change of a file. */
async function openLog(runtime: Runtime, onChange: () => void) {
  const files: Files = watchedFiles(runtime.files, onChange);
  const { random, clock } = runtime;
  const logger = runtime.logger({ level: "error", format: "text" });
  const folder = await LogFolder.open("/data", { files, random, logger, nodeId: 1 });
  await folder.claim();
  const log = await PartitionLog.open({
    ...folder.checkpointOf({ topic: "orders", partition: 0, topicId: "qVNPd6uSQ9KXuwz2ybfVIw" }),
    folder: "/data",
    topic: "orders",
    partition: 0,
    topicId: "qVNPd6uSQ9KXuwz2ybfVIw",
    config: () => config,
    files,
    clock,
    logger,
    codecs: runtime.codecs,
    handles: folder.handles,
    cleanShutdown: folder.cleanShutdown,
  });
  return { folder, log };
}

/** Power fails before change `point` of what `run` does; false when it came to its end before. */
async function untilPowerFails(
  world: ReturnType<typeof simulate>,
  at: { point: number; run: (onChange: () => void) => Promise<void> },
): Promise<boolean> {
  let changes = 0;
  let isOff = false;
  const off = Promise.withResolvers<void>();
  const run = at.run(() => {
    if (isOff || ++changes <= at.point) return;
    isOff = true;
    world.crash("n1");
    off.resolve();
  });
  await world.drive(Promise.race([run, off.promise]));
  return isOff;
}

/** Fails the power at change `point` of a compaction; whether it came that far. */
async function failPowerAt(point: number, seed: number): Promise<boolean> {
  const world = simulate(seed);
  const first = await world.drive(openLog(world.start("n1"), () => {}));
  fill(first.log);
  await world.drive(first.log.syncTo(written.length));
  // Without a checkpoint every segment is checked when the log is opened.
  if (seed % 3 === 0) await world.drive(first.folder.writeCheckpoints([first.log]));
  world.kill("n1");
  let onChange = () => {};
  const runtime = world.start("n1");
  const { log } = await world.drive(openLog(runtime, () => onChange()));
  const { timers } = runtime;
  const isOff = await untilPowerFails(world, {
    point,
    run: async (changed) => {
      onChange = changed;
      await compactNow(log, { timers });
    },
  });
  if (!isOff) world.kill("n1");
  // The start after it fails as well, a few changes in.
  const second = world.start("n1");
  const isOffAgain = await untilPowerFails(world, {
    point: seed % 9,
    run: async (changed) => {
      await openLog(second, changed);
    },
  });
  if (!isOffAgain) world.kill("n1");
  const last = world.start("n1");
  const again = await world.drive(openLog(last, () => {}));
  await world.drive(assertHolds(again.log));
  await world.drive(compactNow(again.log, { timers: last.timers }));
  await world.drive(assertHolds(again.log));
  return isOff;
}

Deno.test("no power loss during compaction, or the start after it, takes a key", async () => {
  const seeds = Number(Deno.env.get("OTTLA_CRASH_SEEDS") ?? 3);
  for (let seed = 0; seed < seeds; seed++) {
    let point = 0;
    while (await failPowerAt(point, 1 + point + 1000 * seed)) point++;
    assert(point > 30, `${point} points`);
  }
});
