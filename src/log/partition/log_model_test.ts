// The log against a model: an array of records. Any sequence of what may happen to a log leaves
// both saying the same, at every step, through crashes and restarts.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromUtf8 } from "../../base/bytes.ts";
import type { PartitionLog } from "./partition_log.ts";
import {
  appendOk,
  batchOf,
  logRig,
  recordsFrom,
  type Rig,
} from "../../../tests/harness/log_rig.ts";
import { itemAt } from "../../base/items.ts";

type Step =
  | { readonly kind: "append"; readonly count: number; readonly bytes: number }
  | { readonly kind: "read"; readonly at: number; readonly maxBytes: number }
  | { readonly kind: "truncate" | "deleteBefore"; readonly at: number }
  | { readonly kind: "retain"; readonly bytes: number }
  | { readonly kind: "sync" | "close" | "crash" | "maintain" | "fullDisk" };

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 4 }),
      bytes: fc.nat(120),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      at: fraction,
      maxBytes: fc.nat(2000),
    }),
  },
  fc.record({ kind: fc.constantFrom("truncate" as const, "deleteBefore" as const), at: fraction }),
  fc.record({ kind: fc.constant("retain" as const), bytes: fc.nat(4000) }),
  fc.record({
    kind: fc.constantFrom(
      "sync" as const,
      "close" as const,
      "crash" as const,
      "maintain" as const,
      "fullDisk" as const,
    ),
  }),
);

/** What the log should hold. */
interface Model {
  /** Value and batch of each record; index is the offset. */
  readonly records: { value: string; batchStart: number }[];
  start: number;
  written: number;
}

async function takeStep(rig: Rig, run: { log: PartitionLog; model: Model; step: Step }) {
  const { model, step } = run;
  let { log } = run;
  const end = model.records.length;
  const offsetAt = (at: number) => model.start + Math.floor(at * (end - model.start));
  switch (step.kind) {
    case "append": {
      const values = Array.from(
        { length: step.count },
        () => `${model.written++}`.padEnd(step.bytes, "."),
      );
      assertEquals(appendOk(log, batchOf(values)).baseOffset, end);
      model.records.push(...values.map((value) => ({ value, batchStart: end })));
      break;
    }
    case "read": {
      const offset = offsetAt(step.at);
      const { maxBytes } = step;
      const records = await recordsFrom(log, { offset, maxBytes });
      const expected = model.records.slice(offset);
      assertEquals(records.map((record) => fromUtf8(record.value!)), expected.map((r) => r.value));
      break;
    }
    case "truncate": {
      const offset = offsetAt(step.at);
      await log.truncateTo(offset);
      if (offset < end) model.records.length = itemAt(model.records, offset).batchStart;
      model.start = Math.min(model.start, model.records.length);
      break;
    }
    case "deleteBefore":
      await log.deleteRecordsBefore(offsetAt(step.at));
      model.start = offsetAt(step.at);
      break;
    case "retain":
      rig.config.retentionBytes = step.bytes;
      await log.applyRetention(rig.nowMs);
      rig.config.retentionBytes = -1;
      assert(log.logStartOffset >= model.start);
      model.start = log.logStartOffset;
      break;
    case "sync":
      await log.syncTo(end);
      assertEquals(log.recoveryPoint, end);
      break;
    case "maintain":
      rig.nowMs += 70_000;
      log.maintain(rig.nowMs);
      break;
    case "fullDisk": {
      rig.faults.append = true;
      const result = log.append(batchOf(["lost"]), { leaderEpoch: 0, origin: "client" });
      assertEquals(result.ok, false);
      rig.faults.append = false;
      log.directory.checkRoom();
      break;
    }
    case "close":
    case "crash": {
      const cleanShutdown = step.kind === "close";
      if (cleanShutdown) await log.close();
      const { recoveryPoint, logStartOffset } = log;
      log = await rig.open({ cleanShutdown, recoveryPoint, logStartOffset });
      assertEquals(log.refusal, undefined);
      break;
    }
  }
  return log;
}

Deno.test("whatever happens to a log, it holds what an array would hold", async () => {
  const config = { segmentBytes: 900, indexIntervalBytes: 150, retentionMs: -1 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const rig = logRig(config);
      const model: Model = { records: [], start: 0, written: 0 };
      let log = await rig.open();
      for (const step of steps) {
        log = await takeStep(rig, { log, model, step });
        assertEquals([log.logStartOffset, log.logEndOffset], [model.start, model.records.length]);
      }
      const held = await recordsFrom(log);
      const expected = model.records.slice(model.start).map((record) => record.value);
      assertEquals(held.map((record) => fromUtf8(record.value!)), expected);
      await log.close();
    }),
    { numRuns: 150 },
  );
});
