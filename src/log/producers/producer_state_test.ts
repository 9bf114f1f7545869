import { assert, assertEquals } from "@std/assert";
import { buildBatch, buildEndTransactionMarker } from "../../records/mod.ts";
import type { PartitionLog } from "../partition/partition_log.ts";
import { decodeSnapshot, encodeSnapshot } from "./producer_snapshot.ts";
import { ProducerState, sequenceAfter } from "./producer_state.ts";
import { appendOk, batchOf, logRig, recordsFrom } from "../../../tests/harness/log_rig.ts";

/** Sends `count` records as producer 7 and answers the base offset, "dup" with it, or the error. */
function send(
  log: PartitionLog,
  batch: { sequence: number; epoch?: number; count?: number; transactional?: boolean },
): number | string {
  const records = Array.from({ length: batch.count ?? 1 }, () => ({ timestamp: 1000 }));
  const result = log.append(
    buildBatch({
      records,
      producerId: 7,
      producerEpoch: batch.epoch ?? 0,
      baseSequence: batch.sequence,
      isTransactional: batch.transactional,
    }),
    { leaderEpoch: 0, origin: "client" },
  );
  if (!result.ok) return `error ${result.errorCode}`;
  return result.duplicate ? `dup ${result.baseOffset}-${result.lastOffset}` : result.baseOffset;
}

function end(log: PartitionLog, committed: boolean, coordinatorEpoch = 0) {
  const marker = buildEndTransactionMarker({
    committed,
    producerId: 7,
    producerEpoch: 0,
    coordinatorEpoch,
    timestamp: 1000,
  });
  const result = log.append(marker, { leaderEpoch: 0, origin: "coordinator" });
  return result.ok ? result.baseOffset : `error ${result.errorCode}`;
}

Deno.test("a batch that is sent again gets the offsets of the first time", async () => {
  const log = await logRig().open();
  assertEquals(send(log, { sequence: 0, count: 3 }), 0);
  assertEquals(send(log, { sequence: 3 }), 3);
  assertEquals(send(log, { sequence: 0, count: 3 }), "dup 0-2");
  assertEquals(send(log, { sequence: 3 }), "dup 3-3");
  assertEquals(log.logEndOffset, 4);
});

Deno.test("batches on the way to three leaders are remembered, what is before is not", async () => {
  const log = await logRig().open();
  for (let i = 0; i < 16; i++) send(log, { sequence: i });
  assertEquals(send(log, { sequence: 1 }), "dup 1-1");
  assertEquals(send(log, { sequence: 0 }), "error 45");
});

Deno.test("a gap is refused, and so is an overlap", async () => {
  const log = await logRig().open();
  send(log, { sequence: 0, count: 2 });
  assertEquals(send(log, { sequence: 3 }), "error 45");
  assertEquals(send(log, { sequence: 1 }), "error 45");
  assertEquals(send(log, { sequence: 2 }), 2);
});

Deno.test("an unknown producer may begin anywhere, a new epoch at 0 only", async () => {
  const log = await logRig().open();
  assertEquals(send(log, { sequence: 40 }), 0);
  assertEquals(send(log, { sequence: 5, epoch: 1 }), "error 45");
  assertEquals(send(log, { sequence: 0, epoch: 1 }), 1);
  assertEquals(send(log, { sequence: 41, epoch: 0 }), "error 47");
});

Deno.test("sequences wrap from 2^31-1 to 0", async () => {
  assertEquals(sequenceAfter(0x7fff_ffff, 1), 0);
  assertEquals(sequenceAfter(0x7fff_fffe, 3), 1);
  const log = await logRig().open();
  assertEquals(send(log, { sequence: 0x7fff_fffe, count: 3 }), 0);
  assertEquals(send(log, { sequence: 1 }), 3);
  assertEquals(send(log, { sequence: 0x7fff_fffe, count: 3 }), "dup 0-2");
});

Deno.test("what is known of a producer survives a clean and an unclean restart", async () => {
  const rig = logRig({ segmentBytes: 300 });
  let log = await rig.open();
  for (let i = 0; i < 10; i++) send(log, { sequence: i });
  await log.close();
  log = await rig.open({ cleanShutdown: true });
  assertEquals(send(log, { sequence: 9 }), "dup 9-9");
  assertEquals(send(log, { sequence: 10 }), 10);
  log = await rig.open();
  assertEquals(send(log, { sequence: 10 }), "dup 10-10");
  assertEquals(send(log, { sequence: 12 }), "error 45");
  assertEquals(send(log, { sequence: 11 }), 11);
});

for (const isClean of [true, false]) {
  const how = isClean ? "a clean stop" : "a kill, a roll and a checkpoint";
  Deno.test(`all fifteen batches of a producer are known after ${how}`, async () => {
    const rig = logRig({ segmentBytes: 1500 });
    const log = await rig.open();
    for (let i = 0; i < 17; i++) send(log, { sequence: 2 * i, count: 2 });
    if (isClean) await log.close();
    else {
      const segments = () => rig.files.list("/data/orders-0").filter((n) => n.endsWith(".log"));
      while (segments().length < 2) appendOk(log, batchOf(["somebody else's ".repeat(5)]));
      await log.syncTo(log.logEndOffset);
      log.noteRecoveryStart();
    }
    const { recoveryPoint } = log;
    const reopened = await rig.open({ cleanShutdown: isClean, recoveryPoint });
    for (let i = 2; i < 17; i++) {
      const answer = send(reopened, { sequence: 2 * i, count: 2 });
      assertEquals(answer, `dup ${2 * i}-${2 * i + 1}`);
    }
    assertEquals(send(reopened, { sequence: 2, count: 2 }), "error 45");
    assertEquals(send(reopened, { sequence: 34 }), log.logEndOffset);
  });
}

Deno.test("a snapshot older than the first segment says nothing of its producers", async () => {
  const rig = logRig({ segmentBytes: 150 });
  const log = await rig.open();
  for (let sequence = 0; sequence < 5; sequence++) assertEquals(send(log, { sequence }), sequence);
  const folder = "/data/orders-0";
  const names = rig.files.list(folder);
  assert(names.includes(`${"2".padStart(20, "0")}.snapshot`), names.join(" "));
  // The power went before the first segments' names were on disk, and the last one's contents.
  const isKept = (name: string) =>
    name.startsWith("2".padStart(20, "0")) ? name.endsWith(".snapshot") : !name.startsWith("0000");
  for (const name of names) if (!isKept(name)) rig.files.remove(`${folder}/${name}`);
  rig.files.open(`${folder}/${"4".padStart(20, "0")}.log`, "create").close();
  const reopened = await rig.open();
  assertEquals([reopened.logStartOffset, reopened.logEndOffset], [4, 4]);
  assertEquals(send(reopened, { sequence: 4 }), 4);
});

Deno.test("an idle producer is forgotten after its time", async () => {
  const rig = logRig({ producerIdExpirationMs: 500 });
  const log = await rig.open();
  send(log, { sequence: 0 });
  log.maintain(1499);
  assertEquals([...log.producers.entries].length, 1);
  log.maintain(1500);
  assertEquals([...log.producers.entries].length, 0);
  assertEquals(send(log, { sequence: 8 }), 1);
});

Deno.test("kafkajs's producer id -1 with epoch 0 is no producer", async () => {
  const log = await logRig().open();
  for (let i = 0; i < 3; i++) {
    assertEquals(appendOk(log, batchOf(["v"], { producerEpoch: 0 })).baseOffset, i);
  }
  assertEquals([...log.producers.entries], []);
});

Deno.test("an open transaction holds the last stable offset until its marker", async () => {
  const log = await logRig().open();
  appendOk(log, batchOf(["plain"]));
  assertEquals(send(log, { sequence: 0, transactional: true }), 1);
  appendOk(log, batchOf(["plain"]));
  assertEquals([log.lastStableOffset, log.logEndOffset], [1, 3]);
  assertEquals(send(log, { sequence: 1 }), "error 48");
  assertEquals(end(log, true), 3);
  assertEquals([log.lastStableOffset, log.abortedTransactions(0, 4)], [4, []]);
});

Deno.test("behind the write of a marker nothing is read that could fail", async () => {
  const rig = logRig();
  const log = await rig.open();
  send(log, { sequence: 0, transactional: true });
  end(log, false);
  await log.close();
  const reopened = await rig.open({ cleanShutdown: true, recoveryPoint: log.recoveryPoint });
  assertEquals(send(reopened, { sequence: 1, transactional: true }), 2);
  rig.faults.read = true;
  assertEquals(end(reopened, false), 3);
  rig.faults.read = false;
  const { recoveryPoint } = reopened;
  const found = await rig.open({ recoveryPoint });
  assertEquals([found.isDamaged, found.logEndOffset], [false, 4]);
  assertEquals(found.abortedTransactions(0, 9).map(({ lastOffset }) => lastOffset), [1, 3]);
});

Deno.test("aborted transactions are told to whoever reads them, after a restart too", async () => {
  const rig = logRig({ segmentBytes: 300 });
  let log = await rig.open();
  send(log, { sequence: 0, transactional: true });
  appendOk(log, batchOf(["plain"]));
  end(log, false, 5);
  for (let i = 0; i < 6; i++) appendOk(log, batchOf(["plain"]));
  const aborted = [{ producerId: 7, firstOffset: 0, lastOffset: 2, lastStableOffset: 3 }];
  assertEquals(end(log, true, 4), "error 52");
  for (const step of ["open", "crash", "clean"]) {
    assertEquals(log.abortedTransactions(0, 9), aborted, step);
    assertEquals(log.abortedTransactions(3, 9), [], step);
    assertEquals(log.lastStableOffset, log.logEndOffset);
    if (step === "crash") await log.close();
    if (step !== "clean") log = await rig.open({ cleanShutdown: step === "crash" });
  }
  assert((await recordsFrom(log)).length === 9);
});

Deno.test("of what another release remembered of a producer, no more is kept than here", () => {
  const batches = Array.from({ length: 40 }, (_, i) => ({
    lastSequence: i,
    lastOffset: i,
    offsetDelta: 0,
    timestampMs: 54,
  }));
  const others = {
    producerId: 3,
    producerEpoch: 1,
    batches,
    coordinatorEpoch: -1,
    lastTimestampMs: 54,
    currentTxnFirstOffset: -1,
  };
  const bytes = encodeSnapshot({
    get entries() {
      return [others].values();
    },
  });
  const state = new ProducerState();
  for (const entry of decodeSnapshot(bytes)) state.restore(entry);
  assertEquals(state.get(3)?.batches, batches.slice(-15));
});

Deno.test("a snapshot gives back what it was made of, and a spoiled one is refused", () => {
  const state = new ProducerState();
  state.restore({
    producerId: 3,
    producerEpoch: 1,
    batches: [
      { lastSequence: 6, lastOffset: 14, offsetDelta: 0, timestampMs: 54 },
      { lastSequence: 9, lastOffset: 20, offsetDelta: 2, timestampMs: 55 },
    ],
    coordinatorEpoch: -1,
    lastTimestampMs: 55,
    currentTxnFirstOffset: 18,
  });
  state.restore({
    producerId: 4,
    producerEpoch: 2,
    batches: [],
    coordinatorEpoch: 1,
    lastTimestampMs: 56,
    currentTxnFirstOffset: -1,
  });
  const bytes = encodeSnapshot(state);
  assertEquals(decodeSnapshot(bytes), [...state.entries]);
  for (let i = 0; i < bytes.length; i++) {
    const spoiled = bytes.slice();
    spoiled[i]! ^= 1;
    let refused = false;
    try {
      decodeSnapshot(spoiled);
    } catch {
      refused = true;
    }
    assert(refused, `byte ${i}`);
  }
});
