import { assert, assertEquals } from "@std/assert";
import { appendOk, batchOf, logRig, recordsFrom } from "../../../tests/harness/log_rig.ts";
import { baseOffsetOf } from "../../records/mod.ts";
import { ReadAhead } from "../mod.ts";

/** A log of `count` batches that a process before this one wrote: all of it is cold. */
async function coldLog(count: number, readAhead: ReadAhead) {
  const rig = logRig();
  const writer = await rig.open();
  for (let i = 0; i < count; i++) appendOk(writer, batchOf([`${i}`.padEnd(400, ".")]));
  await writer.close();
  const log = await rig.open({ cleanShutdown: true, readAhead });
  return { rig, log, batchBytes: batchOf(["0".padEnd(400, ".")]).length };
}

Deno.test("a consumer that replays old records reads once for several requests", async () => {
  const { rig, log, batchBytes } = await coldLog(80, new ReadAhead(1024 * 1024));
  const before = rig.coldReadCount;
  let offset = 0;
  while (offset < 80) {
    const o = { offset, endOffset: 80, maxBytes: 40 * batchBytes, minOneBatch: true };
    const { bytes, nextOffset } = await log.read(o);
    assertEquals(bytes.length / batchBytes, nextOffset - offset);
    offset = nextOffset;
  }
  const whole = rig.coldReadCount - before;
  assert(whole <= 3, `${whole} reads`);
});

Deno.test("what is kept is bounded, whoever reads", async () => {
  const readAhead = new ReadAhead(64 * 1024);
  const { log, batchBytes } = await coldLog(400, readAhead);
  for (let offset = 0; offset < 400;) {
    const o = { offset, endOffset: 400, maxBytes: 20 * batchBytes, minOneBatch: true };
    offset = (await log.read(o)).nextOffset;
    assert(readAhead.size <= 64 * 1024);
  }
  assert(readAhead.size > 0);
});

Deno.test("records that were cut off are not read from what was kept", async () => {
  const { log, batchBytes } = await coldLog(80, new ReadAhead(1024 * 1024));
  const o = { endOffset: 80, maxBytes: 20 * batchBytes, minOneBatch: true };
  const { nextOffset } = await log.read({ offset: 0, ...o });
  await log.read({ offset: nextOffset, ...o });
  await log.truncateTo(10);
  for (let i = 0; i < 70; i++) appendOk(log, batchOf([`new ${i}`.padEnd(400, ".")]));
  const values = (await recordsFrom(log)).map(({ value }) => new TextDecoder().decode(value!));
  assertEquals(values.slice(9, 12).map((value) => value.replaceAll(".", "")), [
    "9",
    "new 0",
    "new 1",
  ]);
});

Deno.test("memory of what was read is used again once readers have given it back", async () => {
  const readAhead = new ReadAhead(1024 * 1024);
  const { log, batchBytes } = await coldLog(800, readAhead);
  const o = { endOffset: 800, maxBytes: 20 * batchBytes, minOneBatch: true };
  const buffers = new Set<ArrayBufferLike>();
  for (let round = 0; round < 5; round++) {
    for (let offset = 0; offset < 800;) {
      const { bytes, nextOffset } = await log.read({ offset, ...o });
      assertEquals(baseOffsetOf(bytes), offset);
      buffers.add(bytes.buffer);
      readAhead.buffers.release(bytes);
      offset = nextOffset;
    }
  }
  assert(buffers.size < 10, `${buffers.size} buffers`);
});

Deno.test("what a reader has not given back stays as it is, whatever others read", async () => {
  const readAhead = new ReadAhead(256 * 1024);
  const { log, batchBytes } = await coldLog(800, readAhead);
  const o = { endOffset: 800, maxBytes: 20 * batchBytes, minOneBatch: true };
  const { bytes } = await log.read({ offset: 0, ...o });
  const before = bytes.slice();
  for (let offset = 0; offset < 800;) {
    const read = await log.read({ offset, ...o });
    readAhead.buffers.release(read.bytes);
    offset = read.nextOffset;
  }
  assertEquals(bytes, before);
});

Deno.test("what no consumer comes back for is forgotten after some sweeps", async () => {
  const readAhead = new ReadAhead(1024 * 1024);
  const { log, batchBytes } = await coldLog(800, readAhead);
  const o = { endOffset: 800, maxBytes: 20 * batchBytes, minOneBatch: true };
  let offset = 0;
  for (let i = 0; i < 5; i++) {
    const read = await log.read({ offset, ...o });
    readAhead.buffers.release(read.bytes);
    offset = read.nextOffset;
    readAhead.sweep();
  }
  assert(readAhead.size > 0);
  for (let i = 0; i < 10; i++) readAhead.sweep();
  assertEquals([readAhead.size, readAhead.buffers.spareBytes], [0, 0]);
  const { nextOffset } = await log.read({ offset, ...o });
  assert(nextOffset > offset);
});
