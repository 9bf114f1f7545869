import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import { UsageFault } from "../../base/faults.ts";
import { murmur2 } from "./murmur2.ts";
import type { Random } from "../../runtime/ports.ts";
import type { TopicMetadata } from "../metadata.ts";
import { partitionForKey, TopicPartitioner } from "./partitioner.ts";

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

function topicOf(leaders: number[]): TopicMetadata {
  const partitions = leaders.map((leader, partition) => ({
    partition,
    leader,
    leaderEpoch: 0,
    replicas: [],
    isr: [],
  }));
  return { name: "orders", id: ZERO_UUID, isInternal: false, errorCode: 0, partitions };
}

const random: Random = { uint32: () => 0, bytes: (length) => new Uint8Array(length) };
const keyless = { key: null, value: null, headers: [] };

Deno.test("records without a key stay on a partition until its batch is sent", () => {
  let next = 0;
  const partitioner = new TopicPartitioner("murmur2", { ...random, uint32: () => next++ });
  const topic = topicOf([1, 1, 1]);
  const chosen = () => partitioner.choose(topic, keyless);
  const first = chosen();
  assertEquals(chosen(), first);
  assert(!partitioner.moveOn((first + 1) % 3));
  assertEquals(chosen(), first);
  assert(partitioner.moveOn(first));
  assertEquals(chosen(), (first + 1) % 3);
  assertEquals(partitioner.choose(topicOf([-1, -1, 1, -1]), keyless), 2, "one that is led");
});

Deno.test("partitions are dealt in turn, or chosen by the program", () => {
  const topic = topicOf([1, -1, 1]);
  const inTurn = new TopicPartitioner("roundRobin", random);
  assertEquals([1, 2, 3].map(() => inTurn.choose(topic, keyless)), [0, 2, 0]);
  const own = new TopicPartitioner(({ value }, { count }) => value!.length % count, random);
  assertEquals(own.choose(topic, { ...keyless, value: utf8("four4") }), 2);
  const wrong = new TopicPartitioner(() => NaN, random);
  assertThrows(() => wrong.choose(topic, keyless), UsageFault, "the partitioner's choice");
});
