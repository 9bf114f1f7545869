import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../base/bytes.ts";
import {
  appendOk,
  batchOf,
  contentOf,
  logRig,
  recordsFrom,
  replaceContent,
} from "../../../tests/harness/log_rig.ts";
import { firstOf } from "../../base/items.ts";
import { zlibCodecs as codecs } from "../../runtime/codecs.ts";
import { carryOutRepair, inspectBatches, planRepair } from "../mod.ts";

const folder = "/data/orders-0";
const first = `${folder}/00000000000000000000.log`;
const letters = [..."abcdefgh"];
const valuesOf = async (log: Parameters<typeof recordsFrom>[0]) =>
  (await recordsFrom(log)).map((record) => fromUtf8(record.value!));

/** A closed log of one batch per letter, spoiled by `spoil`. */
async function spoiled(spoil: (bytes: Uint8Array, size: number) => Uint8Array, config = {}) {
  const rig = logRig(config);
  const log = await rig.open();
  for (const letter of letters) appendOk(log, batchOf([letter]));
  await log.close();
  const whole = contentOf(rig.files, first);
  const size = batchOf(["a"]).length;
  replaceContent(rig.files, first, spoil(whole.slice(), size));
  return { rig, size };
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  bytes[position]! ^= 1;
  return bytes;
}

Deno.test("repair keeps a bad batch aside, and what follows keeps its offsets", async () => {
  const { rig, size } = await spoiled((bytes, size) => flipped(bytes, 3 * size - 1));
  const { steps, gaps } = await planRepair(rig.files, folder, { fillGaps: false });
  assertEquals(gaps, []);
  assertEquals(steps.map((step) => [step.position, step.endPosition]), [[2 * size, 3 * size]]);
  assertEquals(steps.map((step) => [step.fromOffset, step.toOffset]), [[2, 3]]);
  const kept = await carryOutRepair(rig.files, folder, { steps, codecs });
  assertEquals(kept, [`${folder}/00000000000000000002.cut`]);
  assertEquals(contentOf(rig.files, firstOf(kept)).length, size);
  const log = await rig.open({ recoveryPoint: 0 });
  assertEquals([log.refusal, log.logEndOffset], [undefined, 8]);
  assertEquals(await valuesOf(log), letters.filter((letter) => letter !== "c"));
  assertEquals(appendOk(log, batchOf(["i"])).baseOffset, 8);
});

Deno.test("repair cuts an end that nothing good follows", async () => {
  const { rig, size } = await spoiled((bytes, size) => flipped(bytes, 7 * size + 30));
  const { steps } = await planRepair(rig.files, folder, { fillGaps: false });
  assertEquals(steps.map((step) => [step.fromOffset, step.toOffset]), [[7, undefined]]);
  await carryOutRepair(rig.files, folder, { steps, codecs });
  assertEquals(contentOf(rig.files, first).length, 7 * size);
  const log = await rig.open();
  assertEquals([log.refusal, await valuesOf(log)], [undefined, letters.slice(0, 7)]);
});

Deno.test("an end that is gone before the next segment is bridged", async () => {
  const { rig } = await spoiled((bytes, size) => bytes.subarray(0, size + 20), {
    segmentBytes: 260,
  });
  const { steps } = await planRepair(rig.files, folder, { fillGaps: false });
  assertEquals(steps.length, 1);
  assertEquals(firstOf(steps).fromOffset, 1);
  await carryOutRepair(rig.files, folder, { steps, codecs });
  const log = await rig.open();
  assertEquals([log.refusal, log.logEndOffset], [undefined, 8]);
  const lost = letters.slice(1, firstOf(steps).toOffset);
  assertEquals(await valuesOf(log), letters.filter((letter) => !lost.includes(letter)));
});

Deno.test("missing batches are a gap, which is bridged only when asked", async () => {
  const { rig, size } = await spoiled((bytes, size) => {
    bytes.copyWithin(3 * size, 4 * size);
    return bytes.subarray(0, 7 * size);
  });
  const left = await planRepair(rig.files, folder, { fillGaps: false });
  assertEquals(left, { steps: [], gaps: [{ fromOffset: 3, toOffset: 4 }] });
  const { steps } = await planRepair(rig.files, folder, { fillGaps: true });
  assertEquals(steps.map((step) => [step.position, step.endPosition]), [[3 * size, 3 * size]]);
  assertEquals(await carryOutRepair(rig.files, folder, { steps, codecs }), []);
  const log = await rig.open();
  assertEquals([log.refusal, log.logEndOffset], [undefined, 8]);
  assertEquals(await valuesOf(log), letters.filter((letter) => letter !== "d"));
});

Deno.test("a repaired log needs no repair, wherever one bit was wrong", async () => {
  const { rig, size } = await spoiled((bytes) => bytes);
  const whole = contentOf(rig.files, first);
  for (let position = 0; position < 3 * size; position++) {
    replaceContent(rig.files, first, flipped(whole.slice(), position));
    const { steps } = await planRepair(rig.files, folder, { fillGaps: false });
    await carryOutRepair(rig.files, folder, { steps, codecs });
    const again = await planRepair(rig.files, folder, { fillGaps: false });
    assertEquals(again.steps, [], `a bit at ${position}`);
    const kept = await offsetsIn(rig);
    assert(
      kept.length >= letters.length - 2,
      `a bit at ${position} cost ${letters.length - kept.length}`,
    );
  }
});

/** First offsets of the batches that have records. */
async function offsetsIn(rig: Awaited<ReturnType<typeof spoiled>>["rig"]): Promise<number[]> {
  const file = rig.files.open(first, "read");
  const offsets: number[] = [];
  for await (const found of inspectBatches(file, { baseOffset: 0 })) {
    if ("header" in found && found.header.recordCount > 0) offsets.push(found.header.baseOffset);
  }
  file.close();
  return offsets;
}
