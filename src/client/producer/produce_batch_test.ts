import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { fromUtf8 } from "../../base/bytes.ts";
import { firstOf } from "../../base/items.ts";
import { readBatchHeader, readRecords } from "../../records/mod.ts";
import type { Codecs } from "../../runtime/ports.ts";
import { PartitionQueue } from "./partition_queue.ts";
import type { ProduceBatch } from "./produce_batch.ts";
import { contentOf, type RecordMetadata, sizeBound } from "./producer_record.ts";

const codecs = {} as Codecs; // nothing here is compressed
const encoding = { compression: "none", codecs, isTransactional: false } as const;
const limits = { lingerMs: 0, isFlushing: false };

/** Batches of three small records; `identity` may be changed under way. */
function filled(count: number) {
  const by = { identity: { id: 9, epoch: 0 } };
  const queue = new PartitionQueue({ topic: "orders", partition: 2 }, {
    batchBytes: 120,
    awayMax: 5,
    identity: () => by.identity,
  });
  const delivered: RecordMetadata[] = [];
  for (let i = 0; i < count; i++) append(queue, `v${i}`, delivered);
  return { queue, delivered, by };
}

function append(queue: PartitionQueue, value: string, delivered: RecordMetadata[] = []): void {
  const content = contentOf({ topic: "orders", value });
  const batch = queue.openFor(sizeBound(content)) ?? queue.begin({ createdAtMs: 0, round: 0 });
  const waiter = { delivered: (at: RecordMetadata) => delivered.push(at), failed: () => {} };
  batch.add(content, { timestamp: 1000, waiter, place: 0 });
}

/** Takes the head and sends it, as far as a queue sees that. */
function send(queue: PartitionQueue): ProduceBatch {
  const batch = queue.take();
  batch.attempts++;
  if (batch.sequence === undefined) batch.number(queue.nextSequence(batch.recordCount));
  return batch;
}

function valuesOf(batch: ProduceBatch): string[] {
  return readRecords(batch.encode(encoding)).map((record) => fromUtf8(record.value!));
}

function sequenceOf(batch: ProduceBatch): number {
  return readBatchHeader(batch.encode(encoding)).baseSequence;
}

Deno.test("records fill a batch, and the next one when it is full", () => {
  const { queue } = filled(8);
  const sent = [send(queue), send(queue), send(queue)];
  assertEquals(sent.map(valuesOf), [["v0", "v1", "v2"], ["v3", "v4", "v5"], ["v6", "v7"]]);
  assertEquals(sent.map(sequenceOf), [0, 3, 6]);
});

Deno.test("a batch that may still grow waits for its predecessors, a full one does not", () => {
  const { queue } = filled(4);
  assertEquals(queue.dueAtMs(limits), 0);
  const first = send(queue);
  assertEquals(queue.dueAtMs(limits), Infinity);
  assertEquals(queue.dueAtMs({ ...limits, isFlushing: true }), 0);
  assertEquals(queue.dueAtMs({ ...limits, lingerMs: 20 }), 20);
  for (const value of ["v4", "v5", "v6"]) append(queue, value);
  assertEquals(queue.dueAtMs(limits), 0, "the head is full: another one stands behind it");
  send(queue);
  assertEquals(queue.dueAtMs(limits), Infinity);
  queue.settle(first);
  assertEquals(queue.dueAtMs(limits), Infinity, "one is still away");
});

Deno.test("five batches are away at most", () => {
  const { queue } = filled(30);
  const away = [send(queue), send(queue), send(queue), send(queue), send(queue)];
  assertEquals(queue.dueAtMs(limits), Infinity);
  queue.settle(away[0]!);
  assertEquals(queue.dueAtMs(limits), 0);
});

Deno.test("batches that come back stand where they were, with the same bytes", () => {
  const { queue } = filled(9);
  const sent = [send(queue), send(queue), send(queue)];
  const bytes = sent.map((batch) => batch.encode(encoding));
  queue.giveBack(sent[2]!);
  queue.giveBack(sent[0]!);
  assert(queue.isDraining);
  assertEquals(queue.dueAtMs(limits), Infinity, "nothing goes out while one is still away");
  queue.giveBack(sent[1]!);
  assert(!queue.isDraining);
  sent[0]!.notBeforeMs = 50;
  assertEquals(queue.dueAtMs(limits), 50);
  const again = [send(queue), send(queue), send(queue)];
  assertEquals(again, sent);
  again.forEach((batch, i) => assertStrictEquals(batch.encode(encoding), bytes[i]));
  const header = readBatchHeader(bytes[1]!);
  assertEquals([header.producerId, header.producerEpoch, header.baseSequence], [9, 0, 3]);
});

Deno.test("under a new epoch sequences begin anew, once what is away is back", () => {
  const { queue, by } = filled(9);
  const [first, second] = [send(queue), send(queue)];
  by.identity = { id: 9, epoch: 1 };
  assertEquals(queue.dueAtMs(limits), Infinity);
  queue.settle(first);
  const before = second.encode(encoding);
  queue.giveBack(second);
  const again = queue.take();
  again.number(queue.nextSequence(again.recordCount));
  assertNotStrictEquals(again.encode(encoding), before);
  const header = readBatchHeader(again.encode(encoding));
  assertEquals([header.producerEpoch, header.baseSequence], [1, 0]);
  assertEquals(valuesOf(again), ["v3", "v4", "v5"]);
  const soon = queue.dueAtMs({ ...limits, isFlushing: true });
  assertEquals(soon, 0, "the next one follows under the same epoch");
});

Deno.test("sequences count records, and begin again at 2^31", () => {
  const { queue } = filled(0);
  assertEquals(queue.nextSequence(3).baseSequence, 0);
  assertEquals(queue.nextSequence(2 ** 31 - 4).baseSequence, 3);
  assertEquals(queue.nextSequence(2).baseSequence, 2 ** 31 - 1);
  assertEquals(queue.nextSequence(1).baseSequence, 1);
});

Deno.test("a batch too large for the broker goes out as halves that do not grow", () => {
  const { queue, delivered } = filled(6);
  const [large, next] = [send(queue), send(queue)];
  large.encode(encoding);
  queue.giveBackSplit(large, codecs);
  queue.giveBack(next);
  append(queue, "late");
  const sent = [send(queue), send(queue), send(queue), send(queue)];
  assertEquals(sent.map(valuesOf), [["v0", "v1"], ["v2"], ["v3", "v4", "v5"], ["late"]]);
  assertEquals(sent.map(sequenceOf), [0, 2, 3, 6]);
  for (const half of sent.slice(0, 2)) half.deliver({ baseOffset: 7, logAppendTimeMs: -1 });
  assertEquals(delivered.map(({ offset }) => offset), [7, 8, 7]);
});

Deno.test("delivery tells each record its offset, or that it is not known", () => {
  const { queue, delivered } = filled(2);
  queue.take().deliver({ baseOffset: 40, logAppendTimeMs: -1 });
  assertEquals(delivered, [
    { topic: "orders", partition: 2, offset: 40, timestamp: 1000 },
    { topic: "orders", partition: 2, offset: 41, timestamp: 1000 },
  ]);
  const unknown = filled(1);
  unknown.queue.take().deliver({ baseOffset: -1, logAppendTimeMs: 2000 });
  assertEquals(unknown.delivered, [
    { topic: "orders", partition: 2, offset: -1, timestamp: 2000 },
  ]);
});

Deno.test("headers are given by name or as pairs, text stands for its UTF-8 bytes", () => {
  const byName = contentOf({ topic: "t", headers: { a: "1", b: null } });
  const asPairs = contentOf({ topic: "t", headers: [["a", "1"], ["b", null]] });
  assertEquals(byName, asPairs);
  assertEquals(byName.key, null);
  assertEquals(fromUtf8(firstOf(byName.headers).value!), "1");
});
