import { assert, assertEquals, assertRejects } from "@std/assert";
import { PartitionFault } from "../../base/faults.ts";
import { firstOf, itemAt } from "../../base/items.ts";
import { memoryFiles } from "../../runtime/memory_files.ts";
import type { Logger, Timers } from "../../runtime/ports.ts";
import { DirectoryState } from "./directory_state.ts";

const mebibyte = 1024 * 1024;
const clock = { now: () => 1, monotonic: () => 1 };

function setup(freeBytesMin = 100 * mebibyte, soon: Timers["soon"] = undefined) {
  const lines: string[] = [];
  const disk = { free: 1000 * mebibyte, asked: 0 };
  const logger: Logger = {
    enabled: () => true,
    log: (level, message) => void lines.push(`${level} ${message}`),
    child: () => logger,
  };
  const files = Object.assign(memoryFiles({ clock }), {
    freeBytes() {
      disk.asked++;
      return disk.free;
    },
  });
  const directory = new DirectoryState({ path: "/data", files, logger, freeBytesMin, soon });
  return { directory, disk, lines };
}

/** A log whose syncs end when the test says so. */
function logOf(directory: DirectoryState) {
  const ends: (() => void)[] = [];
  const log = {
    unsyncedBytes: 0,
    running: undefined as Promise<void> | undefined,
    started: 0,
    ends,
    startSync() {
      log.running ??= directory.runSync(log, () => {
        log.started++;
        return new Promise((resolve) => ends.push(resolve));
      }).finally(() => {
        log.running = undefined;
      });
    },
  };
  return log;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("below the low-water mark clients are refused, the broker itself is not", () => {
  const { directory, disk, lines } = setup();
  directory.checkRoom();
  assertEquals(directory.refusal("client"), undefined);
  disk.free = 99 * mebibyte;
  directory.checkRoom();
  directory.checkRoom();
  assert(directory.refusal("client")?.includes("/data is nearly full"));
  assertEquals(directory.refusal("coordinator"), undefined);
  disk.free = 110 * mebibyte;
  directory.checkRoom();
  assert(directory.refusal("client") !== undefined, "it flutters about the mark");
  disk.free = 126 * mebibyte;
  directory.checkRoom();
  assertEquals(directory.refusal("client"), undefined);
  assertEquals(lines.map((line) => line.slice(0, 5)), ["error", "info "]);
});

Deno.test("a sync begins behind what is ready, covers it, and no more begin for it", async () => {
  const ready = Promise.withResolvers<void>();
  const { directory } = setup(0, () => ready.promise);
  const logs = [logOf(directory), logOf(directory)];
  const [first, second] = [itemAt(logs, 0), itemAt(logs, 1)];
  directory.noteAppended(first, 60 * mebibyte);
  // Past 64 MiB the log that waits longest is synced, and half of them are then within bounds.
  directory.noteAppended(second, 10 * mebibyte);
  directory.noteAppended(first, 10 * mebibyte);
  await settled();
  assertEquals(logs.map(({ running }) => running !== undefined), [true, false]);
  assertEquals(logs.map(({ started }) => started), [0, 0]);
  ready.resolve();
  await settled();
  assertEquals(logs.map(({ started }) => started), [1, 0]);
  first.ends[0]?.();
  await settled();
  assertEquals(directory.unsyncedBytes, 10 * mebibyte);
});

Deno.test("appends look for room before they can have used up what was left", () => {
  const { directory, disk } = setup();
  const log = logOf(directory);
  const step = mebibyte / 4;
  for (let appended = 0; directory.refusal("client") === undefined; appended += step) {
    assert(appended < 950 * mebibyte, "went below the mark without a look");
    disk.free -= step;
    directory.noteAppended(log, step);
  }
  assert(disk.free >= 95 * mebibyte && disk.asked < 200, `${disk.free} ${disk.asked}`);
});

Deno.test("an offline directory refuses everything, and runs no sync again", async () => {
  const { directory, lines } = setup();
  const reasons: string[] = [];
  directory.onOffline((reason) => reasons.push(reason));
  directory.goOffline("input/output error");
  directory.goOffline("once more");
  assertEquals(reasons, ["input/output error"]);
  assertEquals(lines.length, 1);
  assert(directory.refusal("client")?.includes("offline: input/output error"));
  assert(directory.refusal("coordinator")?.includes("offline"));
  let ran = false;
  await assertRejects(
    () => directory.runSync(logOf(directory), async () => void (ran = await true)),
    PartitionFault,
    "offline",
  );
  assertEquals(ran, false);
});

Deno.test("a few syncs run at a time; who waits takes what came meanwhile with it", async () => {
  const { directory } = setup();
  const logs = Array.from({ length: 10 }, () => logOf(directory));
  for (const log of logs) {
    directory.noteAppended(log, 10);
    log.startSync();
  }
  assertEquals(logs.map((log) => log.started), [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  directory.noteAppended(itemAt(logs, 8), 5);
  firstOf(itemAt(logs, 2).ends)();
  await settled();
  assertEquals(logs.map((log) => log.started), [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  firstOf(itemAt(logs, 8).ends)();
  await settled();
  assertEquals([
    itemAt(logs, 2).unsyncedBytes,
    itemAt(logs, 8).unsyncedBytes,
    itemAt(logs, 9).started,
  ], [0, 0, 1]);
  assertEquals(directory.unsyncedBytes, 80);
});

Deno.test("unsynced bytes start syncs of the oldest, and in the end hold answers up", async () => {
  const { directory } = setup();
  const [old, young] = [logOf(directory), logOf(directory)];
  directory.noteAppended(old, 40 * mebibyte);
  directory.noteAppended(young, 20 * mebibyte);
  assertEquals([old.started, young.started], [0, 0]);
  directory.noteAppended(young, 10 * mebibyte);
  assertEquals([old.started, young.started], [1, 0]);
  directory.noteAppended(young, 190 * mebibyte);
  assertEquals([young.started, directory.withinBounds() === undefined], [1, false]);
  let isWithin = false;
  directory.withinBounds()!.then(() => isWithin = true);
  await settled();
  assertEquals(isWithin, false);
  firstOf(old.ends)();
  await settled();
  assertEquals([isWithin, directory.unsyncedBytes], [true, 220 * mebibyte]);
  firstOf(young.ends)();
  await settled();
  assertEquals(directory.unsyncedBytes, 0);
});

Deno.test("what finds no room every few seconds is one line for the disk, and rarely", () => {
  let nowMs = 0;
  const lines: string[] = [];
  const logger: Logger = {
    enabled: () => true,
    log: (_, message, fields) => void lines.push(`${message} ${fields?.times}`),
    child: () => logger,
  };
  const files = memoryFiles({ clock });
  const monotonic = () => nowMs;
  const directory = new DirectoryState({ path: "/data", files, logger, monotonic });
  for (; nowMs < 60_000; nowMs += 2_000) {
    for (let partition = 0; partition < 50; partition++) directory.noteNoRoomFor("no space");
  }
  const due = lines.filter((line) => line.includes("no room for what is due"));
  assertEquals(due.map((line) => Number(line.split(" ").at(-1))), [1, 100, 200, 400]);
});
