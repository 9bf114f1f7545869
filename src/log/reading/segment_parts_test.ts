// Batches that are given out as parts of their files: which ones, and what of the file they are.

import { assertEquals, assertThrows } from "@std/assert";
import { appendOk, batchOf, logRig } from "../../../tests/harness/log_rig.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { FilePart, KernelFile } from "../../base/file_part.ts";
import type { PartitionLog, ReadResult } from "../mod.ts";
import type { Files, OpenFile } from "../../runtime/ports.ts";

const large = "x".repeat(40_000);

/** Files that can be sent from, as long as `isCached` has it. */
function sendable(files: Files, isCached: () => boolean): Files {
  const open: Files["open"] = (path, mode) => {
    const file = files.open(path, mode);
    const kernelFile: KernelFile = { descriptor: 1, isCached };
    return new Proxy(file, {
      get(target, name) {
        if (name === "kernelFile") return kernelFile;
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }) as OpenFile;
  };
  return { ...files, open };
}

async function logOf(values: readonly string[], isCached = () => true) {
  const rig = logRig();
  const log = await rig.open({ files: sendable(rig.files, isCached) });
  for (const value of values) appendOk(log, batchOf([value]));
  return log;
}

/** All that is in the log, and how many of the reads that took gave a part of a file. */
async function readAll(log: PartitionLog, { takesFileParts }: { takesFileParts: boolean }) {
  const endOffset = log.logEndOffset;
  const pieces: Uint8Array[] = [];
  let parts = 0;
  for (let offset = 0; offset < endOffset;) {
    const o = { offset, endOffset, maxBytes: 100_000, minOneBatch: true, takesFileParts };
    const { filePart, bytes, nextOffset }: ReadResult = await log.read(o);
    if (filePart !== undefined) parts++;
    pieces.push(filePart === undefined ? bytes.slice() : await wholeOf(filePart));
    offset = nextOffset;
  }
  return { bytes: concatBytes(pieces), parts };
}

async function wholeOf(part: FilePart): Promise<Uint8Array> {
  part.hold();
  try {
    return await part.read({ from: 0, bytes: part.length });
  } finally {
    part.release();
  }
}

Deno.test("who takes parts of files is given the same batches as who does not", async () => {
  const log = await logOf(Array.from({ length: 20 }, () => large));
  const plain = await readAll(log, { takesFileParts: false });
  const inParts = await readAll(log, { takesFileParts: true });
  assertEquals(plain.parts, 0);
  // The first read has to find its place.
  assertEquals(inParts.parts, 9);
  assertEquals(inParts.bytes, plain.bytes);
});

Deno.test("small batches, and what is not in memory, are read", async () => {
  const small = await logOf(Array.from({ length: 2_000 }, () => "x".repeat(400)));
  assertEquals((await readAll(small, { takesFileParts: true })).parts, 0);
  const cold = await logOf(Array.from({ length: 20 }, () => large), () => false);
  assertEquals((await readAll(cold, { takesFileParts: true })).parts, 0);
});

Deno.test("a part ends where its reader may not go on", async () => {
  const log = await logOf(Array.from({ length: 20 }, () => large));
  const o = { maxBytes: 1_000_000, minOneBatch: true, takesFileParts: true };
  await log.read({ ...o, offset: 0, endOffset: 1 });
  const { filePart, nextOffset } = await log.read({ ...o, offset: 1, endOffset: 5 });
  assertEquals([nextOffset, filePart?.length], [5, 4 * batchOf([large]).length]);
});

Deno.test("a part of a file that was cut meanwhile is not sent", async () => {
  const log = await logOf(Array.from({ length: 20 }, () => large));
  const o = { maxBytes: 100_000, minOneBatch: true, takesFileParts: true, endOffset: 20 };
  const { nextOffset } = await log.read({ ...o, offset: 0 });
  const found: ReadResult = await log.read({ ...o, offset: nextOffset });
  const filePart = found.filePart!;
  filePart.hold();
  await log.truncateTo(1);
  appendOk(log, batchOf([large]));
  const range = { from: 0, bytes: 100 };
  assertThrows(() => filePart.sendTo(() => 100, range), Error, "it was cut");
  filePart.release();
});
