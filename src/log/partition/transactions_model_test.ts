// Transactions in a log against a model: whatever happens to the log, a read_committed reader gets
// what was committed or written outside of transactions, below the last stable offset, and no more.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromUtf8 } from "../../base/bytes.ts";
import { buildEndTransactionMarker } from "../../records/mod.ts";
import type { PartitionLog } from "./partition_log.ts";
import { committedFrom } from "../../../tests/harness/committed_records.ts";
import { appendOk, batchOf, logRig, type Rig } from "../../../tests/harness/log_rig.ts";

const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 100);

type Step =
  | { readonly kind: "send"; readonly producerId: number; readonly count: number }
  | { readonly kind: "plain"; readonly count: number }
  | { readonly kind: "end"; readonly producerId: number; readonly committed: boolean }
  | { readonly kind: "deleteBefore"; readonly at: number }
  | { readonly kind: "close" | "crash" | "checkpoint" };

const producerId = fc.constantFrom(7, 8, 9);
const count = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("send" as const), producerId, count }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("plain" as const), count }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      producerId,
      committed: fc.boolean(),
    }),
  },
  fc.record({
    kind: fc.constant("deleteBefore" as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({
    kind: fc.constantFrom("close" as const, "crash" as const, "checkpoint" as const),
  }),
);

/** A record of the log: a marker has no value. `state` is that of its transaction. */
interface Kept {
  readonly value: string | undefined;
  readonly producerId: number | undefined;
  state: "open" | "committed" | "aborted";
}

interface World {
  readonly rig: Rig;
  readonly kept: Kept[];
  readonly sequences: Map<number, number>;
  log: PartitionLog;
}

function send(world: World, { producerId, count }: { producerId?: number; count: number }): void {
  const { log, kept, sequences } = world;
  const values = Array.from({ length: count }, (_, i) => `v${kept.length + i}`);
  const baseSequence = producerId === undefined ? -1 : sequences.get(producerId) ?? 0;
  const producer = { producerId, producerEpoch: 0, baseSequence, isTransactional: true };
  appendOk(log, batchOf(values, producerId === undefined ? {} : producer));
  if (producerId !== undefined) sequences.set(producerId, baseSequence + count);
  const state = producerId === undefined ? "committed" : "open";
  kept.push(...values.map((value) => ({ value, producerId, state }) as Kept));
}

function end(world: World, { producerId, committed }: { producerId: number; committed: boolean }) {
  const { log, kept } = world;
  const whose = { producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1000 };
  const marker = buildEndTransactionMarker({ ...whose, committed });
  assert(log.append(marker, { leaderEpoch: 0, origin: "coordinator" }).ok);
  for (const each of kept) {
    if (each.producerId !== producerId || each.state !== "open") continue;
    each.state = committed ? "committed" : "aborted";
  }
  kept.push({ value: undefined, producerId: undefined, state: "committed" });
}

async function take(world: World, step: Step): Promise<void> {
  const { rig, log } = world;
  const { recoveryPoint, logStartOffset, logEndOffset } = log;
  switch (step.kind) {
    case "send":
    case "plain":
      return send(world, step);
    case "end":
      return end(world, step);
    case "deleteBefore":
      // Into an open transaction, too: DeleteRecords goes as far as the high watermark.
      return await log.deleteRecordsBefore(Math.floor(step.at * logEndOffset));
    case "checkpoint":
      await log.syncTo(logEndOffset);
      return log.noteRecoveryStart();
    case "close":
      await log.close();
      world.log = await rig.open({ cleanShutdown: true, logStartOffset });
      return;
    case "crash":
      world.log = await rig.open({ recoveryPoint, logStartOffset });
  }
}

function expected({ kept }: World, log: PartitionLog): { stable: number; values: string[] } {
  const open = kept.findIndex(({ state }) => state === "open");
  // What is deleted of an open transaction holds nobody up.
  const stable = open < 0 ? kept.length : Math.max(open, log.logStartOffset);
  const values = kept.slice(log.logStartOffset, stable)
    .flatMap(({ value, state }) => value !== undefined && state === "committed" ? [value] : []);
  return { stable, values };
}

Deno.test("what is aborted while a sync runs is aborted after a restart, too", async () => {
  const rig = logRig();
  const world: World = { rig, kept: [], sequences: new Map(), log: await rig.open() };
  for (const producerId of [7, 8]) send(world, { producerId, count: 1 });
  end(world, { producerId: 7, committed: false });
  const syncing = world.log.syncTo(world.log.logEndOffset);
  end(world, { producerId: 8, committed: false });
  await syncing;
  await take(world, { kind: "close" });
  assertEquals(await committedFrom(world.log), []);
});

Deno.test("a read_committed reader gets what has committed, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const rig = logRig({ segmentBytes: 500, indexIntervalBytes: 100 });
      const world: World = { rig, kept: [], sequences: new Map(), log: await rig.open() };
      for (const step of steps) {
        await take(world, step);
        const { log } = world;
        const { stable, values } = expected(world, log);
        assertEquals([log.lastStableOffset, log.logEndOffset], [stable, world.kept.length]);
        const read = await committedFrom(log);
        assertEquals(read.map(({ value }) => fromUtf8(value!)), values);
      }
    }),
    { numRuns: runs },
  );
});
