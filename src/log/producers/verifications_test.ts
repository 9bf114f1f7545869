import { assert, assertEquals } from "@std/assert";
import { logRig } from "../../../tests/harness/log_rig.ts";
import { missing } from "../../base/items.ts";
import { buildBatch, buildEndTransactionMarker } from "../../records/mod.ts";
import type { AppendOptions } from "../partition/log_options.ts";
import type { PartitionLog } from "../partition/partition_log.ts";
import type { Verification } from "./verifications.ts";

const producerId = 7;

interface Sent {
  readonly sequence: number;
  readonly epoch?: number;
  readonly transactional?: boolean;
  readonly verification?: Verification;
  readonly origin?: AppendOptions["origin"];
}

/** Appends one record; answers its offset, or the error. */
function send(log: PartitionLog, sent: Sent): number | string {
  const { sequence, epoch = 0, transactional = true, verification, origin = "client" } = sent;
  const batch = buildBatch({
    records: [{ timestamp: 1000 }],
    producerId,
    producerEpoch: epoch,
    baseSequence: sequence,
    isTransactional: transactional,
  });
  const result = log.append(batch, { leaderEpoch: 0, origin, verification });
  return result.ok ? result.baseOffset : `error ${result.errorCode}`;
}

interface Ended {
  readonly epoch?: number;
  readonly coordinatorEpoch?: number;
  readonly version?: number;
}

function end(log: PartitionLog, ended: Ended = {}): number | string {
  const { epoch = 0, coordinatorEpoch = 0, version = 0 } = ended;
  const marker = buildEndTransactionMarker({
    committed: true,
    producerId,
    producerEpoch: epoch,
    coordinatorEpoch,
    timestamp: 1000,
  });
  const options = { leaderEpoch: 0, origin: "coordinator", transactionVersion: version } as const;
  const result = log.append(marker, options);
  return result.ok ? result.baseOffset : `error ${result.errorCode}`;
}

function verify(log: PartitionLog, of: { sequence?: number; epoch?: number; own?: boolean } = {}) {
  return log.beginVerification({
    producerId,
    producerEpoch: of.epoch ?? 0,
    baseSequence: of.sequence ?? 0,
    isEpochOwn: of.own ?? false,
  });
}

const verified = { transactionsAreVerified: true };

Deno.test("a transaction begins in a log with what was verified, and goes on without", async () => {
  const log = await logRig(verified).open();
  assertEquals(send(log, { sequence: 0 }), "error 48");
  const verification = verify(log);
  assertEquals(send(log, { sequence: 0 }), "error 48", "another request's verification");
  assertEquals(send(log, { sequence: 0, verification }), 0);
  assertEquals(verify(log), undefined, "it is known to be open");
  assertEquals(send(log, { sequence: 1 }), 1);
  assertEquals(end(log), 2);
  assertEquals(send(log, { sequence: 2, verification }), "error 48");
  assertEquals(log.lastStableOffset, 3);
});

Deno.test("a batch whose transaction ended while it was verified is refused", async () => {
  const log = await logRig(verified).open();
  const late = verify(log);
  assertEquals(end(log), 0);
  assertEquals(send(log, { sequence: 0, verification: late }), "error 48");
  const next = verify(log);
  assert(next !== late);
  assertEquals(send(log, { sequence: 0, verification: late }), "error 48", "not the one under way");
  assertEquals(send(log, { sequence: 0, verification: next }), 1);
});

Deno.test("a batch that is sent again after its transaction has ended is a duplicate", async () => {
  const log = await logRig(verified).open();
  send(log, { sequence: 0, verification: verify(log) });
  end(log);
  assertEquals(send(log, { sequence: 0 }), 0);
  assertEquals(log.logEndOffset, 2);
});

Deno.test("an epoch that is not the transaction's needs a verification of its own", async () => {
  const log = await logRig(verified).open();
  send(log, { sequence: 0, verification: verify(log) });
  assertEquals(send(log, { sequence: 0, epoch: 1 }), "error 48");
  assert(verify(log, { epoch: 1 }) !== undefined);
});

Deno.test("a transaction's first batch has the lowest sequence that was verified", async () => {
  const log = await logRig(verified).open();
  const verification = verify(log, { sequence: 3 });
  verify(log, { sequence: 0 });
  assertEquals(send(log, { sequence: 3, verification }), "error 45", "it overtook its forerunner");
  assertEquals(send(log, { sequence: 0, verification }), 0);
});

Deno.test("where each transaction has an epoch, an unknown producer begins at 0", async () => {
  const log = await logRig(verified).open();
  const older = verify(log, { sequence: 5 });
  assertEquals(send(log, { sequence: 5, verification: older }), 0, "its state may be gone");
  const other = await logRig(verified).open();
  const own = verify(other, { sequence: 5, own: true });
  assertEquals(send(other, { sequence: 5, verification: own }), "error 45");
  verify(other, { sequence: 0, own: true });
  assertEquals(send(other, { sequence: 0, verification: own }), 0);
});

Deno.test("a coordinator's batches need it too, and have no sequence numbers", async () => {
  const log = await logRig(verified).open();
  const own = { sequence: -1, origin: "coordinator" } as const;
  assertEquals(send(log, own), "error 48");
  const verification = verify(log, { sequence: -1 });
  assertEquals(send(log, { ...own, verification }), 0);
  assertEquals(send(log, own), 1);
  assertEquals(send(log, { ...own, transactional: false }), "error 48", "outside of it");
  assertEquals(send(log, { ...own, epoch: -1 }), "error 48");
  const [{ batches } = missing()] = log.producers.entries;
  assertEquals(batches.map(({ lastSequence }) => lastSequence), [-1, -1]);
  assertEquals(end(log, { epoch: 1 }), 2);
  assertEquals(send(log, { ...own, verification: verify(log) }), "error 47", "an old epoch");
});

Deno.test("a verification that came to nothing is forgotten with idle producers", async () => {
  const log = await logRig({ ...verified, producerIdExpirationMs: 500 }).open();
  const verification = verify(log);
  log.maintain(1_000_499);
  assert(verify(log) === verification);
  log.maintain(1_000_500);
  assert(verify(log) !== verification);
});

Deno.test("a marker of the second protocol has a later epoch than the records", async () => {
  const log = await logRig().open();
  send(log, { sequence: 0, epoch: 3 });
  assertEquals(end(log, { epoch: 3, version: 2 }), "error 47");
  assertEquals(end(log, { epoch: 4, version: 2 }), 1);
  assertEquals(log.lastStableOffset, 2);
  assertEquals(end(log, { epoch: 4, version: 2 }), 2, "its coordinator has lost the answer");
  assertEquals(end(log, { epoch: 3, version: 2 }), "error 47");
  assertEquals(send(log, { sequence: 0, epoch: 4 }), 3);
  assertEquals(end(log, { epoch: 4, version: 2 }), "error 47", "that was the last transaction's");
  assertEquals(log.lastStableOffset, 3);
});

Deno.test("a coordinator that others have followed ends nothing", async () => {
  const log = await logRig().open();
  send(log, { sequence: 0 });
  assertEquals(end(log, { coordinatorEpoch: 5 }), 1);
  send(log, { sequence: 1 });
  assertEquals(end(log, { coordinatorEpoch: 4 }), "error 52");
  assertEquals(log.lastStableOffset, 2);
  assertEquals(end(log, { coordinatorEpoch: 5 }), 3);
});
