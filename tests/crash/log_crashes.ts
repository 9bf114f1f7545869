// One partition's log through crashes, under a seed: what syncTo promised is there after each of
// them, byte-identical and in order, and nothing that was never appended.
//
//   life: open (recovery, itself crashed at will) > check > append, sync, checkpoint, ... > end
//
// The model is an array of what was appended at each offset. A kill must keep all of it, the loss
// of power what was synced. An idempotent producer sends its last five batches again after each
// restart, and gets the offsets that they have: none is there twice. Some logs are cut back now and
// then, as a follower's is, or begun anew behind their end: until a sync has covered what comes
// behind, a loss of power may bring back what was cut.

import { assert, assertEquals, AssertionError } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { isPlatformFault, PartitionFault } from "../../src/base/faults.ts";
import {
  logConfigDefaults,
  type LogFolder,
  type LogFolderOptions,
  type PartitionLog,
} from "../../src/log/mod.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { batchOf, recordsFrom } from "../harness/log_rig.ts";
import { type DoomedRun, startDoomed } from "./doomed_run.ts";
import { checkpoint, openLog } from "./opened_log.ts";

const producer = { producerId: 7, producerEpoch: 0 };

/** What was appended at one offset. */
interface Sent {
  readonly value: string;
  /** Its number, when the idempotent producer sent it. */
  readonly sequence: number | undefined;
  /** How many records the batch has that it begins; 0 within one. */
  readonly batchLength: number;
}

/** What never was at an offset below a log's start. */
const gone: Sent = { value: "", sequence: undefined, batchLength: 0 };

/** Batches that a log knows of each producer. */
const remembered = 5;

/** What the log must hold. */
interface Model {
  readonly sent: Sent[];
  /** Everything below must be there, whatever happened. */
  synced: number;
  /** Everything below must be there, unless the machine lost its power since: `synced` then. */
  written: number;
  /** Records below may have been deleted on request. */
  deletedTo: number;
  count: number;
  /** What cuts have taken: until more is synced than before it, a loss of power may undo them. */
  cut: { readonly from: number; readonly tail: readonly Sent[] }[];
  /** So many cuts there were. */
  cuts: number;
}

/** Numbers of a run, for its summary. */
export interface CrashCounts {
  crashes: number;
  cutRecords: number;
}

/** Runs the history of `seed`. Throws when a promise was broken. */
export async function crashLog(
  seed: number,
  options: { readonly counts: CrashCounts; readonly trace?: (line: string) => void },
): Promise<void> {
  const { counts, trace } = options;
  const random = new SeededRandom(seed, "history");
  const syncFailureProbability = random.chance(0.1) ? 0.05 : 0;
  const onLogLine = (_: string, line: string) => trace?.(line.trimEnd());
  const world = simulate(seed, { disk: { syncFailureProbability }, onLogLine });
  const model: Model = {
    sent: [],
    synced: 0,
    written: 0,
    deletedTo: 0,
    count: 0,
    cut: [],
    cuts: 0,
  };
  // Of its own, so that known seeds keep their histories.
  const pace = new SeededRandom(seed, "pace");
  const isPatient = pace.chance(0.4);
  const cuts = new SeededRandom(seed, "cuts");
  const isCut = cuts.chance(0.4);
  const anew = new SeededRandom(seed, "anew");
  const isBegunAnew = anew.chance(0.3);
  const config = {
    ...logConfigDefaults,
    segmentBytes: Math.floor(random.between(3200, 9000)) * (isPatient ? 4 : 1),
    indexIntervalBytes: Math.floor(random.between(50, 600)),
    flushMessages: random.chance(0.3) ? 5 : Number.MAX_SAFE_INTEGER,
    messageTimestampAfterMaxMs: 1e15,
    fileDeleteDelayMs: 0,
    // The batches are of 1970.
    producerIdExpirationMs: Infinity,
  };
  const fileBytesMax = random.chance(0.5) ? Math.floor(random.between(500, 9000)) : undefined;
  const journal = random.chance(0.6) ? { fromSyncs: 0, fileBytesMax } : undefined;
  const lives = 4;
  for (let life = 0; life <= lives; life++) {
    const isLast = life === lives;
    const run = startDoomed(world, {
      machine: "n1",
      doomAt: isLast ? Infinity : doomAt(random) * (isPatient ? 4 : 1),
      how: random.chance(0.7) ? "power loss" : "kill",
      random,
      trace,
    });
    const mayFail = syncFailureProbability > 0;
    const ways = {
      patience: isPatient ? pace : undefined,
      cuts: isCut ? cuts : undefined,
      anew: isBegunAnew ? anew : undefined,
    };
    const scenario = live(run, { model, config, random, ...ways, isLast, mayFail, journal });
    let end = await run.run(scenario);
    if (end === "done") {
      // Its doom lay beyond its end: the machine, or the process, goes all the same.
      end = random.chance(0.5) ? "kill" : "power loss";
      if (end === "kill") world.kill("n1");
      else world.crash("n1");
    }
    if (end === "power loss") model.written = model.synced;
    counts.crashes++;
  }
  counts.cutRecords += model.count - model.sent.length;
}

/** So many changes of files are made before the end comes. */
function doomAt(random: SeededRandom): number {
  return Math.floor(random.between(1, random.chance(0.3) ? 25 : 120));
}

interface Scenario {
  readonly model: Model;
  readonly config: typeof logConfigDefaults;
  readonly random: SeededRandom;
  /** Says when time passes behind an append, so that syncs end; undefined: hardly ever. */
  readonly patience: SeededRandom | undefined;
  /** Says when the log is cut back, and how far; undefined: never. */
  readonly cuts: SeededRandom | undefined;
  /** Says when it is begun anew behind its end; undefined: never. */
  readonly anew: SeededRandom | undefined;
  readonly isLast: boolean;
  /** Whether syncs fail at times. */
  readonly mayFail: boolean;
  readonly journal: LogFolderOptions["journal"];
}

async function live(run: DoomedRun, scenario: Scenario): Promise<void> {
  try {
    await work(run, scenario);
  } catch (error) {
    const isFailure = error instanceof PartitionFault || isPlatformFault(error, "Io");
    if (!scenario.mayFail || !isFailure) throw error;
  }
}

async function work(run: DoomedRun, scenario: Scenario): Promise<void> {
  const { model, random, patience, cuts, anew, isLast, journal } = scenario;
  const { folder, log } = await openLog(run.runtime, scenario.config, { journal });
  await check(log, model);
  await folder.noteRecovered();
  if (isLast) return;
  await resend(run, { log, model });
  const { timers } = run.runtime;
  for (let step = 0; step < (patience === undefined ? 60 : 240) && run.isAlive(); step++) {
    const isWell = log.refusal === undefined;
    if (!isWell) break;
    const dice = random.between(0, 1);
    if (dice < 0.62) append(run, { log, model, random });
    else if (dice < 0.75) await synced(run, { log, model });
    else if (dice < 0.8) synced(run, { log, model }).catch(() => {});
    else if (dice < 0.86) log.noteRecoveryStart();
    else if (dice < 0.93) await checkpoint(folder, log);
    else if (dice < 0.95) await removeOld(run, { log, model, random, folder });
    else if (dice < 0.97) log.maintain(run.runtime.clock.now());
    else if (random.chance(0.5)) await new Promise<void>((go) => timers.after(1, go));
    if (patience?.chance(0.3)) await new Promise<void>((go) => timers.after(1, go));
    if (cuts?.chance(0.04) && log.refusal === undefined) await cut(run, { log, model, cuts });
    if (anew?.chance(0.02) && log.refusal === undefined) await beginAnew(run, { log, model, anew });
  }
  if (!random.chance(0.3) || log.refusal !== undefined) return;
  await log.close();
  await folder.close([log]);
  if (run.isAlive()) model.synced = model.written = model.sent.length;
}

/** Holds the log to the model, and the model to what unsynced records the log has lost. */
async function check(log: PartitionLog, model: Model): Promise<void> {
  // A sync that fails while the log is opened takes it offline, as it should; it promised nothing.
  if (log.directory.offlineReason !== undefined) return;
  assertEquals(log.refusal, undefined, "a log that only lost power is not damaged");
  const { logStartOffset, logEndOffset } = log;
  const { written } = model;
  assert(logEndOffset >= written, `ends at ${logEndOffset}, and ${written} are promised`);
  model.cut = model.cut.filter(({ from }) => model.synced <= from);
  const endMax = Math.max(model.sent.length, ...model.cut.map((o) => o.from + o.tail.length));
  assert(logEndOffset <= endMax, `ends at ${logEndOffset}, ${endMax} sent`);
  const { deletedTo } = model;
  assert(logStartOffset <= deletedTo, `begins at ${logStartOffset}, deleted to ${deletedTo}`);
  const held = await recordsFrom(log);
  const offsets = held.map((record) => record.offset);
  assertEquals(offsets, range(logStartOffset, logEndOffset));
  for (const { offset, value } of held) {
    const found = fromUtf8(value!);
    const sent = model.sent[offset];
    const cut = model.cut.map(({ from, tail }) => tail[offset - from]);
    const back = sent?.value === found ? sent : cut.find((each) => each?.value === found);
    if (back === undefined) assertEquals(found, sent?.value, `at ${offset}`);
    else model.sent[offset] = back;
  }
  while (model.sent.length < logEndOffset) model.sent.push(gone);
  model.sent.length = logEndOffset;
  // Recovery has synced what it kept, but for what a mere kill has left.
  model.written = logEndOffset;
  model.synced = Math.max(Math.min(model.synced, logEndOffset), log.recoveryPoint);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function append(run: DoomedRun, o: { log: PartitionLog; model: Model; random: SeededRandom }) {
  const { log, model, random } = o;
  const isIdempotent = random.chance(0.4);
  const length = random.chance(0.2) ? 3 : 1;
  const values = Array.from({ length }, () => {
    const bytes = Math.floor(random.between(1, length === 1 && random.chance(0.1) ? 2500 : 600));
    const text = `${model.count++} ${random.uint32()} `;
    return text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes + text.length);
  });
  const sequence = isIdempotent ? nextSequence(model) : undefined;
  const idempotent = sequence === undefined ? {} : { ...producer, baseSequence: sequence };
  const batch = batchOf(values, idempotent);
  const baseOffset = log.logEndOffset;
  values.forEach((value, i) => {
    const batchLength = i === 0 ? length : 0;
    const number = sequence === undefined ? undefined : sequence + i;
    model.sent.push({ value, sequence: number, batchLength });
  });
  const isAwaited = random.chance(0.8);
  const result = log.append(batch, { leaderEpoch: 0, origin: "client", isAwaited });
  if (!run.isAlive()) return;
  if (!result.ok) throw new AssertionError(JSON.stringify(result));
  assertEquals([result.baseOffset, result.duplicate], [baseOffset, false]);
  const end = model.written = log.logEndOffset;
  if (!isAwaited || random.chance(0.5)) return;
  // As the answer to acks=all: by the journal, or by a sync.
  const { cuts } = model;
  const answered = () => {
    if (run.isAlive() && cuts === model.cuts) model.synced = Math.max(model.synced, end);
  };
  log.answerable(end, true)?.then(answered, () => {});
}

/** Cuts the log back to `from` or a little before: batches are whole. */
async function cut(
  run: DoomedRun,
  { log, model, cuts }: { log: PartitionLog; model: Model; cuts: SeededRandom },
): Promise<void> {
  const { logStartOffset, logEndOffset } = log;
  const least = Math.max(logStartOffset, logEndOffset - 12);
  let from = Math.floor(cuts.between(least, logEndOffset));
  while (from > logStartOffset && model.sent[from]?.batchLength === 0) from--;
  if (model.sent[from]?.batchLength === 0) return;
  model.cuts++;
  model.synced = Math.min(model.synced, from);
  model.written = Math.min(model.written, from);
  model.cut.push({ from, tail: model.sent.slice(from) });
  await log.truncateTo(from);
  if (!run.isAlive()) return;
  assertEquals(log.logEndOffset, from);
  model.sent.length = model.written = from;
}

/** Its leader begins behind the log's end: all of it goes, and it goes on there. */
async function beginAnew(
  run: DoomedRun,
  { log, model, anew }: { log: PartitionLog; model: Model; anew: SeededRandom },
): Promise<void> {
  const to = log.logEndOffset + Math.floor(anew.between(1, 20));
  model.cuts++;
  model.synced = model.written = 0;
  model.deletedTo = to;
  const padding = Array.from({ length: to - model.sent.length }, () => gone);
  model.cut.push({ from: 0, tail: [...model.sent, ...padding] });
  await log.restartAt(to);
  if (!run.isAlive()) return;
  assertEquals([log.logStartOffset, log.logEndOffset], [to, to]);
  model.sent.push(...padding);
  model.written = to;
}

function nextSequence({ sent }: Model): number {
  const last = sent.findLast(({ sequence }) => sequence !== undefined);
  return last === undefined ? 0 : last.sequence! + 1;
}

/** The producer does not know what became of its last five batches: it sends them all again. */
function resend(run: DoomedRun, { log, model }: { log: PartitionLog; model: Model }): void {
  if (log.refusal !== undefined) return;
  const begins = model.sent.flatMap(({ sequence, batchLength }, offset) =>
    sequence !== undefined && batchLength > 0 ? [offset] : []
  );
  for (const offset of begins.slice(-remembered)) {
    // What was deleted is not known for ever.
    if (offset < log.logStartOffset) continue;
    const { sequence, batchLength } = model.sent[offset];
    const values = model.sent.slice(offset, offset + batchLength).map(({ value }) => value);
    const batch = batchOf(values, { ...producer, baseSequence: sequence! });
    const result = log.append(batch, { leaderEpoch: 0, origin: "client" });
    if (!run.isAlive()) return;
    if (!result.ok) throw new AssertionError(JSON.stringify(result));
    assertEquals([result.duplicate, result.baseOffset], [true, offset]);
  }
}

/** Waits for a sync; what it covered is promised from then on. */
async function synced(run: DoomedRun, { log, model }: { log: PartitionLog; model: Model }) {
  const end = log.logEndOffset;
  const { cuts } = model;
  try {
    await log.syncTo(end);
  } catch {
    return;
  }
  if (run.isAlive() && cuts === model.cuts) model.synced = Math.max(model.synced, end);
}

async function removeOld(
  run: DoomedRun,
  o: { log: PartitionLog; model: Model; random: SeededRandom; folder: LogFolder },
): Promise<void> {
  const { log, model, random, folder } = o;
  const to = Math.floor(random.between(log.logStartOffset, model.synced));
  if (to <= log.logStartOffset) return;
  model.deletedTo = Math.max(model.deletedTo, to);
  await log.deleteRecordsBefore(to);
  await checkpoint(folder, log);
  assert(!run.isAlive() || log.logStartOffset >= to);
}
