import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { concatBytes, fromUtf8 } from "../../base/bytes.ts";
import {
  appendOk,
  batchOf,
  contentOf,
  logRig,
  recordsFrom,
  replaceContent,
} from "../../../tests/harness/log_rig.ts";
import { itemAt } from "../../base/items.ts";
import { planRepair } from "./repair.ts";

const first = "/data/orders-0/00000000000000000000.log";
const small = { segmentBytes: 400, indexIntervalBytes: 100 };
const valuesOf = async (log: Parameters<typeof recordsFrom>[0]) =>
  (await recordsFrom(log)).map((record) => fromUtf8(record.value!));
const letters = [..."abcdefghijklmnopqrst"];

async function rigWith(values: readonly string[], config = {}) {
  const rig = logRig(config);
  const log = await rig.open();
  for (const value of values) appendOk(log, batchOf([value]), 2);
  return { rig, log };
}

Deno.test("partition log truncates a torn batch on open and says so", async () => {
  const { rig } = await rigWith(["a", "b"]);
  const whole = contentOf(rig.files, first);
  replaceContent(rig.files, first, whole.subarray(0, whole.length - 3));
  const log = await rig.open();
  assertEquals([log.refusal, log.logEndOffset, await valuesOf(log)], [undefined, 1, ["a"]]);
  assert(rig.lines.some((line) => line.startsWith("warn cut the torn tail")), rig.lines.join("\n"));
  assertEquals(appendOk(log, batchOf(["c"])).baseOffset, 1);
});

Deno.test("whatever garbage follows the last good batch, nothing good is lost", async () => {
  const { rig } = await rigWith(["a", "b", "c"]);
  const whole = contentOf(rig.files, first);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (tail) => {
      replaceContent(rig.files, first, concatBytes([whole, tail]));
      const log = await rig.open();
      assertEquals([log.refusal, log.logEndOffset], [undefined, 3]);
      assertEquals(await valuesOf(log), ["a", "b", "c"]);
      assertEquals(contentOf(rig.files, first), whole);
    }),
  );
});

Deno.test("cut anywhere, the log holds the batches that were whole", async () => {
  const { rig } = await rigWith(["a", "b", "c"]);
  const whole = contentOf(rig.files, first);
  const size = whole.length / 3;
  for (let length = 0; length <= whole.length; length++) {
    replaceContent(rig.files, first, whole.subarray(0, length));
    const log = await rig.open();
    assertEquals([log.refusal, log.logEndOffset], [undefined, Math.floor(length / size)]);
  }
});

Deno.test("a flipped bit with good batches behind it is damage and never cut", async () => {
  const { rig } = await rigWith(["a", "b", "c", "d"]);
  const whole = contentOf(rig.files, first);
  const size = whole.length / 4;
  for (let position = size; position < 2 * size; position++) {
    const spoiled = whole.slice();
    spoiled[position]! ^= 0x40;
    replaceContent(rig.files, first, spoiled);
    const log = await rig.open();
    assertEquals(contentOf(rig.files, first), spoiled, `byte ${position - size}`);
    assert(log.refusal !== undefined, `byte ${position - size} went unnoticed`);
    // A risen leader epoch shows at the next batch, whose epoch is lower.
    if (position - size >= 12 && position - size < 16) continue;
    assertEquals(log.logEndOffset, 4);
    const result = log.append(batchOf(["e"]), { leaderEpoch: 2, origin: "client" });
    assertEquals(result.ok ? 0 : result.errorCode, 56);
    const read = await log.read({ offset: 0, endOffset: 4, maxBytes: 1e6, minOneBatch: true });
    assertEquals([read.bytes.length, read.nextOffset], [size, 1]);
    await assertRejects(() => recordsFrom(log, { offset: 1 }), Error, "unreadable");
    const behind = await recordsFrom(log, { offset: 2 });
    assertEquals(behind.map((record) => fromUtf8(record.value!)), ["c", "d"]);
  }
});

Deno.test("a flipped offset in the last segment of a compacted log is damage", async () => {
  const { rig } = await rigWith(["a", "b", "c"], { cleanupPolicy: ["compact"] });
  const whole = contentOf(rig.files, first);
  const size = whole.length / 3;
  for (let bit = 0; bit < 3 * 64; bit++) {
    const [batch, byte] = [bit >> 6, (bit & 63) >> 3];
    const spoiled = whole.slice();
    spoiled[batch * size + byte]! ^= 1 << (bit & 7);
    replaceContent(rig.files, first, spoiled);
    const log = await rig.open();
    const at = `bit ${bit & 63} of batch ${batch}`;
    assert(log.refusal !== undefined, `${at} went unnoticed`);
    assertEquals(contentOf(rig.files, first), spoiled, at);
    if (batch < 2) assertEquals(log.logEndOffset, 3, at);
  }
});

Deno.test("a risen offset between gaps is damage of that batch alone", async () => {
  const config = { cleanupPolicy: ["compact"], segmentBytes: 1e6 } as const;
  const rig = logRig(config);
  const log = await rig.open();
  for (const value of letters) appendOk(log, batchOf([value]), 2);
  const size = log.sizeBytes / letters.length;
  const whole = contentOf(rig.files, first);
  const without = (...gone: number[]) =>
    letters.flatMap((_, i) => gone.includes(i) ? [] : [whole.subarray(i * size, (i + 1) * size)]);
  const compacted = concatBytes(without(3, 4, 8, 9));
  // The sixth batch that is left begins at 7. The next segment makes this one a sealed one.
  replaceContent(rig.files, "/data/orders-0/00000000000000000020.log", new Uint8Array(0));
  for (const bit of [4, 5, 6, 12, 30, 33, 52]) {
    const spoiled = compacted.slice();
    spoiled[5 * size + 7 - (bit >> 3)]! ^= 1 << (bit & 7);
    replaceContent(rig.files, first, spoiled);
    const again = await rig.open();
    assert(again.refusal !== undefined, `bit ${bit} went unnoticed`);
    assertEquals(again.logEndOffset, 20);
    assertEquals((await recordsFrom(again, { offset: 10 })).length, 10, `bit ${bit}`);
  }
});

Deno.test("a damaged log is not closed cleanly, so that it is found damaged again", async () => {
  const { rig } = await rigWith(["a", "b", "c"]);
  const spoiled = contentOf(rig.files, first);
  spoiled[30]! ^= 1;
  replaceContent(rig.files, first, spoiled);
  for (let i = 0; i < 2; i++) {
    const log = await rig.open();
    assert(log.refusal?.startsWith("damaged"), log.refusal);
    await log.close();
    assertEquals(log.isClosedCleanly, false);
  }
});

Deno.test("a bad batch below the recovery point is damage, even at the end", async () => {
  const { rig } = await rigWith(["a", "b", "c"]);
  const whole = contentOf(rig.files, first);
  replaceContent(rig.files, first, whole.subarray(0, whole.length - 1));
  const log = await rig.open({ recoveryPoint: 3 });
  assert(log.refusal !== undefined);
  assertEquals(log.logEndOffset, 3);
  assertEquals(contentOf(rig.files, first).length, whole.length - 1);
  await assertRejects(() => recordsFrom(log, { offset: 2 }), Error, "unreadable");
});

Deno.test("a missing end of a sealed segment is damage", async () => {
  const { rig } = await rigWith(letters, small);
  const whole = contentOf(rig.files, first);
  replaceContent(rig.files, first, whole.subarray(0, whole.length - batchOf(["x"]).length));
  const log = await rig.open({ machineRestarted: false });
  assert(log.refusal?.includes("missing"), log.refusal);
  assertEquals(log.logEndOffset, letters.length);
  assertEquals((await recordsFrom(log, { offset: 5 })).length, letters.length - 5);
});

Deno.test("missing and spoiled index files are built again", async () => {
  const { rig, log } = await rigWith(letters, small);
  await log.close();
  for (const spoil of ["remove", "zeros", "noise", "cut"]) {
    for (const name of rig.files.list(log.folder)) {
      const path = `${log.folder}/${name}`;
      if (!/index$|snapshot$|epoch-checkpoint$/.test(name)) continue;
      if (spoil === "remove") {
        rig.files.remove(path);
        continue;
      }
      const bytes = contentOf(rig.files, path);
      if (spoil === "zeros") bytes.fill(0);
      else if (spoil === "noise") bytes.fill(0xa7);
      replaceContent(rig.files, path, spoil === "cut" ? bytes.subarray(0, 5) : bytes);
    }
    for (const cleanShutdown of [true, false]) {
      const again = await rig.open({ cleanShutdown });
      assertEquals([again.refusal, again.logEndOffset], [undefined, letters.length]);
      assertEquals(await valuesOf(again), letters);
      assertEquals(again.endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: letters.length });
      assertEquals((await again.offsetForTimestamp(1000))?.offset, 0);
      await again.close();
    }
  }
});

Deno.test("leftovers of deletions and compactions are put right", async () => {
  const { rig, log } = await rigWith(letters, small);
  await log.close();
  const { files } = rig;
  const logs = files.list(log.folder).filter((name) => name.endsWith(".log"));
  const second = `${log.folder}/${logs[1]}`;
  const compacted = contentOf(files, second);
  replaceContent(files, `${second}.swap`, compacted);
  files.remove(second);
  replaceContent(files, `${log.folder}/00000000000000000099.log.deleted`, compacted);
  replaceContent(files, `${log.folder}/00000000000000000098.log.cleaned`, compacted);
  replaceContent(files, `${log.folder}/00000000000000000097.index`, compacted);
  replaceContent(files, `${log.folder}/x.tmp`, compacted);
  const again = await rig.open();
  assertEquals(await valuesOf(again), letters);
  assertEquals(files.list(log.folder).filter((n) => /deleted|cleaned|swap|tmp|97/.test(n)), []);
});

Deno.test("a clean start reads only the end of the last segment", async () => {
  const { rig, log } = await rigWith(letters, small);
  await log.close();
  const spoiled = contentOf(rig.files, first);
  spoiled[70]! ^= 1;
  replaceContent(rig.files, first, spoiled);
  const again = await rig.open({ cleanShutdown: true, recoveryPoint: letters.length });
  assertEquals([again.refusal, again.logEndOffset], [undefined, letters.length]);
  assertEquals(again.recoveryPoint, letters.length);
});

Deno.test("after recovery all that holds is on disk before anyone sees it", async () => {
  const { rig } = await rigWith(["a", "b"]);
  const before = rig.syncCount;
  const log = await rig.open();
  assertEquals(log.recoveryPoint, 2);
  assert(rig.syncCount > before);
});

Deno.test("files where plain producers wrote id 0, sequence 0 again and again load", async () => {
  const rig = logRig();
  await (await rig.open()).close();
  const batches = [0, 1, 2].map((baseOffset) =>
    batchOf(["v"], { baseOffset, producerId: 0, producerEpoch: 0, baseSequence: 0 })
  );
  replaceContent(rig.files, first, concatBytes(batches));
  const log = await rig.open();
  assertEquals([log.refusal, log.logEndOffset], [undefined, 3]);
});

Deno.test("what a machine lost with its power is cut with all behind it, kept aside", async () => {
  const { rig } = await rigWith(letters, small);
  const names = rig.files.list("/data/orders-0").filter((name) => name.endsWith(".log"));
  const whole = names.map((name) => contentOf(rig.files, `/data/orders-0/${name}`));
  const size = batchOf(["x"]).length;
  const holed = itemAt(whole, 1).slice();
  holed.fill(0, size, 2 * size);
  const second = `/data/orders-0/${names[1]}`;
  const cutAt = Number(itemAt(names, 1).slice(0, 20)) + 1;
  for (const machineRestarted of [false, true]) {
    replaceContent(rig.files, second, holed);
    const log = await rig.open({ machineRestarted, recoveryPoint: cutAt });
    if (!machineRestarted) {
      assert(log.refusal?.startsWith("damaged"), log.refusal);
      continue;
    }
    assertEquals([log.refusal, log.logEndOffset], [undefined, cutAt]);
    assertEquals(await valuesOf(log), letters.slice(0, cutAt));
    const kept = contentOf(rig.files, `/data/orders-0/${String(cutAt).padStart(20, "0")}.cut`);
    assertEquals(kept, concatBytes([holed.subarray(size), ...whole.slice(2)]));
    const said = rig.lines.find((line) => line.startsWith("warn cut records")) ?? "nothing";
    assert(said.includes(`"batchesCut":${letters.length - cutAt - 1}`), said);
    appendOk(log, batchOf(["new"]), 2);
    assertEquals((await valuesOf(await rig.open())).at(-1), "new");
  }
});

Deno.test("what was lost below the recovery point is damage, restarted or not", async () => {
  const { rig } = await rigWith(["a", "b", "c"]);
  const spoiled = contentOf(rig.files, first);
  spoiled.fill(0, spoiled.length / 3, 2 * spoiled.length / 3);
  replaceContent(rig.files, first, spoiled);
  const log = await rig.open({ machineRestarted: true, recoveryPoint: 2 });
  assert(log.refusal?.startsWith("damaged"), log.refusal);
  assertEquals(contentOf(rig.files, first), spoiled);
});

Deno.test("one flipped bit never makes a whole batch a torn one, not even the last", async () => {
  const { rig } = await rigWith(["a", "b"]);
  const whole = contentOf(rig.files, first);
  for (let bit = (whole.length / 2) * 8; bit < whole.length * 8; bit++) {
    const spoiled = whole.slice();
    spoiled[bit >> 3]! ^= 1 << (bit & 7);
    replaceContent(rig.files, first, spoiled);
    for (const machineRestarted of [false, true]) {
      const log = await rig.open({ machineRestarted });
      const at = `bit ${bit & 7} of byte ${(bit >> 3) - whole.length / 2}`;
      assertEquals(contentOf(rig.files, first), spoiled, at);
      // A risen leader epoch cannot be told from a new one; the records are what was sent.
      if (log.refusal === undefined) assertEquals(await valuesOf(log), ["a", "b"], at);
    }
  }
});

Deno.test("checking begins near the last checkpoint of a log that is never at rest", async () => {
  const { rig, log } = await rigWith([]);
  const value = "v".repeat(10_000);
  let recoveryPoint = 0;
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 200; i++) appendOk(log, batchOf([value]), 2);
    // What the checkpoint says is what was synced, and that is behind always.
    log.noteRecoveryStart();
    ({ recoveryPoint } = log);
    await log.syncTo(log.logEndOffset);
  }
  assertEquals(recoveryPoint, 1400);
  const again = await rig.open({ recoveryPoint });
  assertEquals([again.refusal, again.logEndOffset], [undefined, 1600]);
  assert(again.bytesChecked < 210 * 10_200, `${again.bytesChecked} bytes were checked for 2 MB`);
  const snapshots = rig.files.list("/data/orders-0").filter((name) => name.endsWith(".snapshot"));
  assertEquals(snapshots.length, 1, "the others go when the log is opened");
});

Deno.test("checking begins near the recovery point, not at the segment's start", async () => {
  const { rig, log } = await rigWith(letters);
  const value = "v".repeat(10_000);
  for (let i = 0; i < 300; i++) appendOk(log, batchOf([value]), 2);
  await log.syncTo(log.logEndOffset);
  const { recoveryPoint } = log;
  log.noteRecoveryStart();
  for (let i = 0; i < 30; i++) appendOk(log, batchOf([value]), 2);
  const before = rig.coldReadCount;
  const again = await rig.open({ recoveryPoint });
  assertEquals([again.refusal, again.logEndOffset], [undefined, letters.length + 330]);
  const readCount = rig.coldReadCount - before;
  assert(readCount <= 3, `${readCount} reads of half a megabyte for 300 KB`);
  assertEquals((await recordsFrom(again)).length, letters.length + 330);
  // Spoiled: the index file leads nowhere, and all of the segment is checked.
  const index = first.replace(".log", ".index");
  const bytes = contentOf(rig.files, index);
  for (let i = 7; i < bytes.length; i += 8) bytes[i]! ^= 1;
  replaceContent(rig.files, index, bytes);
  const third = await rig.open({ recoveryPoint });
  assertEquals((await recordsFrom(third)).length, letters.length + 330);
});

/** A log of one batch per value, as another tool writes it: nothing but the file. */
function foreignLog(bytes: Uint8Array) {
  const rig = logRig();
  rig.files.makeFolder("/data/orders-0");
  replaceContent(rig.files, first, bytes);
  return rig;
}

const from = (baseOffset: number, values: readonly string[]) =>
  concatBytes(values.map((value, i) => batchOf([value], { baseOffset: baseOffset + i })));

Deno.test("a log that begins behind its segment's name is taken as it is", async () => {
  for (const cleanShutdown of [true, false]) {
    for (const values of [["a"], ["a", "b", "c"]]) {
      const rig = foreignLog(from(3, values));
      for (const more of ["x", "y"]) {
        const log = await rig.open({ cleanShutdown });
        assertEquals([log.refusal, log.logStartOffset], [undefined, 0]);
        assertEquals(await valuesOf(log), values);
        const found = (await recordsFrom(log)).map(({ offset }) => offset);
        assertEquals(found, values.map((_, i) => 3 + i));
        assertEquals(appendOk(log, batchOf([more])).baseOffset, 3 + values.length);
        values.push(more);
        await log.close();
      }
    }
  }
});

Deno.test("a first batch whose offset has risen is damage, by others or by epochs", async () => {
  const whole = from(0, ["a", "b", "c"]);
  for (const bit of [0, 1, 2, 9, 30]) {
    const spoiled = whole.slice();
    spoiled[7 - (bit >> 3)]! ^= 1 << (bit & 7);
    const log = await foreignLog(spoiled).open();
    assert(log.refusal !== undefined, `bit ${bit} went unnoticed`);
  }
  const { rig, log } = await rigWith(["a"]);
  await log.close();
  const spoiled = contentOf(rig.files, first).slice();
  spoiled[7]! ^= 4;
  replaceContent(rig.files, first, spoiled);
  assert((await rig.open()).refusal !== undefined);
  const { gaps } = await planRepair(rig.files, "/data/orders-0", { fillGaps: false });
  assertEquals(gaps, [{ fromOffset: 0, toOffset: 4 }]);
});
