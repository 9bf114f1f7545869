// Who is woken by what: the partition's own part of a Fetch that waits; and what leading means.

import { assertEquals } from "@std/assert";
import { appendOk, batchOf, logRig } from "../../../tests/harness/log_rig.ts";
import { buildBatch, buildEndTransactionMarker } from "../../records/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { type Isolation, Wait } from "../fetch/purgatory.ts";
import { Partition } from "./partition.ts";

async function partitionOf(rig = logRig()): Promise<Partition> {
  const log = await rig.open();
  return new Partition(log, { leaderEpoch: 0, appended: { batches: 0, records: 0, bytes: 0 } });
}

/** Waits for `bytes` more, and tells whether it has ended. */
function waiting(partition: Partition, isolation: Isolation, bytes = 1) {
  const state = { ended: false };
  new Wait([partition], { isolation, bytes, onEnd: () => state.ended = true });
  return state;
}

const value = "x".repeat(1000);

function send(partition: Partition, producerId: number, baseSequence = 0): void {
  const records = buildBatch({
    records: [{ timestamp: 1000, value: new TextEncoder().encode(value) }],
    producerId,
    producerEpoch: 0,
    baseSequence,
    isTransactional: true,
  });
  assertEquals(partition.append(records, "client").ok, true);
}

function end(partition: Partition, producerId: number): void {
  const marker = buildEndTransactionMarker({
    committed: true,
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 1000,
  });
  assertEquals(partition.append(marker, "coordinator").ok, true);
}

Deno.test("a record within a transaction wakes only who may see it", async () => {
  const partition = await partitionOf();
  const uncommitted = waiting(partition, "readUncommitted");
  const committed = waiting(partition, "readCommitted");
  send(partition, 7);
  assertEquals([uncommitted.ended, committed.ended], [true, false]);
  assertEquals(partition.visibleEnd("readUncommitted"), 1);
  assertEquals(partition.visibleEnd("readCommitted"), 0);
  end(partition, 7);
  assertEquals(committed.ended, true, "the transaction's end makes it stable");
  assertEquals(partition.visibleEnd("readCommitted"), 2);
  assertEquals(partition.watchers.size, 0);
});

Deno.test("what follows an open transaction is not stable, whoever wrote it", async () => {
  const partition = await partitionOf();
  send(partition, 7);
  const committed = waiting(partition, "readCommitted");
  partition.append(batchOf(["plain"]), "client");
  send(partition, 8);
  end(partition, 8);
  assertEquals(committed.ended, false);
  end(partition, 7);
  assertEquals(committed.ended, true);
});

Deno.test("a transaction's end counts all that it makes stable", async () => {
  const partition = await partitionOf();
  const much = waiting(partition, "readCommitted", 3000);
  const more = waiting(partition, "readCommitted", 10_000);
  for (let i = 0; i < 3; i++) send(partition, 7, i);
  assertEquals(much.ended, false);
  end(partition, 7);
  assertEquals([much.ended, more.ended], [true, false]);
  // From here on nothing is open: each append is stable at once.
  const next = waiting(partition, "readCommitted", 1);
  partition.append(batchOf(["plain"]), "client");
  assertEquals([next.ended, more.ended], [true, false]);
});

Deno.test("a transaction that was open at the start counts when it ends", async () => {
  const rig = logRig();
  const before = await partitionOf(rig);
  for (let i = 0; i < 3; i++) send(before, 7, i);
  before.append(batchOf(["plain"]), "client");
  const partition = await partitionOf(rig);
  assertEquals(partition.visibleEnd("readCommitted"), 0);
  const much = waiting(partition, "readCommitted", 3000);
  end(partition, 7);
  assertEquals(much.ended, true);
});

Deno.test("readers of a log without transactions are woken alike", async () => {
  const partition = await partitionOf();
  appendOk(partition.log, batchOf(["before"]));
  for (const isolation of ["readUncommitted", "readCommitted"] as const) {
    const one = waiting(partition, isolation);
    const many = waiting(partition, isolation, 10_000);
    partition.append(batchOf([value]), "client");
    assertEquals([one.ended, many.ended], [true, false], isolation);
    partition.wake();
    assertEquals(many.ended, true, "a change of the partition ends every wait");
  }
});

Deno.test("who does not lead appends nothing, nor acknowledges what came before", async () => {
  const partition = await partitionOf();
  assertEquals(partition.append(batchOf(["led"]), "client").ok, true);
  const acknowledged = partition.acknowledged(1);
  const reader = waiting(partition, "readUncommitted");
  partition.follow(1);
  assertEquals([partition.isLeader, partition.leaderEpoch, reader.ended], [false, 1, true]);
  assertEquals((await acknowledged)?.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assertEquals(await partition.durable(1), undefined, "this disk keeps it all the same");
  const refused = partition.append(batchOf(["followed"]), "client");
  assertEquals(refused.ok || refused.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assertEquals(partition.log.logEndOffset, 1);

  partition.lead(2);
  assertEquals(partition.append(batchOf(["led again"]), "coordinator").ok, true);
  const again = partition.acknowledged(2);
  partition.lead(3);
  assertEquals(await again, undefined, "a new term of the same leader takes nothing back");
});
