import { assert, assertEquals, assertRejects } from "@std/assert";
import { DecodeFault } from "../../base/faults.ts";
import {
  type BatchHeader,
  batchPositions,
  buildEndTransactionMarker,
  compressionOf,
  compressionTypes,
  deleteHorizonOf,
  loadCompression,
  readBatchHeader,
} from "../../records/mod.ts";
import { MemoryShare } from "../../base/memory_share.ts";
import { zlibCodecs } from "../../runtime/codecs.ts";
import type { PartitionLog } from "../partition/partition_log.ts";
import { compactNow } from "../../../tests/harness/compaction.ts";
import { keyedBatch, keyedRecords, tableOf, textOf } from "../../../tests/harness/keyed_records.ts";
import { appendOk, contentOf, logRig, replaceContent } from "../../../tests/harness/log_rig.ts";
import { itemAt, missing } from "../../base/items.ts";

const config = {
  cleanupPolicy: ["compact"] as const,
  segmentBytes: 1000,
  indexIntervalBytes: 100,
  retentionMs: -1,
};

function append(log: PartitionLog, texts: readonly string[], input: object = {}) {
  return appendOk(log, keyedBatch(texts, input));
}

/** Seals what was appended; the log ends in an active segment of one record. */
function seal(log: PartitionLog, bytes = config.segmentBytes) {
  return append(log, [`filler=${"x".repeat(bytes - 100)}`]);
}

function endTransaction(log: PartitionLog, producerId: number, committed: boolean) {
  const marker = { committed, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1000 };
  const o = { leaderEpoch: 0, origin: "coordinator" } as const;
  const result = log.append(buildEndTransactionMarker(marker), o);
  assert(result.ok);
}

/** "offset:key=value", but for the fillers. */
async function contents(log: PartitionLog, offset?: number): Promise<string[]> {
  const records = await keyedRecords(log, offset);
  return records.map((each) => `${each.offset}:${textOf(each)}`)
    .filter((text) => !text.includes("filler"));
}

async function headersOf(log: PartitionLog): Promise<BatchHeader[]> {
  const headers: BatchHeader[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const endOffset = log.logEndOffset;
    const { bytes, nextOffset } = await log.read({
      offset,
      endOffset,
      maxBytes: 1e6,
      minOneBatch: true,
    });
    for (const position of batchPositions(bytes)) headers.push(readBatchHeader(bytes, position));
    offset = nextOffset;
  }
  return headers;
}

Deno.test("of each key the last record stays, at its offset", async () => {
  const log = await logRig(config).open();
  append(log, ["a=1", "b=1"]);
  append(log, ["a=2", "c=1"]);
  append(log, ["b=2"]);
  seal(log);
  append(log, ["c=active"]);
  assertEquals((await compactNow(log)).isComplete, true);
  assertEquals(await contents(log), ["2:a=2", "3:c=1", "4:b=2", "6:c=active"]);
  assertEquals([log.logStartOffset, log.logEndOffset], [0, 7]);
});

Deno.test("a log is due once enough of it is dirty, but for the active segment", async () => {
  const rig = logRig({ ...config, minCleanableDirtyRatio: 0.4 });
  const log = await rig.open();
  const assess = () => log.compaction.assess({ highWatermark: log.logEndOffset });
  append(log, ["a=1"]);
  append(log, ["a=2"]);
  assertEquals(await assess(), { dirtyBytes: 0, dirtyRatio: 0, isDue: false });
  assertEquals((await compactNow(log)).isComplete, false);
  for (let i = 0; i < 3; i++) seal(log);
  assertEquals((await assess())?.isDue, true);
  await compactNow(log);
  assertEquals((await assess())?.isDue, false);
  rig.config.cleanupPolicy = ["delete"];
  assertEquals(await assess(), undefined);
});

Deno.test("what is above the high watermark or undecided is left alone", async () => {
  const log = await logRig(config).open();
  append(log, ["a=1", "a=2"]);
  seal(log);
  append(log, ["b=1"], { producerId: 5, producerEpoch: 0, baseSequence: 0, isTransactional: true });
  for (let i = 0; i < 3; i++) seal(log);
  assertEquals((await compactNow(log, { highWatermark: 1 })).isComplete, false);
  await compactNow(log);
  assertEquals(log.compaction.firstDirtyOffset, 3, "where the undecided record's segment begins");
  assertEquals(await contents(log), ["1:a=2", "3:b=1"]);
});

Deno.test("a tombstone stays until its delete horizon, counted from its compaction", async () => {
  const rig = logRig({ ...config, deleteRetentionMs: 5000 });
  const log = await rig.open();
  append(log, ["a=1", "b=1"]);
  append(log, ["a"], { timestamp: 1234 });
  seal(log);
  append(log, ["x=1"]);
  rig.nowMs += 1e6;
  await compactNow(log);
  assertEquals(await contents(log), ["1:b=1", "2:a", "4:x=1"]);
  assertEquals(deleteHorizonOf(itemAt(await headersOf(log), 1)), rig.nowMs + 5000);
  assertEquals(itemAt(await keyedRecords(log), 1).timestamp, 1234, "deltas count from the horizon");
  rig.nowMs += 4999;
  seal(log);
  seal(log);
  await compactNow(log);
  assertEquals((await contents(log)).slice(0, 2), ["1:b=1", "2:a"]);
  rig.nowMs += 1;
  seal(log);
  await compactNow(log);
  assertEquals(await contents(log), ["1:b=1", "4:x=1"]);
});

Deno.test("batches of every codec are thinned and packed with their codec again", async () => {
  const rig = logRig({ ...config, segmentBytes: 3000 });
  const log = await rig.open({ codecs: zlibCodecs });
  const long = "long and the same ".repeat(20);
  for (const compression of compressionTypes) {
    await loadCompression(compression);
    append(log, ["a=1", `${compression}=${long}`, "a=2"], { compression });
  }
  append(log, ["a=3"]);
  seal(log, 3000);
  append(log, ["z=1"]);
  await compactNow(log);
  const kept = compressionTypes.map((compression, i) => `${3 * i + 1}:${compression}=${long}`);
  assertEquals(await contents(log), [...kept, "15:a=3", "17:z=1"]);
  const codecs = (await headersOf(log)).map(({ attributes }) => compressionOf(attributes));
  assertEquals(codecs.slice(0, 5), [...compressionTypes]);
});

Deno.test("aborted records go, and their marker later; committed ones stay", async () => {
  const rig = logRig({ ...config, deleteRetentionMs: 5000, producerIdExpirationMs: 0 });
  const log = await rig.open();
  const txn = (producerId: number) => ({
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
  });
  append(log, ["a=0"]);
  append(log, ["a=aborted", "b=aborted"], txn(5));
  append(log, ["c=committed"], txn(6));
  endTransaction(log, 5, false);
  endTransaction(log, 6, true);
  seal(log);
  seal(log);
  assertEquals(log.abortedTransactions(0, 10).length, 1);
  await compactNow(log);
  assertEquals(await contents(log), ["0:a=0", "3:c=committed"]);
  const aborted = log.abortedTransactions(0, 10);
  assertEquals(aborted.map(({ producerId }) => producerId), [5], "while a batch of it is there");
  const kinds = async () =>
    (await headersOf(log)).filter((each) => each.producerId >= 0)
      .map((each) => [each.baseOffset, each.recordCount, each.isControl]);
  const marks = [[4, 1, true], [5, 1, true]];
  // Producer 5's last sequence is known by a batch without records.
  assertEquals(await kinds(), [[1, 0, false], [3, 1, false], ...marks]);

  log.maintain(rig.nowMs + 1);
  seal(log);
  await compactNow(log);
  assertEquals(await kinds(), [[3, 1, false], ...marks]);
  assertEquals(deleteHorizonOf(itemAt(await headersOf(log), 2)), undefined);
  seal(log);
  await compactNow(log);
  assertEquals(deleteHorizonOf(itemAt(await headersOf(log), 2)), rig.nowMs + 5000);
  assertEquals(log.abortedTransactions(0, 10), []);
  rig.nowMs += 5000;
  seal(log);
  await compactNow(log);
  assertEquals(await kinds(), [[3, 1, false], [5, 1, true]]);
  assertEquals(await contents(log), ["0:a=0", "3:c=committed"]);
});

Deno.test("producers go on after a compaction and a crash, without a snapshot too", async () => {
  const rig = logRig(config);
  const log = await rig.open();
  const by = (baseSequence: number) => ({ producerId: 9, producerEpoch: 2, baseSequence });
  append(log, ["a=1"], by(0));
  append(log, ["a=2", "b=1"], by(1));
  append(log, ["a=3"]);
  append(log, ["b=2"]);
  seal(log);
  seal(log);
  await compactNow(log);
  assertEquals((await contents(log)).length, 2);
  for (const name of rig.files.list(log.folder)) {
    if (name.endsWith(".snapshot")) rig.files.remove(`${log.folder}/${name}`);
  }
  const again = await rig.open();
  assertEquals(append(again, ["a=2", "b=1"], by(1)).duplicate, true);
  const gap = again.append(keyedBatch(["c=1"], by(4)), { leaderEpoch: 0, origin: "client" });
  assertEquals(gap.ok, false);
  assertEquals(append(again, ["c=1"], by(3)).duplicate, false);
});

Deno.test("a map too small for all keys is used again and again until all is clean", async () => {
  const log = await logRig(config).open();
  const texts = Array.from({ length: 90 }, (_, i) => `key-${(i * 7) % 30}=${i}`);
  for (let i = 0; i < 90; i += 3) append(log, texts.slice(i, i + 3));
  seal(log);
  seal(log);
  let runs = 0;
  const keyMapBytes = 24 * 10;
  while ((await compactNow(log, { keyMapBytes })).isComplete) {
    runs++;
    const records = await keyedRecords(log);
    assertEquals(tableOf(records.map(textOf)).size, 31);
  }
  assert(runs > 3, `${runs} runs`);
  const kept = (await contents(log)).map((text) => text.slice(text.indexOf(":") + 1));
  assertEquals(new Set(kept).size, 30);
  assertEquals(tableOf(kept), tableOf(texts));
  assertEquals(kept.length < 60, true, "most old values are gone");
});

Deno.test("records below the least lag stay, those above the most make it due", async () => {
  const rig = logRig({ ...config, minCompactionLagMs: 1000, minCleanableDirtyRatio: 1 });
  const log = await rig.open();
  const assess = () => log.compaction.assess({ highWatermark: log.logEndOffset });
  append(log, ["a=1"], { timestamp: rig.nowMs });
  append(log, ["a=2"], { timestamp: rig.nowMs });
  rig.nowMs += 999;
  seal(log);
  seal(log);
  assertEquals((await assess())?.dirtyBytes, 0);
  rig.nowMs += 1;
  assertEquals((await assess())?.isDue, false);
  rig.config.maxCompactionLagMs = 500;
  assertEquals((await assess())?.isDue, true);
  const other = logRig({ ...config, maxCompactionLagMs: 500, minCleanableDirtyRatio: 1 });
  const idle = await other.open();
  append(idle, ["a=1", "a=2"], { timestamp: other.nowMs });
  other.nowMs += 501;
  assertEquals((await idle.compaction.assess({ highWatermark: 2 }))?.isDue, true, "it is rolled");
});

Deno.test("small neighbours become one segment, up to the segment size", async () => {
  const rig = logRig(config);
  const log = await rig.open();
  for (let i = 0; i < 40; i++) append(log, [`key-${i % 6}=${"v".repeat(150)}`]);
  const logs = () => rig.files.list(log.folder).filter((name) => name.endsWith(".log"));
  const before = logs();
  await compactNow(log);
  const after = logs();
  assert(before.length >= 9 && after.length <= 3, `${before.length} became ${after.length}`);
  for (const name of after) assert(contentOf(rig.files, `${log.folder}/${name}`).length <= 1000);
  rig.nowMs += 60_000;
  log.maintain(rig.nowMs);
  assertEquals(rig.files.list(log.folder).filter((name) => name.endsWith(".deleted")), []);
});

Deno.test("who reads or appends meanwhile sees a log that holds", async () => {
  const log = await logRig({ ...config, fileDeleteDelayMs: 0 }).open();
  for (let i = 0; i < 200; i++) append(log, [`key-${i % 20}=${i}`]);
  const compaction = compactNow(log);
  let written = 200;
  let isDone = false;
  compaction.finally(() => isDone = true);
  while (!isDone) {
    append(log, [`key-${written % 20}=${written++}`]);
    const table = tableOf((await keyedRecords(log)).map(textOf));
    assertEquals(table.size, 20);
    assertEquals(table.get(`key-${(written - 1) % 20}`), String(written - 1));
    assertEquals((await log.offsetForTimestamp(1))?.timestampMs, 1000);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals((await compaction).isComplete, true);
});

Deno.test("closing or deleting a log ends its compaction, and so does retention", async () => {
  for (const end of ["close", "delete", "retain"] as const) {
    const rig = logRig(config);
    const log = await rig.open();
    for (let i = 0; i < 50; i++) append(log, [`key-${i}=${"x".repeat(200)}`, `key-${i}=1`]);
    const compaction = compactNow(log, { bytesPerSecond: 1000 });
    await new Promise((resolve) => setTimeout(resolve));
    if (end === "retain") await log.deleteRecordsBefore(30);
    else await log[end]();
    if (end === "retain") {
      await log.compaction.stop();
      assertEquals(log.logStartOffset, 30);
    }
    assertEquals((await compaction).isComplete, false, end);
    if (end === "delete") continue;
    const names = rig.files.list(log.folder).filter((name) => name.endsWith(".cleaned"));
    assertEquals(names, [], end);
  }
});

Deno.test("a log that is cut back, and goes on, ends its compaction", async () => {
  const rig = logRig(config);
  const log = await rig.open();
  for (let i = 0; i < 10; i++) append(log, [`key-${i}=${"x".repeat(200)}`, `key-${i}=1`]);
  const active = rig.files.list(log.folder).filter((name) => name.endsWith(".log")).at(-1)!;
  const compaction = compactNow(log, { bytesPerSecond: 1000 });
  await new Promise((resolve) => setTimeout(resolve));
  // The last segment that it compacts is the active one from now on.
  await log.truncateTo(parseInt(active));
  const expected = await contents(log);
  for (let i = 0; i < 20; i++) {
    const offset = log.logEndOffset;
    append(log, [`later-${i}=${"y".repeat(100)}`]);
    expected.push(`${offset}:later-${i}=${"y".repeat(100)}`);
  }
  assertEquals((await compaction).isComplete, false);
  assertEquals(await contents(log), expected);
  assertEquals((await compactNow(log)).isComplete, true);
  const kept = expected.filter((text) => !/key-.=x/.test(text));
  assertEquals((await contents(log)).filter((text) => !/key-.=x/.test(text)), kept);
  await log.close();
});

Deno.test("a batch that cannot be read stops compaction and changes nothing", async () => {
  const rig = logRig(config);
  const log = await rig.open();
  append(log, ["a=1"]);
  append(log, ["a=2"]);
  seal(log);
  seal(log);
  await log.close();
  const path = `${log.folder}/00000000000000000000.log`;
  const bytes = contentOf(rig.files, path);
  bytes[bytes.length - 1]! ^= 1;
  replaceContent(rig.files, path, bytes);
  const again = await rig.open({ cleanShutdown: true });
  await assertRejects(() => compactNow(again), DecodeFault, "checksum");
  assertEquals(contentOf(rig.files, path), bytes);
  const names = rig.files.list(log.folder);
  assertEquals(names.filter((name) => /cleaned|swap|deleted/.test(name)), []);
});

Deno.test("a full disk stops compaction, which goes on when there is room again", async () => {
  const rig = logRig(config);
  const log = await rig.open();
  for (let i = 0; i < 60; i++) append(log, [`key-${i % 5}=${i}`]);
  rig.faults.append = true;
  await assertRejects(() => compactNow(log), Error, "append failed on purpose");
  rig.faults.append = false;
  assertEquals(log.refusal, undefined);
  assertEquals((await compactNow(log)).isComplete, true);
  assertEquals(tableOf((await keyedRecords(log)).map(textOf)).size, 5);
});

Deno.test("compaction goes on where it was after a restart", async () => {
  const rig = logRig(config);
  const log = await rig.open();
  for (let i = 0; i < 60; i++) append(log, [`key-${i % 5}=${i}`]);
  await compactNow(log);
  await log.close();
  const { firstDirtyOffset } = log;
  assert(firstDirtyOffset !== undefined && firstDirtyOffset > 0);
  const again = await rig.open({ cleanShutdown: true, firstDirtyOffset });
  const outlook = await again.compaction.assess({ highWatermark: again.logEndOffset });
  assertEquals(outlook?.dirtyBytes, 0);
});

/** Memory that notes the most of it that was out at once. */
function watchedMemory(bytesMax: number) {
  const memory = new MemoryShare(() => bytesMax);
  let most = 0;
  const take = memory.take.bind(memory);
  memory.take = (bytes) => {
    const wait = take(bytes);
    most = Math.max(most, memory.bytes);
    return wait;
  };
  return { memory, most: () => most };
}

Deno.test("batches of megabytes are compacted with a window of them in memory", async () => {
  const size = 3_000_000;
  const text = (letter: string) => letter.repeat(size);
  for (const compression of compressionTypes) {
    await loadCompression(compression);
    const large = { segmentBytes: 10_000_000, maxMessageBytes: 20_000_000 };
    const rig = logRig({ ...config, ...large });
    const log = await rig.open();
    const records = [`a=${text("1")}`, `b=${text("2")}`, "gone", `c=${text("3")}`];
    append(log, records, { compression });
    append(log, [`b=${text("4")}`], { compression });
    for (let i = 0; i < 20; i++) seal(log, 500_000);
    append(log, ["a=last"]);
    const answers = watchedMemory(20_000_000);
    const work = watchedMemory(30_000_000);
    const memory = { answers: answers.memory, work: work.memory };
    const { isComplete } = await compactNow(log, { memory });
    assert(isComplete, compression);
    const left = (await contents(log)).map((each) => each.slice(0, 6));
    assertEquals(left, ["0:a=11", "2:gone", "3:c=33", "4:b=44", "25:a=l"], compression);
    assertEquals([answers.memory.bytes, work.memory.bytes], [0, 0]);
    // What is not packed is read whole; of the rest a window is claimed, and what comes of it.
    if (compression !== "none") assert(work.most() < 9_000_000, `${work.most()}, ${compression}`);
    assert(work.most() > 0, compression);
  }
});

Deno.test("a batch of megabytes gets a delete horizon for its tombstones, too", async () => {
  const rig = logRig({ ...config, segmentBytes: 5000, deleteRetentionMs: 5000 });
  const log = await rig.open();
  append(log, [`a=${"1".repeat(3_000_000)}`, "gone"], { compression: "gzip" });
  seal(log, 5000);
  append(log, ["z=last"]);
  assert((await compactNow(log)).isComplete);
  const [header = missing()] = await headersOf(log);
  assertEquals(deleteHorizonOf(header), rig.nowMs + 5000);
  const times = (await keyedRecords(log)).map(({ timestamp }) => timestamp);
  assertEquals(times.slice(0, 2), [1000, 1000]);
});
