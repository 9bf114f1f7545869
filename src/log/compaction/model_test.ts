// A compacted log against a model: every record that was ever written. Whatever happens to the log,
// what it still holds is a part of that, and a consumer that begins anywhere ends with the table
// that all of it would have given.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { buildEndTransactionMarker } from "../../records/mod.ts";
import { zlibCodecs } from "../../runtime/codecs.ts";
import type { PartitionLog } from "../partition/partition_log.ts";
import { compactNow } from "../../../tests/harness/compaction.ts";
import { keyedBatch, keyedRecords, textOf } from "../../../tests/harness/keyed_records.ts";
import { appendOk, logRig, type Rig } from "../../../tests/harness/log_rig.ts";

type Step =
  | {
    readonly kind: "append";
    /** Key, and bytes of the value; -1 for a tombstone. */
    readonly records: readonly (readonly [number, number])[];
    readonly packed: boolean;
    readonly producer: number;
  }
  | { readonly kind: "transaction"; readonly keys: readonly number[]; readonly committed: boolean }
  | { readonly kind: "compact"; readonly keyMapBytes: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "close" | "crash" };

const key = fc.nat(8);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      records: fc.array(fc.tuple(key, fc.integer({ min: -1, max: 60 })), {
        minLength: 1,
        maxLength: 5,
      }),
      packed: fc.boolean(),
      producer: fc.integer({ min: -1, max: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("transaction" as const),
      keys: fc.array(key, { minLength: 1, maxLength: 3 }),
      committed: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("compact" as const),
      keyMapBytes: fc.constantFrom(24, 100, 100_000),
    }),
  },
  fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(4000) }),
  fc.record({ kind: fc.constantFrom("close" as const, "crash" as const) }),
);

interface Model {
  /** Key and text of each record by offset; undefined for markers and aborted records. */
  readonly records: ({ key: string; text: string } | undefined)[];
  readonly sequences: number[];
  count: number;
}

/** The last record of each key that a consumer from `offset` on would have met. */
function lastRecords(model: Model, offset: number): Map<string, string> {
  const last = new Map<string, string>();
  for (const each of model.records.slice(offset)) if (each) last.set(each.key, each.text);
  for (const [name, text] of last) if (!text.includes("=")) last.delete(name);
  return last;
}

async function assertHolds(log: PartitionLog, model: Model): Promise<void> {
  const end = model.records.length;
  assertEquals([log.refusal, log.logStartOffset, log.logEndOffset], [undefined, 0, end]);
  for (const from of new Set([0, end >> 1, (end * 3) >> 2])) {
    const last = new Map<string, string>();
    for (const record of await keyedRecords(log, from)) {
      const written = model.records[record.offset];
      // An aborted record may still be there: read_committed consumers are told of it.
      if (written === undefined) {
        const aborted = log.abortedTransactions(record.offset, record.offset + 1);
        assert(aborted.length > 0, `${record.offset} is not known as aborted`);
        continue;
      }
      assertEquals(textOf(record), written.text);
      last.set(written.key, written.text);
    }
    for (const [name, text] of last) if (!text.includes("=")) last.delete(name);
    assertEquals(last, lastRecords(model, from));
  }
}

function append(log: PartitionLog, model: Model, step: Step & { kind: "append" }): void {
  const records = step.records.map(([number, bytes]) => {
    const name = `key-${number}`;
    const value = `${model.count++}`.padEnd(bytes, ".");
    return { key: name, text: bytes < 0 ? name : `${name}=${value}` };
  });
  const { producer } = step;
  const baseSequence = model.sequences[producer];
  if (producer >= 0) model.sequences[producer]! += records.length;
  const input = {
    ...(producer < 0 ? {} : { producerId: producer + 100, producerEpoch: 0, baseSequence }),
    compression: step.packed ? "gzip" as const : "none" as const,
  };
  appendOk(log, keyedBatch(records.map(({ text }) => text), input));
  model.records.push(...records);
}

function transact(log: PartitionLog, model: Model, step: Step & { kind: "transaction" }): void {
  const producer = { producerId: 200, producerEpoch: 0 };
  const records = step.keys.map((number) => {
    const name = `key-${number}`;
    return { key: name, text: `${name}=${model.count++}` };
  });
  const baseSequence = model.sequences[3];
  model.sequences[3]! += records.length;
  const input = { ...producer, baseSequence, isTransactional: true };
  appendOk(log, keyedBatch(records.map(({ text }) => text), input));
  const { committed } = step;
  const marker = { ...producer, committed, coordinatorEpoch: 0, timestamp: 1000 };
  const o = { leaderEpoch: 0, origin: "coordinator" } as const;
  assert(log.append(buildEndTransactionMarker(marker), o).ok);
  for (const each of records) model.records.push(committed ? each : undefined);
  model.records.push(undefined);
}

async function reopen(rig: Rig, log: PartitionLog, isClean: boolean): Promise<PartitionLog> {
  if (isClean) await log.close();
  const { recoveryPoint, logStartOffset, firstDirtyOffset } = log;
  return await rig.open({
    codecs: zlibCodecs,
    cleanShutdown: isClean,
    recoveryPoint,
    logStartOffset,
    firstDirtyOffset,
  });
}

Deno.test("whatever happens, a consumer that begins anywhere ends with one table", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const rig = logRig({
        cleanupPolicy: ["compact"],
        segmentBytes: 900,
        indexIntervalBytes: 150,
        deleteRetentionMs: 5000,
        fileDeleteDelayMs: 0,
        producerIdExpirationMs: 1e15,
      });
      const model: Model = { records: [], sequences: [0, 0, 0, 0], count: 0 };
      let log = await rig.open({ codecs: zlibCodecs });
      for (const each of steps) {
        if (each.kind === "append") append(log, model, each);
        else if (each.kind === "transaction") transact(log, model, each);
        else if (each.kind === "compact") await compactNow(log, each);
        else if (each.kind === "pass") rig.nowMs += each.ms;
        else log = await reopen(rig, log, each.kind === "close");
        if (each.kind !== "append" && each.kind !== "transaction") await assertHolds(log, model);
        log.maintain(rig.nowMs);
      }
      await compactNow(log);
      await assertHolds(log, model);
      await log.close();
    }),
    { numRuns: Number(Deno.env.get("OTTLA_MODEL_RUNS") ?? 60) },
  );
});
