import { assert, assertEquals, assertRejects } from "@std/assert";
import { batchOf, recordsFrom } from "../../../tests/harness/log_rig.ts";
import { watchedFiles } from "../../../tests/harness/watched_files.ts";
import { concatBytes, fromUtf8 } from "../../base/bytes.ts";
import { PartitionFault, PlatformFault } from "../../base/faults.ts";
import { uuidFromRandom } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import type { Runtime } from "../../runtime/ports.ts";
import { simulate, type Simulation } from "../../runtime/simulated.ts";
import { assignBatch } from "../../records/mod.ts";
import { logConfigDefaults } from "../partition/config.ts";
import { PartitionLog } from "../partition/partition_log.ts";
import { LogFolder } from "../directory/log_folder.ts";
import { readWholeFile } from "../files/whole_file.ts";
import type { JournalTerms } from "./journal.ts";

const logCount = 12;
const topicId = uuidFromRandom(new Uint8Array(16).fill(7));
const config = { ...logConfigDefaults, messageTimestampAfterMaxMs: 1e15 };
const always: JournalTerms = { fromSyncs: 0 };

/** What a process does to the files of a data directory with many logs. */
interface Directory {
  readonly folder: LogFolder;
  readonly logs: readonly PartitionLog[];
  openLog(partition: number): Promise<PartitionLog>;
  /** Paths that were synced since the last time. */
  takeSynced(): readonly string[];
  journalFiles(): readonly string[];
  /** Makes changes of files whose description it takes fail. */
  fail(isHit: (change: string) => boolean): void;
  /** Somebody else removes a file. */
  remove(path: string): void;
  pass(ms: number): Promise<void>;
}

async function open(runtime: Runtime, journal: JournalTerms | undefined): Promise<Directory> {
  const synced: string[] = [];
  let isHit = (_: string) => false;
  const files = watchedFiles(runtime.files, (change) => {
    if (isHit(change)) throw new PlatformFault("Io", `${change} fails`);
    const [, path] = /^sync (.*)$/.exec(change) ?? [];
    if (path !== undefined) synced.push(path);
  });
  const { random, clock } = runtime;
  const logger = runtime.logger({ level: "info", format: "text" });
  const options = { files, random, logger, nodeId: 1, journal, hasReplicasElsewhere: true };
  const folder = await LogFolder.open("/data", options);
  await folder.claim();
  const openLog = (partition: number) =>
    PartitionLog.open({
      ...folder.checkpointOf({ topic: "orders", partition, topicId }),
      folder: "/data",
      topic: "orders",
      partition,
      topicId,
      journaled: folder.journaledOf(topicId, partition),
      config: () => config,
      files,
      clock,
      logger,
      handles: folder.handles,
      directory: folder.state,
      cleanShutdown: folder.cleanShutdown,
    });
  const logs: PartitionLog[] = [];
  for (let partition = 0; partition < logCount; partition++) logs.push(await openLog(partition));
  return {
    folder,
    logs,
    openLog,
    takeSynced: () => synced.splice(0),
    journalFiles: () => files.list("/data").filter((name) => name.startsWith(".ottla_journal")),
    fail: (hit) => isHit = hit,
    remove: (path) => files.remove(path),
    pass: (ms) => new Promise((go) => void runtime.timers.after(ms, go)),
  };
}

/** Appends a record to a log, as acks=all does; resolves once the answer may go out. */
async function send(log: PartitionLog, value: string, isAwaited = true): Promise<void> {
  const result = log.append(batchOf([value]), { leaderEpoch: 0, origin: "client", isAwaited });
  assert(result.ok);
  if (isAwaited) await log.answerable(log.logEndOffset, true);
}

/** The same to all logs at once. */
async function sendAll(logs: readonly PartitionLog[], value: string): Promise<void> {
  await Promise.all(logs.map((log) => send(log, value)));
}

/** Appends `count` records to a log, so many of which wait for their answers at a time. */
async function sendMany(log: PartitionLog, count: number, underWay: number): Promise<void> {
  const waiting: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    waiting.push(send(log, `${i}`));
    if (waiting.length === underWay) await waiting.shift();
  }
  await Promise.all(waiting);
}

async function valuesOf(log: PartitionLog): Promise<string[]> {
  return (await recordsFrom(log)).map(({ value }) => fromUtf8(value!));
}

async function close({ folder, logs }: Directory): Promise<void> {
  for (const log of logs) await log.close();
  await folder.close(logs);
}

/** A world, and logs whose names are durable: each has one record. */
async function withLogs(
  terms: JournalTerms,
  scenario: (directory: Directory, world: Simulation) => Promise<void>,
): Promise<void> {
  const world = simulate(1, {});
  await world.drive((async () => {
    const directory = await open(world.start("n1"), terms);
    await sendAll(directory.logs, "a");
    directory.takeSynced();
    await scenario(directory, world);
  })());
}

/** The process and the power go, and another one opens what is left. */
function afterPowerLoss(world: Simulation): Promise<Directory> {
  world.crash("n1");
  return open(world.start("n1"), undefined);
}

Deno.test("one sync of the journal is for many logs, and no loss of power takes it", async () => {
  await withLogs(always, async (directory, world) => {
    const { logs, takeSynced, journalFiles } = directory;
    await sendAll(logs, "b");
    await sendAll(logs, "c");
    const [name] = journalFiles();
    const synced = takeSynced().filter((path) => path !== "/data");
    assertEquals(new Set(synced), new Set([`/data/${name}`]));
    assert(synced.length <= 6, `${synced.length} syncs for ${2 * logs.length} records`);
    const found = await afterPowerLoss(world);
    for (const log of found.logs) assertEquals(await valuesOf(log), ["a", "b", "c"]);
    assert(found.logs.every((log) => log.isSynced));
    await found.folder.noteRecovered();
    assertEquals(found.journalFiles(), []);
  });
});

Deno.test("a clean stop leaves no journal", async () => {
  await withLogs(always, async (directory) => {
    await sendAll(directory.logs, "b");
    assertEquals(directory.journalFiles().length, 1);
    await close(directory);
    assertEquals(directory.journalFiles(), []);
  });
});

Deno.test("while few syncs are under way each log has its own", async () => {
  await withLogs({ fromSyncs: 4 }, async (directory) => {
    const { logs, takeSynced } = directory;
    const own = () => takeSynced().filter((path) => path.endsWith(".log")).length;
    const log = itemAt(logs, 0);
    // All logs have just had something to be synced.
    for (const value of ["b", "c"]) await send(log, value);
    assertEquals(own(), 0);
    for (const value of ["d", "e"]) {
      await send(log, value);
      assertEquals(own(), 1);
    }
    await sendAll(logs, "f");
    assertEquals(own(), 4);
    await close(directory);
  });
});

Deno.test("where many waited for a round, the next ones go into the journal", async () => {
  await withLogs({ fromSyncs: 4 }, async (directory) => {
    const { logs, takeSynced } = directory;
    const own = () => takeSynced().filter((path) => path.endsWith(".log")).length;
    for (const value of ["b", "c", "d"]) await sendAll(logs, value);
    assertEquals(own(), 0);
    const log = itemAt(logs, 0);
    for (const value of ["e", "f"]) await send(log, value);
    assertEquals(own(), 0);
    await send(log, "g");
    assertEquals(own(), 1);
    await close(directory);
  });
});

Deno.test("logs with several batches under way go over to the journal", async () => {
  await withLogs({ fromSyncs: 4 }, async ({ logs, takeSynced }, world) => {
    await Promise.all(logs.map((log) => sendMany(log, 40, 4)));
    const own = takeSynced().filter((path) => path.endsWith(".log")).length;
    assert(own <= 2 * logs.length, `${own} syncs of their own for ${40 * logs.length} records`);
    const found = await afterPowerLoss(world);
    const sent = ["a", ...Array.from({ length: 40 }, (_, i) => `${i}`)];
    for (const log of found.logs) assertEquals(await valuesOf(log), sent);
  });
});

Deno.test("what went over to the journal counts on the sync of what lies before it", async () => {
  await withLogs(always, async ({ logs, fail }) => {
    const log = itemAt(logs, 0);
    await send(log, "b");
    await send(log, "c", false);
    fail((change) => change.startsWith("sync /data/orders-0/"));
    const outcomes = await Promise.allSettled([send(log, "d"), send(log, "e")]);
    assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  });
});

Deno.test("behind a record that is not in the journal, a log has its own sync", async () => {
  await withLogs(always, async ({ logs, takeSynced }, world) => {
    const log = itemAt(logs, 0);
    await send(log, "b");
    await send(log, "c", false);
    takeSynced();
    await send(log, "d");
    const own = (path: string) => path.startsWith("/data/orders-0/");
    assertEquals(takeSynced().filter(own).length, 1);
    await send(log, "e");
    assertEquals(takeSynced().filter(own).length, 0);
    const found = await afterPowerLoss(world);
    assertEquals(await valuesOf(itemAt(found.logs, 0)), ["a", "b", "c", "d", "e"]);
  });
});

Deno.test("a file that is full goes once its logs have their own syncs", async () => {
  await withLogs({ fromSyncs: 0, fileBytesMax: 2_000 }, async (directory, world) => {
    const { logs, journalFiles } = directory;
    for (let i = 0; i < 40; i++) {
      await sendAll(logs, `${i}`);
      assert(journalFiles().length <= 2, journalFiles().join(", "));
    }
    const found = await afterPowerLoss(world);
    const sent = ["a", ...Array.from({ length: 40 }, (_, i) => `${i}`)];
    for (const log of found.logs) assertEquals(await valuesOf(log), sent);
  });
});

Deno.test("what is appended to a file that was removed is not acknowledged", async () => {
  await withLogs(always, async ({ logs, remove, pass }) => {
    const log = itemAt(logs, 0);
    await send(log, "b");
    remove("/data/orders-0/00000000000000000000.log");
    // It is looked for every 100 ms at most.
    await pass(200);
    await assertRejects(() => send(log, "c"), PartitionFault, "removed");
  });
});

Deno.test("where the journal cannot be written, each log has its own sync", async () => {
  await withLogs(always, async (directory, world) => {
    directory.fail((change) => /^(append|make) .*ottla_journal/.test(change));
    await sendAll(directory.logs, "b");
    await sendAll(directory.logs, "c");
    assertEquals(directory.folder.state.offlineReason, undefined);
    const found = await afterPowerLoss(world);
    for (const log of found.logs) assertEquals(await valuesOf(log), ["a", "b", "c"]);
  });
});

Deno.test("what was cut off a log does not come back out of the journal", async () => {
  await withLogs(always, async ({ logs }, world) => {
    for (const value of ["b", "c"]) await sendAll(logs, value);
    const [cut, cutAndGrown] = [itemAt(logs, 0), itemAt(logs, 1)];
    for (const log of [cut, cutAndGrown]) await log.truncateTo(1);
    await send(cutAndGrown, "d");
    const found = await afterPowerLoss(world);
    const values = await Promise.all(found.logs.slice(0, 3).map(valuesOf));
    assertEquals(values, [["a"], ["a", "d"], ["a", "b", "c"]]);
  });
});

Deno.test("nor does what only gathered for the journal's first round", async () => {
  await withLogs(always, async ({ logs, journalFiles }, world) => {
    const log = itemAt(logs, 0);
    const unawaited = ["b", "c"].map((value) => batchOf([value]));
    for (const batch of unawaited) {
      assert(log.append(batch, { leaderEpoch: 0, origin: "client", isAwaited: true }).ok);
    }
    assertEquals(journalFiles(), []);
    await log.truncateTo(1);
    await send(log, "d");
    const found = await afterPowerLoss(world);
    assertEquals(await valuesOf(itemAt(found.logs, 0)), ["a", "d"]);
  });
});

for (const how of ["a start", "a stop"] as const) {
  Deno.test(`nor out of one that ${how} has removed and a loss of power brings back`, async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const world = simulate(seed, {});
      await world.drive((async () => {
        const directory = await open(world.start("n1"), {
          fromSyncs: 0,
          fileBytesMax: 200 + 40 * (seed % 7),
        });
        const log = itemAt(directory.logs, 0);
        const sent = [..."abcdefghijklm"].slice(0, 3 + seed % 10);
        for (const value of sent) await send(log, value);
        await log.truncateTo(2);
        if (how === "a stop") {
          directory.fail((change) => change.includes("cleanshutdown"));
          await assertRejects(() => close(directory));
        } else {
          const { folder } = await afterPowerLoss(world);
          await folder.noteRecovered();
        }
        const found = await afterPowerLoss(world);
        assertEquals(await valuesOf(itemAt(found.logs, 0)), ["a", "b"], `seed ${seed}`);
      })());
    }
  });
}

Deno.test("nor out of one that a start has had to leave where it was", async () => {
  await withLogs(always, async ({ logs }, world) => {
    await sendAll(logs, "b");
    world.kill("n1");
    const second = await open(world.start("n1"), always);
    // As where there was no room for what a log has to write at a start.
    second.folder.noteUnsettled("orders", 1);
    await second.folder.noteRecovered();
    await itemAt(second.logs, 0).truncateTo(1);
    await close(second);
    world.kill("n1");
    const found = await open(world.start("n1"), always);
    assertEquals(await valuesOf(itemAt(found.logs, 0)), ["a"]);
  });
});

Deno.test("nor does it where the journal cannot be written any more", async () => {
  await withLogs(always, async ({ logs, fail }, world) => {
    await sendAll(logs, "b");
    fail((change) => /^append .*ottla_journal/.test(change));
    await sendAll(logs, "c");
    const log = itemAt(logs, 0);
    await assertRejects(() => log.truncateTo(1));
    assertEquals(await valuesOf(log), ["a", "b", "c"]);
    fail(() => false);
    await log.truncateTo(1);
    const found = await afterPowerLoss(world);
    const values = await Promise.all(found.logs.slice(0, 2).map(valuesOf));
    assertEquals(values, [["a"], ["a", "b", "c"]]);
  });
});

Deno.test("a replica that comes again has nothing of the journal of the one before", async () => {
  await withLogs(always, async ({ logs, folder, openLog }, world) => {
    await sendAll(logs, "b");
    await itemAt(logs, 0).delete();
    folder.forget("orders", 0);
    await send(await openLog(0), "x");
    const found = await afterPowerLoss(world);
    const values = await Promise.all(found.logs.slice(0, 2).map(valuesOf));
    assertEquals(values, [["x"], ["a", "b"]]);
  });
});

Deno.test("batches that were copied together go into the journal one by one", async () => {
  await withLogs({ fromSyncs: 4 }, async ({ logs, takeSynced }, world) => {
    const copied = concatBytes([batchOf(["b", "c"]), batchOf(["d"])]);
    assignBatch(copied, { position: 0, baseOffset: 1, leaderEpoch: 0 });
    const position = batchOf(["b", "c"]).length;
    assignBatch(copied, { position, baseOffset: 3, leaderEpoch: 0 });
    const terms = { leaderEpoch: 0, origin: "replica", isAwaited: true, together: 4 } as const;
    const some = logs.slice(0, 4);
    for (const log of some) assert(log.append(copied.slice(), terms).ok);
    await Promise.all(some.map((log) => log.answerable(4, true)));
    assert(some.every((log) => log.keptEndOffset === 4));
    assertEquals(takeSynced().filter((path) => path.endsWith(".log")), []);
    const found = await afterPowerLoss(world);
    for (const log of found.logs.slice(0, 4)) {
      assertEquals(await valuesOf(log), ["a", "b", "c", "d"]);
    }
  });
});

Deno.test("a sync of the journal that fails takes the directory offline", async () => {
  await withLogs(always, async ({ logs, folder, fail }) => {
    fail((change) => /^sync .*ottla_journal/.test(change));
    const outcomes = await Promise.allSettled(logs.map((log) => send(log, "b")));
    assert(outcomes.every(({ status }) => status === "rejected"));
    assert(folder.state.offlineReason?.includes("journal"));
  });
});

Deno.test("a kill with a journal costs nothing, and neither does one that comes back", async () => {
  await withLogs(always, async ({ logs, journalFiles }, world) => {
    await sendAll(logs, "b");
    const path = `/data/${itemAt(journalFiles(), 0)}`;
    world.kill("n1");
    const machine = world.start("n1");
    const left = readWholeFile(machine.files, path)!;
    const second = await open(machine, always);
    for (const log of second.logs) assertEquals(await valuesOf(log), ["a", "b"]);
    await second.folder.noteRecovered();
    await sendAll(second.logs, "c");
    await close(second);
    const file = machine.files.open(path, "create");
    file.append(left);
    file.close();
    const third = await open(machine, always);
    for (const log of third.logs) assertEquals(await valuesOf(log), ["a", "b", "c"]);
    await close(third);
  });
});
