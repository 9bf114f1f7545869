import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../base/bytes.ts";
import { PartitionFault } from "../../base/faults.ts";
import { crcHolds, readBatchHeader, readRecords } from "../../records/mod.ts";
import { OpenHandles } from "../directory/open_handles.ts";
import { within } from "../../../tests/harness/deadline.ts";
import { appendOk, batchOf, logRig, recordsFrom } from "../../../tests/harness/log_rig.ts";
import { firstOf, missing } from "../../base/items.ts";

const small = { segmentBytes: 400, indexIntervalBytes: 100 };
const valuesOf = async (log: Parameters<typeof recordsFrom>[0]) =>
  (await recordsFrom(log)).map((record) => fromUtf8(record.value!));

Deno.test("what is appended is read back, at the offsets that the append answered", async () => {
  const log = await logRig().open();
  assertEquals(appendOk(log, batchOf(["a", "b"])).baseOffset, 0);
  const second = appendOk(log, batchOf(["c"]));
  assertEquals([second.baseOffset, second.lastOffset, log.logEndOffset], [2, 2, 3]);
  assertEquals(await valuesOf(log), ["a", "b", "c"]);
});

Deno.test("an empty partition costs a folder with one small file", async () => {
  const rig = logRig();
  const log = await rig.open();
  assertEquals(rig.files.list(log.folder), ["partition.metadata"]);
  await log.close();
  assertEquals(rig.files.list(log.folder), ["partition.metadata"]);
});

Deno.test("a folder of another topic is refused", async () => {
  const rig = logRig();
  await (await rig.open()).close();
  const topicId = "AAAAAAAAAAAAAAAAAAAAAQ";
  await assertRejects(() => rig.open({ topicId }), PartitionFault, "belongs to topic id");
});

Deno.test("a read gives whole batches within the bound, the first one in any case", async () => {
  const log = await logRig().open();
  const size = batchOf(["x"]).length;
  for (let i = 0; i < 5; i++) appendOk(log, batchOf([String(i)]));
  const read = async (maxBytes: number, minOneBatch: boolean, offset = 0) =>
    (await log.read({ offset, endOffset: 5, maxBytes, minOneBatch })).bytes.length / size;
  assertEquals(await read(size * 3 - 1, true), 2);
  assertEquals(await read(size * 3, true), 3);
  assertEquals(await read(1, true, 3), 1);
  assertEquals(await read(1, false), 0);
  const bounded = await log.read({ offset: 1, endOffset: 3, maxBytes: 1e6, minOneBatch: true });
  assertEquals([bounded.bytes.length / size, bounded.nextOffset], [2, 3]);
});

Deno.test("a batch far larger than the bound is read whole", async () => {
  const log = await logRig().open();
  appendOk(log, batchOf(["a"]));
  appendOk(log, batchOf(["b".repeat(300_000)]));
  appendOk(log, batchOf(["c"]));
  assertEquals((await valuesOf(log)).map((value) => value.length), [1, 300_000, 1]);
});

Deno.test("segments roll by size, by record time and by the index's size", async () => {
  const segmentsOf = async (config: object, stepMs = 0) => {
    const rig = logRig(config);
    const log = await rig.open();
    for (let i = 0; i < 10; i++) appendOk(log, batchOf(["v"], { timestamp: 1000 + i * stepMs }));
    assertEquals((await recordsFrom(log)).length, 10);
    return rig.files.list(log.folder).filter((name) => name.endsWith(".log")).length;
  };
  const size = batchOf(["v"]).length;
  assertEquals(await segmentsOf({}), 1);
  assertEquals(await segmentsOf({ segmentBytes: size * 5 }), 2);
  assertEquals(await segmentsOf({ segmentMs: 50 }, 20), 4);
  assertEquals(await segmentsOf({ segmentIndexBytes: 24, indexIntervalBytes: 1 }, 1), 5);
});

Deno.test("log append time stamps the batch, is told and keeps the checksum", async () => {
  const rig = logRig({ messageTimestampType: "LogAppendTime" });
  const log = await rig.open();
  rig.nowMs = 5_000_000;
  assertEquals(appendOk(log, batchOf(["a"])).logAppendTimeMs, 5_000_000);
  const { bytes } = await log.read({ offset: 0, endOffset: 1, maxBytes: 1000, minOneBatch: true });
  assert(crcHolds(bytes));
  assertEquals(firstOf(readRecords(bytes)).timestamp, 5_000_000);
});

Deno.test("the batch carries the leader's epoch, and epochs tell where they ended", async () => {
  const log = await logRig().open();
  appendOk(log, batchOf(["a", "b"]), 3);
  appendOk(log, batchOf(["c"]), 7);
  const { bytes } = await log.read({ offset: 2, endOffset: 3, maxBytes: 1, minOneBatch: true });
  assertEquals(readBatchHeader(bytes).partitionLeaderEpoch, 7);
  assertEquals(log.endOffsetForEpoch(3), { leaderEpoch: 3, endOffset: 2 });
  assertEquals(log.endOffsetForEpoch(5), { leaderEpoch: 3, endOffset: 2 });
  assertEquals(log.endOffsetForEpoch(7), { leaderEpoch: 7, endOffset: 3 });
  assertEquals(log.endOffsetForEpoch(8), { leaderEpoch: -1, endOffset: -1 });
  assertEquals([log.epochOfOffset(1), log.epochOfOffset(2)], [3, 7]);
});

Deno.test("refusals are codes and change nothing", async () => {
  const rig = logRig({
    maxMessageBytes: 200,
    messageTimestampAfterMaxMs: 1000,
    messageTimestampBeforeMaxMs: 10_000,
  });
  const log = await rig.open();
  const codeOf = (batch: Uint8Array) => {
    const result = log.append(batch, { leaderEpoch: 0, origin: "client" });
    return result.ok ? 0 : result.errorCode;
  };
  const timestamp = rig.nowMs;
  assertEquals(codeOf(batchOf(["v".repeat(200)], { timestamp })), 10);
  assertEquals(codeOf(batchOf(["v"], { timestamp: timestamp + 1001 })), 32);
  assertEquals(codeOf(batchOf(["v"], { timestamp: timestamp - 10_001 })), 32);
  assertEquals(codeOf(batchOf(["v"], { timestamp: -1 })), 0);
  assertEquals(log.logEndOffset, 1);
  rig.config.segmentBytes = 60;
  assertEquals(codeOf(batchOf(["v"], { timestamp })), 18);
  rig.config.cleanupPolicy = ["compact"];
  rig.config.segmentBytes = 1000;
  assertEquals(codeOf(batchOf([], { records: [{ timestamp }] })), 87);
});

Deno.test("a timestamp finds the first record at or after it", async () => {
  const log = await logRig(small).open();
  for (let i = 0; i < 30; i++) {
    const records = [{ timestamp: 1000 + i * 10 }, { timestamp: 1005 + i * 10 }];
    appendOk(log, batchOf([], { records }));
  }
  const at = async (timestampMs: number) => (await log.offsetForTimestamp(timestampMs))?.offset;
  assertEquals([await at(0), await at(1000), await at(1001), await at(1105)], [0, 0, 1, 21]);
  assertEquals(await at(1296), undefined);
  const largest = await log.maxTimestamp();
  assertEquals([largest?.offset, largest?.timestampMs], [59, 1295]);
});

Deno.test("times in nanoseconds are found exactly, after a restart too", async () => {
  const rig = logRig({ ...small, messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER });
  let log = await rig.open();
  const first = 1_700_000_000_000_000_001n;
  for (let i = 0n; i < 30n; i++) {
    const records = [{ timestamp: first + i * 10n }, { timestamp: first + i * 10n + 5n }];
    appendOk(log, batchOf([], { records }));
  }
  const check = async () => {
    for (
      const [step = missing(), offset] of [[-1n, 0], [0n, 0], [1n, 1], [5n, 1], [6n, 2], [105n, 21]]
    ) {
      const found = await log.offsetForTimestamp(first + BigInt(step));
      assertEquals(found?.offset, offset);
    }
    assertEquals(await log.offsetForTimestamp(first + 296n), undefined);
    const largest = await log.maxTimestamp();
    assertEquals([largest?.offset, largest?.timestampMs], [59, first + 295n]);
  };
  await check();
  await log.close();
  log = await rig.open({ cleanShutdown: true });
  await check();
  // No day that a clock can tell is late enough for them to be too old.
  await log.applyRetention(8.64e15);
  assertEquals(log.logStartOffset, 0);
});

Deno.test("syncs are shared: everyone who asks during one gets the next", async () => {
  const rig = logRig();
  const log = await rig.open();
  appendOk(log, batchOf(["first"]));
  await log.syncTo(1);
  assertEquals(log.recoveryPoint, 1);
  const before = rig.syncCount;
  appendOk(log, batchOf(["a"]));
  const first = log.syncTo(2);
  const others = [];
  for (let i = 0; i < 20; i++) {
    appendOk(log, batchOf(["b"]));
    others.push(log.syncTo(log.logEndOffset));
  }
  await Promise.all([first, ...others]);
  assertEquals([rig.syncCount - before, log.recoveryPoint], [2, 22]);
});

Deno.test("a failed sync takes the log offline for good", async () => {
  const rig = logRig();
  const log = await rig.open();
  appendOk(log, batchOf(["a"]));
  rig.faults.sync = true;
  await assertRejects(() => log.syncTo(1), PartitionFault);
  rig.faults.sync = false;
  await assertRejects(() => log.syncTo(1), PartitionFault);
  const result = log.append(batchOf(["b"]), { leaderEpoch: 0, origin: "client" });
  assertEquals(result.ok ? 0 : result.errorCode, 56);
  assertEquals(await valuesOf(log), ["a"]);
  await log.close();
  assertEquals([log.isClosedCleanly, log.recoveryPoint], [false, 0]);
});

Deno.test("a full disk refuses the append and leaves the log as it was", async () => {
  const rig = logRig(small);
  const log = await rig.open();
  appendOk(log, batchOf(["a"]));
  rig.faults.append = true;
  for (let i = 0; i < 3; i++) {
    const result = log.append(batchOf(["lost"]), { leaderEpoch: 0, origin: "client" });
    assertEquals(result.ok ? 0 : result.errorCode, 56);
  }
  rig.faults.append = false;
  assert(log.directory.fullReason?.includes("no space"), log.directory.fullReason);
  assertEquals(await valuesOf(log), ["a"]);
  log.directory.checkRoom();
  assertEquals(appendOk(log, batchOf(["b"])).baseOffset, 1);
  assertEquals(await valuesOf(log), ["a", "b"]);
  const again = await rig.open({ recoveryPoint: 0 });
  assertEquals([again.refusal, again.logEndOffset], [undefined, 2]);
});

Deno.test("a write that cannot be undone takes the log offline", async () => {
  const rig = logRig();
  const log = await rig.open();
  appendOk(log, batchOf(["a"]));
  rig.faults.append = rig.faults.truncate = true;
  log.append(batchOf(["lost"]), { leaderEpoch: 0, origin: "client" });
  rig.faults.append = rig.faults.truncate = false;
  const result = log.append(batchOf(["b"]), { leaderEpoch: 0, origin: "client" });
  assertEquals(result.ok ? 0 : result.errorCode, 56);
  assertEquals(await valuesOf(await rig.open()), ["a"]);
});

Deno.test("flush.messages and flush.ms start syncs, whatever the clock is set to", async () => {
  const rig = logRig({ flushMessages: 3, flushMs: 500 });
  const log = await rig.open();
  appendOk(log, batchOf(["a", "b", "c"]));
  await log.syncTo(0);
  const syncedTo = async (offset: number) => {
    while (log.recoveryPoint < offset) await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const what = () => `a sync on its own, beyond ${log.recoveryPoint}`;
  await within(syncedTo(3), { ms: 10_000, what });
  appendOk(log, batchOf(["d"]));
  log.maintain(rig.nowMs);
  assertEquals(log.recoveryPoint, 3);
  rig.nowMs += 500;
  rig.setByMs = -3_600_000;
  log.maintain(rig.nowMs + rig.setByMs);
  await within(syncedTo(4), { ms: 10_000, what });
});

Deno.test("retention deletes whole segments by size, by time and by the log's start", async () => {
  const rig = logRig({ ...small, fileDeleteDelayMs: 100, retentionMs: -1 });
  const log = await rig.open();
  for (let i = 0; i < 40; i++) appendOk(log, batchOf(["v"], { timestamp: 1000 + i }));
  const { sizeBytes } = log;
  assertEquals(await log.applyRetention(rig.nowMs), 0);
  rig.config.retentionBytes = sizeBytes - 500;
  const bySize = await log.applyRetention(rig.nowMs);
  assert(bySize > 0 && log.sizeBytes >= sizeBytes - 500);
  rig.config.retentionBytes = -1;
  rig.config.retentionMs = 1000;
  await log.applyRetention(2030);
  const first = log.logStartOffset;
  assert(first > 20 && first <= 30, `starts at ${first}`);
  await log.deleteRecordsBefore(38);
  assertEquals([log.logStartOffset, (await recordsFrom(log)).length], [38, 2]);
  assert(rig.files.list(log.folder).some((name) => name.endsWith(".deleted")));
  log.maintain(rig.nowMs + 100);
  assert(!rig.files.list(log.folder).some((name) => name.endsWith(".deleted")));
  rig.config.retentionMs = 10;
  await log.applyRetention(1e9);
  assertEquals([log.logStartOffset, log.logEndOffset, log.sizeBytes], [40, 40, 0]);
  assertEquals(appendOk(log, batchOf(["next"])).baseOffset, 40);
});

Deno.test("retention keeps what consumers have not been able to read", async () => {
  const rig = logRig({ ...small, retentionMs: 1 });
  const log = await rig.open();
  for (let i = 0; i < 20; i++) appendOk(log, batchOf(["v"]));
  await log.applyRetention(1e9, { highWatermark: 7 });
  assert(log.logStartOffset > 0 && log.logStartOffset <= 7);
});

Deno.test("deleting segments under a cold read ends the read without harm", async () => {
  const rig = logRig({ ...small, retentionMs: 1, fileDeleteDelayMs: 0 });
  let log = await rig.open();
  for (let i = 0; i < 20; i++) appendOk(log, batchOf(["v"]));
  await log.close();
  log = await rig.open({ cleanShutdown: true });
  const read = log.read({ offset: 0, endOffset: 20, maxBytes: 1000, minOneBatch: true });
  assert(read instanceof Promise);
  await log.applyRetention(1e9);
  log.maintain(rig.nowMs);
  const { bytes } = await read;
  if (bytes.length > 0) assertEquals(readBatchHeader(bytes).baseOffset, 0);
  assertEquals(log.logStartOffset, 20);
});

Deno.test("a cold read of a log that is closed meanwhile ends, and says so", async () => {
  const rig = logRig(small);
  let log = await rig.open();
  for (let i = 0; i < 20; i++) appendOk(log, batchOf(["v"]));
  await log.close();
  log = await rig.open({ cleanShutdown: true });
  const read = log.read({ offset: 0, endOffset: 20, maxBytes: 1000, minOneBatch: true });
  assert(read instanceof Promise, "nothing of it is in memory");
  const refused = assertRejects(() => read, PartitionFault, "is closed");
  await log.close();
  await refused;
});

Deno.test("a log that is closed while it is cut is on disk no further than it goes", async () => {
  const rig = logRig();
  const saved = Promise.withResolvers<void>();
  const log = await rig.open({ saveRecoveryPoint: () => saved.promise });
  for (let i = 0; i < 10; i++) appendOk(log, batchOf(["v"]));
  await log.syncTo(10);
  const cutting = log.truncateTo(5);
  const closing = log.close();
  // A close that does not wait for the cut is over by then: files in memory take no time.
  for (let turns = 0; turns < 1_000; turns++) await Promise.resolve();
  saved.resolve();
  await cutting;
  await closing;
  assertEquals([log.recoveryPoint, log.logEndOffset], [5, 5]);
});

Deno.test("a deleted log is gone, and its name is free for another topic", async () => {
  const rig = logRig();
  const log = await rig.open();
  appendOk(log, batchOf(["a"]));
  await log.delete();
  assertEquals(rig.files.list("/data"), []);
  const next = await rig.open({ topicId: "AAAAAAAAAAAAAAAAAAAAAQ" });
  assertEquals(next.logEndOffset, 0);
});

Deno.test("idle handles and indexes are let go of and come back when needed", async () => {
  const rig = logRig(small);
  const log = await rig.open();
  for (let i = 0; i < 20; i++) appendOk(log, batchOf([String(i)]));
  await log.syncTo(20);
  for (let i = 0; i < 3; i++) log.maintain(rig.nowMs);
  assertEquals((await valuesOf(log)).length, 20);
  assertEquals((await log.offsetForTimestamp(0))?.offset, 0);
  assertEquals(appendOk(log, batchOf(["z"])).baseOffset, 20);
});

Deno.test("many logs share few open files, and read and write as before", async () => {
  const rig = logRig(small);
  const handles = new OpenHandles(4);
  const logs = [];
  for (let partition = 0; partition < 12; partition++) {
    logs.push(await rig.open({ partition, handles }));
  }
  for (let i = 0; i < 20; i++) {
    for (const log of logs) {
      appendOk(log, batchOf([`${log.partition}-${i}`]));
      await log.syncTo(i + 1);
      assert(handles.count <= 4, `${handles.count} files are open`);
    }
  }
  for (const log of logs) {
    assertEquals((await valuesOf(log)).at(-1), `${log.partition}-19`);
    await log.close();
  }
  assertEquals(handles.count, 0);
});
