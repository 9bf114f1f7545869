import { assertEquals } from "@std/assert";
import { logRig, type Rig } from "../../../tests/harness/log_rig.ts";
import { firstOf } from "../../base/items.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { buildBatch } from "../../records/mod.ts";
import { Partition } from "../logs/partition.ts";
import type { EndedTransaction } from "./end_marker.ts";
import { TransactionMarkers } from "./transaction_markers.ts";

/** A broker with partition 0 of "orders"; partition 1 is offline. */
async function scene(rig: Rig = logRig()) {
  const log = await rig.open();
  const appended = { batches: 0, records: 0, bytes: 0 };
  const partition = new Partition(log, { leaderEpoch: 0, appended });
  const { UNKNOWN_TOPIC_OR_PARTITION, KAFKA_STORAGE_ERROR, NOT_COORDINATOR } = ErrorCode;
  const offline = (id: number) => id === 1 ? KAFKA_STORAGE_ERROR : UNKNOWN_TOPIC_OR_PARTITION;
  const find = (topic: string, id: number) =>
    topic === "orders" && id === 0 ? partition : offline(id);
  const markers = new TransactionMarkers({
    partitions: { find },
    groups: { ofPartition: () => Promise.resolve(NOT_COORDINATOR) },
    clock: { now: () => 1234 },
  });
  return { rig, log, partition, markers };
}

function send(partition: Partition, producerId: number): void {
  const records = [{ timestamp: 1000 }];
  const producer = { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true };
  assertEquals(partition.append(buildBatch({ records, ...producer }), "client").ok, true);
}

function ended(producerId: number, more: Partial<EndedTransaction> = {}): EndedTransaction {
  const base = { producerEpoch: 0, coordinatorEpoch: 0, committed: true, transactionVersion: 0 };
  return { producerId, ...base, ...more };
}

const orders = { topic: "orders", partition: 0 };

Deno.test("a transaction's marker is on disk before it is told of", async () => {
  const { log, partition, markers } = await scene();
  send(partition, 7);
  assertEquals(log.lastStableOffset, 0);
  const written = await markers.write(ended(7), [orders]);
  assertEquals(written, [{ ...orders, errorCode: ErrorCode.NONE }]);
  assertEquals([log.lastStableOffset, log.recoveryPoint], [2, 2]);
});

Deno.test("consumers are told of an abort once, though its marker comes twice", async () => {
  const { log, partition, markers } = await scene();
  send(partition, 7);
  await markers.write(ended(7, { committed: false }), [orders]);
  await markers.write(ended(7, { committed: false }), [orders]);
  const aborted = { producerId: 7, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 };
  assertEquals(log.abortedTransactions(0, log.logEndOffset), [aborted]);
  assertEquals(log.lastStableOffset, 3);
});

Deno.test("each partition has its own answer", async () => {
  const { partition, markers } = await scene();
  send(partition, 7);
  const partitions = [{ topic: "orders", partition: 1 }, orders, { topic: "none", partition: 0 }];
  const codes = async (transaction: EndedTransaction) =>
    (await markers.write(transaction, partitions)).map(({ errorCode }) => errorCode);
  const { KAFKA_STORAGE_ERROR, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
  const [offline, missing] = [KAFKA_STORAGE_ERROR, UNKNOWN_TOPIC_OR_PARTITION];
  const newer = { producerEpoch: 1, coordinatorEpoch: 2 };
  assertEquals(await codes(ended(7, newer)), [offline, ErrorCode.NONE, missing]);
  const zombie = ErrorCode.TRANSACTION_COORDINATOR_FENCED;
  assertEquals((await codes(ended(7, { ...newer, coordinatorEpoch: 1 })))[1], zombie);
  assertEquals((await codes(ended(7)))[1], ErrorCode.INVALID_PRODUCER_EPOCH);
});

Deno.test("a marker that cannot be synced is not told of as written", async () => {
  const { rig, partition, markers } = await scene();
  send(partition, 7);
  rig.faults.sync = true;
  const written = await markers.write(ended(7), [orders]);
  assertEquals(firstOf(written).errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
});
