import { assert, assertEquals } from "@std/assert";
import { ColdReads } from "./cold_reads.ts";

const mebibyte = 1024 * 1024;

/** A file of so many bytes, each the number of its mebibyte; its reads end when told to. */
function fileOf(size: number) {
  const pending: { readonly bytes: number; readonly end: () => void }[] = [];
  let [bytes, bytesMax] = [0, 0];
  const file = {
    async readAtAsync(position: number, into: Uint8Array): Promise<number> {
      const { promise, resolve } = Promise.withResolvers<void>();
      bytes += into.length;
      bytesMax = Math.max(bytesMax, bytes);
      pending.push({ bytes: into.length, end: resolve });
      await promise;
      bytes -= into.length;
      const count = Math.max(0, Math.min(into.length, size - position));
      for (let i = 0; i < count; i++) into[i] = (position + i) / mebibyte;
      return count;
    },
  };
  /** Ends reads, one after another, until none begins any more; returns their sizes. */
  const drain = async () => {
    const sizes: number[] = [];
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      const read = pending.shift();
      if (read === undefined) return sizes;
      sizes.push(read.bytes / mebibyte);
      read.end();
    }
  };
  return { file, drain, bytesMax: () => bytesMax };
}

Deno.test("so many bytes are read at once, and small reads get in between large ones", async () => {
  const { file, drain, bytesMax } = fileOf(100 * mebibyte);
  const reads = new ColdReads();
  const order: string[] = [];
  const read = async (name: string, size: number) => {
    const into = new Uint8Array(size * mebibyte);
    assertEquals(await reads.read({ file, position: 0 }, into), into.length);
    assert(into.every((byte, i) => byte === Math.floor(i / mebibyte)), name);
    order.push(name);
  };
  const all = Promise.all([read("large", 18), read("other", 18), read("small", 1)]);
  const sizes = await drain();
  await all;
  assertEquals(order, ["small", "large", "other"]);
  assertEquals(sizes.reduce((sum, size) => sum + size), 37);
  assertEquals(Math.max(...sizes), 4);
  assertEquals(bytesMax(), 8 * mebibyte);
});

Deno.test("a read ends where the file does, and one that failed holds up no other", async () => {
  const { file, drain } = fileOf(5 * mebibyte);
  const reads = new ColdReads();
  const broken = { readAtAsync: () => Promise.reject(new Error("broken")) };
  for (let i = 0; i < 5; i++) {
    const into = new Uint8Array(4 * mebibyte);
    const read = reads.read({ file: broken, position: 0 }, into);
    assertEquals(await read.catch(({ message }) => message), "broken");
  }
  const read = reads.read({ file, position: 0 }, new Uint8Array(6 * mebibyte));
  await drain();
  assertEquals(await read, 5 * mebibyte);
  const behind = reads.read({ file, position: 5 * mebibyte }, new Uint8Array(100));
  await drain();
  assertEquals(await behind, 0);
});
