import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { fromUtf8 } from "../base/bytes.ts";
import { firstOf } from "../base/items.ts";
import { readBatchHeader, readRecords } from "../records/mod.ts";
import type { Codecs } from "../runtime/ports.ts";
import { PartitionQueue } from "./partition_queue.ts";
import {
  deliver,
  encodeBatch,
  forgetEncoding,
  type ProduceBatch,
  recordInput,
  type RecordMetadata,
} from "./produce_batch.ts";

const codecs = {} as Codecs; // nothing here is compressed
const limits = { batchBytes: 100, nowMs: 0 };
const identity = { id: 9, epoch: 0 };

function filled(count: number) {
  const queue = new PartitionQueue({ topic: "orders", partition: 2 });
  const delivered: RecordMetadata[] = [];
  for (let i = 0; i < count; i++) {
    const record = recordInput({ topic: "orders", key: `k${i}`, value: `v${i}` }, 1000);
    queue.append({ record, resolve: (at) => delivered.push(at), reject: () => {} }, limits);
  }
  return { queue, delivered };
}

function valuesOf(bytes: Uint8Array): string[] {
  return readRecords(bytes).map((record) => fromUtf8(record.value!));
}

Deno.test("records fill a batch, and the next one when it is full", () => {
  const { queue } = filled(5);
  const first = queue.take();
  assertEquals(valuesOf(encodeBatch(first, { compression: "none", codecs })), ["v0", "v1", "v2"]);
  assertEquals(queue.hasWaiting, false, "one batch away at a time");
  queue.settle();
  assertEquals(valuesOf(encodeBatch(queue.take(), { compression: "none", codecs })), ["v3", "v4"]);
});

Deno.test("a batch that comes back is the head again, with the same bytes", () => {
  const { queue } = filled(5);
  const batch = queue.take();
  const bytes = encodeBatch(batch, {
    compression: "none",
    codecs,
    sequence: queue.nextSequence(batch.records.length, identity),
  });
  batch.attempts = 1;
  batch.notBeforeMs = 50;
  queue.giveBack(batch);
  assertEquals(queue.dueAtMs(0), 50);
  assertStrictEquals(queue.take(), batch);
  assertStrictEquals(encodeBatch(batch, { compression: "none", codecs }), bytes);
  const header = readBatchHeader(bytes);
  assertEquals([header.producerId, header.producerEpoch, header.baseSequence], [9, 0, 0]);
  forgetEncoding(batch);
  assertNotStrictEquals(encodeBatch(batch, { compression: "none", codecs }), bytes);
});

Deno.test("sequences count records under a producer id, and begin anew under another", () => {
  const queue = new PartitionQueue({ topic: "orders", partition: 0 });
  assertEquals(queue.nextSequence(3, identity).baseSequence, 0);
  assertEquals(queue.nextSequence(2 ** 31 - 4, identity).baseSequence, 3);
  assertEquals(queue.nextSequence(2, identity).baseSequence, 2 ** 31 - 1);
  assertEquals(queue.nextSequence(1, identity).baseSequence, 1, "wraps around at 2^31");
  assertEquals(queue.nextSequence(1, { id: 10, epoch: 0 }).baseSequence, 0);
});

Deno.test("a batch too large for the broker goes out as halves that do not grow", () => {
  const { queue } = filled(3);
  const batch = queue.take();
  encodeBatch(batch, { compression: "none", codecs, sequence: queue.nextSequence(3, identity) });
  queue.giveBackSplit(batch);
  const record = recordInput({ topic: "orders", value: "late" }, 1000);
  assert(queue.append({ record, resolve: () => {}, reject: () => {} }, limits).isNewBatch);
  const sent: string[][] = [];
  const sequences: number[] = [];
  while (queue.hasWaiting) {
    const half: ProduceBatch = queue.take();
    const sequence = queue.nextSequence(half.records.length, identity);
    sequences.push(sequence.baseSequence);
    sent.push(valuesOf(encodeBatch(half, { compression: "none", codecs, sequence })));
    queue.settle();
  }
  assertEquals(sent, [["v0", "v1"], ["v2"], ["late"]]);
  assertEquals(sequences, [0, 2, 3]);
});

Deno.test("delivery tells each record its offset, or that it is not known", () => {
  const { queue, delivered } = filled(2);
  deliver(queue.take(), { baseOffset: 40, logAppendTimeMs: -1 });
  assertEquals(delivered, [
    { topic: "orders", partition: 2, offset: 40, timestamp: 1000 },
    { topic: "orders", partition: 2, offset: 41, timestamp: 1000 },
  ]);
  const unknown = filled(1);
  deliver(unknown.queue.take(), { baseOffset: -1, logAppendTimeMs: 2000 });
  assertEquals(unknown.delivered, [
    { topic: "orders", partition: 2, offset: -1, timestamp: 2000 },
  ]);
});

Deno.test("headers are given by name or as pairs, text stands for its UTF-8 bytes", () => {
  const byName = recordInput({ topic: "t", headers: { a: "1", b: null } }, 0);
  const asPairs = recordInput({ topic: "t", headers: [["a", "1"], ["b", null]] }, 0);
  assertEquals(byName, asPairs);
  assertEquals(byName.key, null);
  assertEquals(fromUtf8(firstOf(byName.headers!).value!), "1");
});
