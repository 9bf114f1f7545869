import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { SpareBuffers } from "./spare_buffers.ts";

Deno.test("what was put aside last is used again first, by who wants its size", () => {
  const spare = new SpareBuffers(1000);
  const [first, second, other] = [spare.take(100), spare.take(100), spare.take(200)];
  for (const buffer of [first, second, other]) spare.put(buffer);
  assertEquals(spare.bytes, 400);
  assertStrictEquals(spare.take(100), second);
  assertStrictEquals(spare.take(100), first);
  assertNotStrictEquals(spare.take(100), first);
  assertEquals(spare.bytes, 200);
});

Deno.test("sizes that are wanted no more make room for those that are", () => {
  const spare = new SpareBuffers(300);
  const old = [spare.take(100), spare.take(100), spare.take(100)];
  for (const buffer of old) spare.put(buffer);
  const wanted = spare.take(150);
  spare.put(wanted);
  assertEquals(spare.bytes, 250);
  assertStrictEquals(spare.take(150), wanted);
  assertEquals(old.map(({ byteLength }) => byteLength), [0, 0, 100]);
});

Deno.test("one that is larger than all there may be is freed at once", () => {
  const spare = new SpareBuffers(300);
  const [large, small] = [spare.take(301), spare.take(1)];
  for (const buffer of [small, large]) spare.put(buffer);
  assertEquals([large.byteLength, small.byteLength, spare.bytes], [0, 1, 1]);
});

Deno.test("what nobody takes for long is freed, and what goes round stays", () => {
  const spare = new SpareBuffers(1000);
  const busy = spare.take(100);
  const idle = spare.take(100);
  spare.put(idle);
  spare.put(busy);
  for (let i = 0; i < 10; i++) {
    spare.sweep();
    assertStrictEquals(spare.take(100), busy);
    spare.put(busy);
  }
  assertEquals([idle.byteLength, spare.bytes], [0, 100]);
  for (let i = 0; i < 10; i++) spare.sweep();
  assertEquals([busy.byteLength, spare.bytes], [0, 0]);
});
