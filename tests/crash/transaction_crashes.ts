// A log with transactions, interrupted at each change of a file in turn, by a kill or by a loss of
// power: whoever reads committed records after the restart, from wherever, is given what was
// committed, no record of what was aborted, and nothing behind the first open transaction. The
// index of aborted transactions, and what is known of producers, are rebuilt or read: either way
// they tell the truth.
//
//   the same work each time, up to change 1, 2, 3 ... > recovery, interrupted too > judged
//     > what is open is ended > judged > a clean restart > judged
//
// The truth is the list of what was appended, as far as the log has kept it.

import { assert, assertEquals, AssertionError } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { type LogConfig, logConfigDefaults, type PartitionLog } from "../../src/log/mod.ts";
import { buildEndTransactionMarker } from "../../src/records/mod.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { committedFrom } from "../harness/committed_records.ts";
import { batchOf } from "../harness/log_rig.ts";
import { type DoomedRun, type End, startDoomed } from "./doomed_run.ts";
import type { CrashCounts } from "./log_crashes.ts";
import { checkpoint, openLog } from "./opened_log.ts";

const producerIds = [7, 8, 9];
const stepsOfWork = 70;

/** What lies at an offset. */
type Entry =
  | { readonly kind: "record"; readonly value: string; readonly producerId: number | undefined }
  | { readonly kind: "marker"; readonly producerId: number; readonly committed: boolean };

interface Model {
  readonly entries: Entry[];
  /** Everything below is there, whatever happens. */
  synced: number;
  /** Everything below is there, unless the machine loses its power: `synced` then. */
  written: number;
}

/** Interrupts the work of `seed` at every change, in both ways. Throws when somebody is misled. */
export async function crashTransactions(
  seed: number,
  { counts }: { readonly counts: Pick<CrashCounts, "crashes"> },
): Promise<void> {
  for (const how of ["kill", "power loss"] as const) {
    for (let doomAt = 1;; doomAt++) {
      try {
        if (await crashAt(seed, { doomAt, how }) === "done") break;
      } catch (error) {
        throw new Error(`seed ${seed}, ${how} before change ${doomAt}`, { cause: error });
      }
      counts.crashes++;
    }
  }
}

/** One of them; "done" where the work has fewer changes. */
async function crashAt(
  seed: number,
  { doomAt, how }: { doomAt: number; how: "kill" | "power loss" },
): Promise<End> {
  const world = simulate(seed);
  const chance = new SeededRandom(seed * 1_000 + doomAt, "crash");
  const random = new SeededRandom(seed, "work");
  const model: Model = { entries: [], synced: 0, written: 0 };
  const config = {
    ...logConfigDefaults,
    segmentBytes: Math.floor(random.between(500, 2_000)),
    indexIntervalBytes: 100,
    messageTimestampAfterMaxMs: 1e15,
    transactionsAreVerified: false,
    fileDeleteDelayMs: 0,
    // The batches are of 1970.
    producerIdExpirationMs: Infinity,
  };
  const start = (doom: { doomAt: number; how: "kill" | "power loss" }) =>
    startDoomed(world, { machine: "n1", random: chance, ...doom });
  const run = start({ doomAt, how });
  const end = await run.run(work(run, { model, config, random }));
  if (end === "done") return end;
  if (how === "power loss") model.written = model.synced;
  // Recovery is interrupted here and there, before it is let go through.
  const again = start({ doomAt: Math.floor(chance.between(1, 30)), how: "power loss" });
  const isDone = await again.run(recovered(again, { model, config })) === "done";
  if (isDone) world.kill("n1");
  else model.written = model.synced;
  for (const isFirst of [true, false]) {
    const last = start({ doomAt: Infinity, how });
    await last.run(judged(last, { model, config, chance, isFirst }));
    world.kill("n1");
  }
  return end;
}

/** Records in and out of transactions, and their ends; syncs, checkpoints, deletions. */
async function work(
  run: DoomedRun,
  { model, config, random }: { model: Model; config: LogConfig; random: SeededRandom },
): Promise<void> {
  const { folder, log } = await openLog(run.runtime, config);
  await folder.noteRecovered();
  for (let step = 0; step < stepsOfWork && run.isAlive(); step++) {
    const dice = random.between(0, 1);
    const producerId = producerIds[Math.floor(random.between(0, producerIds.length))]!;
    const count = random.chance(0.4) ? 2 : 1;
    const isCommitted = random.chance(0.5);
    if (dice < 0.45) send(run, { log, model, producerId, count });
    else if (dice < 0.55) send(run, { log, model, producerId: undefined, count });
    else if (dice < 0.75) end(run, { log, model, producerId, committed: isCommitted });
    else if (dice < 0.85) await synced(run, { log, model });
    else if (dice < 0.92) await checkpoint(folder, log);
    else if (dice < 0.96) log.noteRecoveryStart();
    else if (run.isAlive() && log.logStartOffset < model.synced / 3) {
      await log.deleteRecordsBefore(Math.floor(model.synced / 3));
      await checkpoint(folder, log);
    }
  }
}

/** A start, and what it finds. */
async function recovered(
  run: DoomedRun,
  { model, config }: { model: Model; config: LogConfig },
): Promise<void> {
  const { folder, log } = await openLog(run.runtime, config);
  await judge(log, model);
  await folder.noteRecovered();
}

/** The same; then what is open is ended, and the log closed. */
async function judged(
  run: DoomedRun,
  { model, config, chance, isFirst }: {
    model: Model;
    config: LogConfig;
    chance: SeededRandom;
    isFirst: boolean;
  },
): Promise<void> {
  const { folder, log } = await openLog(run.runtime, config);
  await judge(log, model);
  await folder.noteRecovered();
  if (!isFirst) return;
  // What was aborted, and is open again, may be committed now.
  for (const producerId of producerIds) {
    end(run, { log, model, producerId, committed: chance.chance(0.7) });
  }
  assertEquals(log.lastStableOffset, log.logEndOffset, "nothing is open");
  await judge(log, model);
  await log.close();
  await folder.close([log]);
}

/** Holds what readers are given to what lies in the log. */
async function judge(log: PartitionLog, model: Model): Promise<void> {
  const { logStartOffset, logEndOffset } = log;
  const { entries, written } = model;
  assert(logEndOffset >= written && logEndOffset <= entries.length, `it ends at ${logEndOffset}`);
  entries.length = logEndOffset;
  model.written = logEndOffset;
  model.synced = Math.max(Math.min(model.synced, logEndOffset), log.recoveryPoint);
  const { stables, committed } = truth(entries, logStartOffset);
  const stable = log.lastStableOffset;
  assert(stables.includes(stable), `the last stable offset is ${stable}, not ${stables}`);
  for (let from = logStartOffset; from < stable; from += from === logStartOffset ? 1 : 5) {
    const read = await committedFrom(log, from);
    const told = read.map(({ offset, value }) => `${offset} ${fromUtf8(value!)}`);
    assertEquals(told, committed.slice(from, stable).flat(), `committed records from ${from} on`);
  }
}

/**
 * What was committed, by offset, and where the last stable offset may be: at the first record of
 * what is open, or, where that was deleted and with it all that told of it, at the first of those
 * that are left.
 */
function truth(entries: readonly Entry[], startOffset: number) {
  const committed: string[][] = entries.map(() => []);
  const open = new Map<number, number[]>();
  for (const [offset, entry] of entries.entries()) {
    const { producerId } = entry;
    if (entry.kind === "marker") {
      for (const each of entry.committed ? open.get(entry.producerId) ?? [] : []) {
        committed[each] = textAt(entries, each);
      }
      open.delete(entry.producerId);
    } else if (producerId === undefined) committed[offset] = textAt(entries, offset);
    else open.set(producerId, [...open.get(producerId) ?? [], offset]);
  }
  const undecided = [...open.values()].flat();
  const known = Math.max(startOffset, Math.min(entries.length, ...undecided));
  const left = undecided.filter((offset) => offset >= startOffset);
  return { stables: [known, Math.min(entries.length, ...left)], committed };
}

function textAt(entries: readonly Entry[], offset: number): string[] {
  const entry = entries[offset];
  return entry?.kind === "record" ? [`${offset} ${entry.value}`] : [];
}

function send(
  run: DoomedRun,
  o: { log: PartitionLog; model: Model; producerId: number | undefined; count: number },
): void {
  const { log, model: { entries }, producerId, count } = o;
  const values = Array.from({ length: count }, (_, i) => `v${entries.length + i}`);
  const isOwn = (entry: Entry) => entry.kind === "record" && entry.producerId === producerId;
  const baseSequence = entries.filter(isOwn).length;
  const transaction = { producerId, producerEpoch: 0, baseSequence, isTransactional: true };
  const batch = batchOf(values, producerId === undefined ? {} : transaction);
  entries.push(...values.map((value) => ({ kind: "record", value, producerId }) as const));
  appended(run, o, () => log.append(batch, { leaderEpoch: 0, origin: "client" }));
}

function end(
  run: DoomedRun,
  o: { log: PartitionLog; model: Model; producerId: number; committed: boolean },
): void {
  const { log, model: { entries }, producerId, committed } = o;
  const marker = buildEndTransactionMarker({
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 1_000,
    committed,
  });
  entries.push({ kind: "marker", producerId, committed });
  appended(run, o, () => log.append(marker, { leaderEpoch: 0, origin: "coordinator" }));
}

function appended(
  run: DoomedRun,
  { log, model }: { log: PartitionLog; model: Model },
  append: () => ReturnType<PartitionLog["append"]>,
): void {
  const result = append();
  if (!run.isAlive()) return;
  if (!result.ok) throw new AssertionError(JSON.stringify(result));
  model.written = log.logEndOffset;
}

/** Waits for a sync; what it covered is promised from then on. */
async function synced(run: DoomedRun, { log, model }: { log: PartitionLog; model: Model }) {
  const to = log.logEndOffset;
  await log.syncTo(to);
  if (run.isAlive()) model.synced = Math.max(model.synced, to);
}
