import { assertEquals } from "@std/assert";
import { responseFrames } from "./frames.ts";

/** A socket that gives `bytes`, so many at a time, and ends. */
function socketOf(bytes: Uint8Array, atOnce: number) {
  let start = 0;
  return {
    read(into: Uint8Array): Promise<number | null> {
      const part = bytes.subarray(start, start + Math.min(atOnce, into.length));
      into.set(part);
      start += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
  };
}

/** Frames of these lengths, filled with their numbers from 1 on. */
function streamOf(lengths: readonly number[]): Uint8Array {
  return new Uint8Array(
    lengths.flatMap((length, i) => {
      const head = [length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
      return [...head, ...new Array<number>(length).fill(i + 1)];
    }),
  );
}

function isFilledWith(frame: Uint8Array, value: number): boolean {
  return frame.every((each) => each === value);
}

/** Those of more than the reader's own buffer never come at once. */
const readerBytes = 64 * 1024;
const lengths = [10, 70_000, 40_000, 200_000, 20, 100_000];

Deno.test("frames own their bytes, however these come", async () => {
  for (const atOnce of [1_000, 7_777, 1_000_000]) {
    const frames = await Array.fromAsync(responseFrames(socketOf(streamOf(lengths), atOnce)));
    assertEquals(frames.map(({ length }) => length), lengths);
    assertEquals(frames.map((frame, i) => isFilledWith(frame, i + 1)), lengths.map(() => true));
  }
});

Deno.test("a lent frame is whole until the next one, which has the same memory", async () => {
  for (const atOnce of [1_000, 7_777, 1_000_000]) {
    const seen: number[] = [];
    const memory = new Set<ArrayBufferLike>();
    const socket = socketOf(streamOf(lengths), atOnce);
    for await (const frame of responseFrames(socket, { areLent: true })) {
      seen.push(frame.length);
      assertEquals(isFilledWith(frame, seen.length), true);
      if (frame.length > readerBytes) memory.add(frame.buffer);
    }
    assertEquals(seen, lengths);
    assertEquals(memory.size, 2, "of 128 KiB, then of what the largest needs");
  }
});

Deno.test("memory for a large frame is let go of when small ones have come for long", async () => {
  const memory: ArrayBufferLike[] = [];
  const many = [200_000, ...new Array<number>(70).fill(5), 70_000];
  const socket = socketOf(streamOf(many), readerBytes);
  for await (const { length, buffer } of responseFrames(socket, { areLent: true })) {
    if (length > readerBytes) memory.push(buffer);
  }
  assertEquals(memory.map(({ byteLength }) => byteLength), [256 * 1024, 128 * 1024]);
});

Deno.test("a small frame is lent where it was read to, if nothing came with it", async () => {
  const lentFrom = async (many: readonly number[], atOnce: number) => {
    const memory = new Set<ArrayBufferLike>();
    let count = 0;
    const socket = socketOf(streamOf(many), atOnce);
    for await (const frame of responseFrames(socket, { areLent: true })) {
      assertEquals(isFilledWith(frame, ++count), true);
      memory.add(frame.buffer);
    }
    assertEquals(count, many.length);
    return memory.size;
  };
  assertEquals(await lentFrom([100, 100, 100], 104), 1);
  assertEquals(await lentFrom([100, 100, 100], 312), 3, "two copies, and the last one");
});
