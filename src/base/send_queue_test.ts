import { assertEquals } from "@std/assert";
import { asBytes } from "./file_part.ts";
import { firstOf } from "./items.ts";
import { SendQueue } from "./send_queue.ts";

/** A socket whose writes settle when the test says so, and what became of the chunks. */
function rig() {
  const writes: Uint8Array[] = [];
  const settled: PromiseWithResolvers<void>[] = [];
  const released: Uint8Array[] = [];
  const failures: unknown[] = [];
  let left = 0;
  const queue = new SendQueue({
    write(bytes) {
      writes.push(bytes.slice());
      const settling = Promise.withResolvers<void>();
      settled.push(settling);
      return settling.promise;
    },
    onLeft: (bytes) => left += bytes,
    onReleased: (chunk) => released.push(asBytes(chunk)),
    onFailed: (error) => failures.push(error),
  });
  const finish = async () => {
    settled.shift()?.resolve();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { queue, writes, settled, released, failures, finish, left: () => left };
}

const chunkOf = (byte: number, length = 3) => new Uint8Array(length).fill(byte);

Deno.test("what is added while a write is under way leaves with the next one, joined", async () => {
  const { queue, writes, released, finish } = rig();
  const chunks = [1, 2, 3, 4].map((byte) => chunkOf(byte));
  queue.add(firstOf(chunks));
  queue.flush();
  for (const chunk of chunks.slice(1)) queue.add(chunk);
  queue.flush();
  assertEquals(writes, [chunks[0]]);
  await finish();
  assertEquals(writes[1], Uint8Array.from([2, 2, 2, 3, 3, 3, 4, 4, 4]));
  await finish();
  assertEquals(writes.length, 2);
  assertEquals(released, chunks);
  assertEquals(queue.bytes, 0);
});

Deno.test("a large chunk is sent in parts, and small ones around it stay in order", async () => {
  const { queue, writes, released, finish, left } = rig();
  const large = chunkOf(9, 2_500_000);
  for (const chunk of [chunkOf(1), large, chunkOf(2), chunkOf(3)]) queue.add(chunk);
  const drained = queue.drained();
  const lengths: number[] = [];
  while (writes.length > 0) {
    lengths.push(writes.shift()!.length);
    await finish();
  }
  await drained;
  assertEquals(lengths, [3, 1048576, 1048576, 2_500_000 - 2 * 1048576, 6]);
  assertEquals(left(), 2_500_009);
  assertEquals(released.length, 4);
});

Deno.test("a write that fails is the last one, and every chunk is given up once", async () => {
  const { queue, writes, settled, released, failures } = rig();
  const chunks = [chunkOf(1), chunkOf(2, 100_000), chunkOf(3)];
  for (const chunk of chunks) queue.add(chunk);
  const drained = queue.drained();
  firstOf(settled).reject(new Error("reset"));
  await drained;
  queue.add(chunkOf(4));
  queue.flush();
  assertEquals(writes.length, 1);
  assertEquals(failures.map(String), ["Error: reset"]);
  assertEquals(released, [...chunks, chunkOf(4)]);
  assertEquals(queue.bytes, 0);
});

Deno.test("an end gives up what waits, and what is under way once that has settled", async () => {
  const { queue, writes, released, failures, finish } = rig();
  const [first, second] = [chunkOf(1), chunkOf(2)];
  queue.add(first);
  queue.flush();
  queue.add(second);
  queue.end();
  assertEquals(released, [second]);
  await queue.drained();
  await finish();
  assertEquals(released, [second, first]);
  assertEquals([writes.length, failures.length], [1, 0]);
});

Deno.test("a socket that takes everything at once gets it all in one go", () => {
  const writes: number[] = [];
  const queue = new SendQueue({
    write: (bytes) => void writes.push(bytes.length),
    onFailed: () => {},
  });
  queue.add(chunkOf(1, 20_000));
  queue.add(chunkOf(2));
  queue.add(chunkOf(3));
  queue.flush();
  assertEquals(writes, [20_000, 6]);
  assertEquals(queue.bytes, 0);
});
