// A slice of the crashes that `deno task test:crash` runs in full.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { logConfigDefaults } from "../../src/log/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { appendOk, batchOf, recordsFrom } from "../harness/log_rig.ts";
import { seedsFrom } from "../harness/seeds.ts";
import { type End, startDoomed } from "./doomed_run.ts";
import { crashLog } from "./log_crashes.ts";
import { checkpoint, openLog } from "./opened_log.ts";

const batchBytes = batchOf(["a"]).length;
const config = {
  ...logConfigDefaults,
  segmentBytes: 3 * batchBytes,
  messageTimestampAfterMaxMs: 1e15,
  fileDeleteDelayMs: 0,
};

/** Of many sectors: what a loss of power leaves of one may be any of them. */
const large = { ...config, segmentBytes: 1024 * 1024 };
const batchesOf = (bytes: number, count: number) =>
  Array.from({ length: count }, (_, i) => batchOf([`${i}`.repeat(bytes)]));

/** Four segments of three records, all on disk; then all but the first record is cut off. */
async function growAndCut(runtime: Runtime): Promise<void> {
  const { folder, log } = await openLog(runtime, config);
  await folder.noteRecovered();
  for (let i = 0; i < 12; i++) appendOk(log, batchOf(["a"]));
  await log.syncTo(12);
  await checkpoint(folder, log);
  await log.truncateTo(1);
}

Deno.test("a sync that fails before the boot is noted is known to the next start", async () => {
  // A cut whose sync failed in the first start after a loss of power, a kill, then another loss.
  await crashLog(318_666_885, { counts: { crashes: 0, cutRecords: 0 } });
});

Deno.test("a cut whose sync a kill forestalls is synced before the next append", async () => {
  // A follower's cut, a kill before its sync, appends behind it, then a loss of power.
  await crashLog(19_471_751, { counts: { crashes: 0, cutRecords: 0 } });
});

Deno.test("a file that was cut to nothing and not synced is written anew", async () => {
  // The sync of the cut fails, a kill, appends behind it, then a loss of power.
  await crashLog(10_035_422, { counts: { crashes: 0, cutRecords: 0 } });
});

/** Records are deleted up to within a batch, and all from there on is cut off. */
async function cutWithinBatch(runtime: Runtime): Promise<void> {
  const { folder, log } = await openLog(runtime, large);
  await folder.noteRecovered();
  for (let i = 0; i < 3; i++) appendOk(log, batchOf(["a", "b", "c"]));
  await log.syncTo(9);
  log.highWatermark = 9;
  await log.deleteRecordsBefore(4);
  await checkpoint(folder, log);
  await log.truncateTo(4);
  assertEquals([log.logStartOffset, log.logEndOffset], [3, 3]);
}

for (const how of ["kill", "power loss"] as const) {
  Deno.test(`a cut within a batch is no loss to the start behind a ${how}`, async () => {
    let [doomAt, end]: [number, End] = [1, how];
    for (; end !== "done"; doomAt++) {
      const random = new SeededRandom(doomAt, "doom");
      const world = simulate(doomAt, {});
      const run = startDoomed(world, { machine: "n1", doomAt, how, random });
      end = await run.run(cutWithinBatch(run.runtime));
      if (end === "done") world.kill("n1");
      await world.drive((async () => {
        const { log } = await openLog(world.start("n1"), large);
        assertEquals(log.refusal, undefined, `${how} before change ${doomAt}`);
      })());
    }
    assert(doomAt > 30, `a cut of ${doomAt} changes`);
  });
}

/** The log opens as it would without the interruption, or without the cut. */
async function hasNoGap(runtime: Runtime, when: string): Promise<void> {
  const { log } = await openLog(runtime, config);
  assertEquals(log.refusal, undefined, when);
  const held = (await recordsFrom(log)).map((record) => record.offset);
  assertEquals(held, Array.from({ length: log.logEndOffset }, (_, offset) => offset), when);
}

for (const how of ["kill", "power loss"] as const) {
  Deno.test(`a cut that a ${how} interrupts leaves no gap, wherever it was`, async () => {
    let [doomAt, end]: [number, End] = [1, how];
    for (; end !== "done"; doomAt++) {
      const random = new SeededRandom(doomAt, "doom");
      const world = simulate(doomAt, {});
      const run = startDoomed(world, { machine: "n1", doomAt, how, random });
      end = await run.run(growAndCut(run.runtime));
      if (end === "done") world.kill("n1");
      await world.drive(hasNoGap(world.start("n1"), `${how} before change ${doomAt}`));
    }
    assert(doomAt > 40, `a cut of ${doomAt} changes`);
  });
}

/** All on disk; then most of it is cut off. */
async function cutMost(runtime: Runtime): Promise<void> {
  const { folder, log } = await openLog(runtime, large);
  await folder.noteRecovered();
  for (const batch of batchesOf(700, 12)) appendOk(log, batch);
  await log.syncTo(12);
  await log.truncateTo(1);
}

/** The change that makes the cut durable. */
async function syncOfCut(): Promise<number> {
  const changes: string[] = [];
  const trace = (line: string) => void changes.push(line);
  const random = new SeededRandom(1, "doom");
  const run = startDoomed(simulate(1, {}), {
    machine: "n1",
    doomAt: Infinity,
    how: "kill",
    random,
    trace,
  });
  await run.run(cutMost(run.runtime));
  const cut = changes.findIndex((line) => line.includes("truncate"));
  return 1 + changes.findIndex((line, i) => i > cut && /sync \S+\.log$/.test(line));
}

/** Goes on behind the cut, and is on its way to the disk when power is lost. */
async function goOn(runtime: Runtime): Promise<void> {
  const { folder, log } = await openLog(runtime, large);
  await folder.noteRecovered();
  for (const batch of batchesOf(900, 3)) appendOk(log, batch);
  log.syncTo(log.logEndOffset).catch(() => {});
  for (const batch of batchesOf(500, 3)) appendOk(log, batch);
}

Deno.test("a cut that a kill leaves unsynced is synced before what comes behind it", async () => {
  const doomAt = await syncOfCut();
  assert(doomAt > 20, `it is change ${doomAt}`);
  for (let seed = 1; seed <= 50; seed++) {
    const world = simulate(seed, {});
    const random = new SeededRandom(seed, "doom");
    const run = startDoomed(world, { machine: "n1", doomAt, how: "kill", random });
    assertEquals(await run.run(cutMost(run.runtime)), "kill");
    await world.drive(goOn(world.start("n1")));
    world.crash("n1");
    await world.drive(hasNoGap(world.start("n1"), `seed ${seed}`));
  }
});

/** A follower's log whose leader begins far behind it; then three new records, which are synced. */
async function beginAnew(runtime: Runtime, onSynced: () => void): Promise<void> {
  const { folder, log } = await openLog(runtime, config, { journal: { fromSyncs: 0 } });
  await folder.noteRecovered();
  for (let i = 0; i < 6; i++) {
    appendOk(log, batchOf(["old"]));
    await log.answerable(log.logEndOffset, true);
  }
  await log.restartAt(20);
  for (let i = 0; i < 3; i++) appendOk(log, batchOf(["new"]));
  await log.answerable(23, true);
  onSynced();
  await checkpoint(folder, log);
}

/** One of the two, without a gap; the new one for good, once it was synced. */
async function isOldOrNew(runtime: Runtime, isSynced: boolean, when: string): Promise<void> {
  const { log } = await openLog(runtime, config);
  assertEquals(log.refusal, undefined, when);
  const held = await recordsFrom(log);
  const [start, end] = [log.logStartOffset, log.logEndOffset];
  assertEquals(held.map(({ offset }) => offset), held.map((_, i) => start + i), when);
  assertEquals(held.length, end - start, when);
  const isNew = start === 20;
  assert(isNew ? end <= 23 : end <= 6, `${start} to ${end}: ${when}`);
  const values = new Set(held.map(({ value }) => fromUtf8(value!)));
  assert(!values.has(isNew ? "old" : "new"), when);
  if (isSynced) assertEquals([start, end], [20, 23], when);
}

for (const how of ["kill", "power loss"] as const) {
  Deno.test(`a log that begins anew is the old one or the new one behind a ${how}`, async () => {
    let [doomAt, end, syncedBefore]: [number, End, number] = [1, how, 0];
    for (; end !== "done"; doomAt++) {
      const random = new SeededRandom(doomAt, "doom");
      const world = simulate(doomAt, {});
      const run = startDoomed(world, { machine: "n1", doomAt, how, random });
      let isSynced = false;
      end = await run.run(beginAnew(run.runtime, () => isSynced = run.isAlive()));
      if (end === "done") world.kill("n1");
      if (isSynced) syncedBefore++;
      const when = `${how} before change ${doomAt}`;
      await world.drive(isOldOrNew(world.start("n1"), isSynced, when));
    }
    assert(doomAt > 50 && syncedBefore > 5, `${doomAt} changes, ${syncedBefore} behind the sync`);
  });
}

Deno.test("whenever a log is interrupted, what was synced is there, in order, once", async () => {
  const counts = { crashes: 0, cutRecords: 0 };
  for (const seed of seedsFrom("log", 300)) await seed.run((n) => crashLog(n, { counts }));
  assert(counts.crashes >= 5, JSON.stringify(counts));
});
