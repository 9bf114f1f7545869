import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ReadBuffers } from "../mod.ts";
import { bufferBytesMax } from "./read_buffers.ts";

const bytes = 100 * 1024;

Deno.test("a buffer that nobody holds any more is used again, for any length that it fits", () => {
  const buffers = new ReadBuffers(1024 * 1024);
  const first = buffers.take(bytes);
  buffers.hold(first);
  buffers.release(first.subarray(10, 20));
  assertEquals(buffers.spareBytes, 128 * 1024);
  const second = buffers.take(bytes + 1000);
  assertStrictEquals(second.buffer, first.buffer);
  assertEquals(second.length, bytes + 1000);
  assertEquals(buffers.spareBytes, 0);
});

Deno.test("a buffer with a holder left is not used again", () => {
  const buffers = new ReadBuffers(1024 * 1024);
  const shared = buffers.take(bytes);
  buffers.hold(shared);
  buffers.hold(shared);
  buffers.release(shared);
  assertNotStrictEquals(buffers.take(bytes).buffer, shared.buffer);
  buffers.release(shared);
  assertStrictEquals(buffers.take(bytes).buffer, shared.buffer);
});

Deno.test("what is kept to be used again is bounded", () => {
  const buffers = new ReadBuffers(300 * 1024);
  const taken = Array.from({ length: 10 }, () => buffers.take(bytes));
  for (const each of taken) buffers.hold(each);
  for (const each of taken) buffers.release(each);
  assertEquals(buffers.spareBytes, 256 * 1024);
});

Deno.test("small arrays and those of others are let alone", () => {
  const buffers = new ReadBuffers(1024 * 1024);
  for (const each of [buffers.take(100), new Uint8Array(bytes)]) {
    buffers.hold(each);
    buffers.release(each);
    buffers.release(each);
    assert(each.length > 0);
  }
  assertEquals(buffers.spareBytes, 0);
});

Deno.test("what is too large to be kept is freed at once", () => {
  const buffers = new ReadBuffers(1024 * 1024);
  for (const length of [bufferBytesMax, bufferBytesMax + 1]) {
    const large = buffers.take(length);
    buffers.hold(large);
    assertEquals(large.length, length);
    buffers.release(large);
    assertEquals(large.length, 0);
    assertEquals(buffers.spareBytes, 0);
  }
});

Deno.test("a release too many is a mistake that shows", () => {
  const buffers = new ReadBuffers(1024 * 1024);
  const once = buffers.take(bytes);
  buffers.hold(once);
  buffers.release(once);
  assertThrows(() => buffers.release(once), Error, "more often than held");
  assert(buffers.spareBytes > 0);
});
