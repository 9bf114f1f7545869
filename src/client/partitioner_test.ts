import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { murmur2 } from "./murmur2.ts";
import { partitionForKey, StickyPartitioner } from "./partitioner.ts";

Deno.test("murmur2 agrees with the vectors in Kafka's own tests", () => {
  const vectors: [string, number][] = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ];
  for (const [text, hash] of vectors) assertEquals(murmur2(utf8(text)), hash, text);
});

Deno.test("a key always lands on one partition within the topic", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1000 }), (key, count) => {
    const partition = partitionForKey(key, count);
    assert(Number.isInteger(partition) && partition >= 0 && partition < count);
    assertEquals(partitionForKey(key.slice(), count), partition);
  }));
});

Deno.test("records without a key stay on a partition until its batch is sent", () => {
  let next = 0;
  const sticky = new StickyPartitioner({
    uint32: () => next++,
    bytes: (length) => new Uint8Array(length),
  });
  const available = [0, 1, 2];
  assertEquals(sticky.partition("orders", available), 0);
  assertEquals(sticky.partition("orders", available), 0);
  sticky.onBatchSent("orders", 2);
  assertEquals(sticky.partition("orders", available), 0);
  sticky.onBatchSent("orders", 0);
  assertEquals(sticky.partition("orders", available), 1);
  assertEquals(sticky.partition("orders", [2]), 2, "an unavailable partition is left");
});
