// A log on the simulated disk, through power losses: unsynced writes and names survive in any
// subset, torn at 512 bytes. What syncTo promised must be there after every one of them.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromUtf8 } from "../../base/bytes.ts";
import type { Runtime } from "../../runtime/ports.ts";
import { simulate, type Simulation } from "../../runtime/simulated.ts";
import { logConfigDefaults } from "./config.ts";
import { LogFolder } from "../directory/log_folder.ts";
import { PartitionLog } from "./partition_log.ts";
import { appendOk, batchOf, recordsFrom } from "../../../tests/harness/log_rig.ts";
import { firstOf } from "../../base/items.ts";

const config = {
  ...logConfigDefaults,
  segmentBytes: 4000,
  indexIntervalBytes: 300,
  messageTimestampAfterMaxMs: 1e15,
};

/** One stretch of work between a start and the end of the process. */
interface Life {
  /** Bytes of each appended value; a sync follows where `synced` says so, awaited or not. */
  readonly appends: readonly { bytes: number; synced: "no" | "asked" | "awaited" }[];
  readonly checkpoint: boolean;
  readonly end: "power loss" | "kill" | "close";
}

const life: fc.Arbitrary<Life> = fc.record({
  appends: fc.array(
    fc.record({
      bytes: fc.nat(700),
      synced: fc.constantFrom("no" as const, "asked" as const, "awaited" as const),
    }),
    { maxLength: 40, size: "max" },
  ),
  checkpoint: fc.boolean(),
  end: fc.constantFrom("power loss" as const, "kill" as const, "close" as const),
});

async function openLog(runtime: Runtime) {
  const { files, random, clock } = runtime;
  const logger = runtime.logger({ level: "error", format: "text" });
  const folder = await LogFolder.open("/data", { files, random, logger, nodeId: 1 });
  await folder.claim();
  const log = await PartitionLog.open({
    ...folder.checkpointOf({ topic: "orders", partition: 0, topicId: "qVNPd6uSQ9KXuwz2ybfVIw" }),
    folder: "/data",
    topic: "orders",
    partition: 0,
    topicId: "qVNPd6uSQ9KXuwz2ybfVIw",
    config: () => config,
    files,
    clock,
    logger,
    handles: folder.handles,
    cleanShutdown: folder.cleanShutdown,
  });
  return { folder, log, held: log.refusal === undefined ? await recordsFrom(log) : [] };
}

/** Lives one life; what was acknowledged at its end, or undefined once the log is read-only. */
async function live(world: Simulation, run: { life: Life; values: string[]; acked: number }) {
  const { life, values } = run;
  let { acked } = run;
  const { folder, log, held } = await world.drive(openLog(world.start("n1")));
  // A hole with good batches behind it: never cut, so nothing more is to be seen here.
  if (log.refusal !== undefined) return undefined;
  assert(log.logEndOffset >= acked, `ends at ${log.logEndOffset}, ${acked} were acknowledged`);
  assertEquals(log.logStartOffset, 0);
  values.length = log.logEndOffset;
  assertEquals(held.map((record) => fromUtf8(record.value!)), values.slice(log.logStartOffset));
  for (const { bytes, synced } of life.appends) {
    const value = `${log.logEndOffset}`.padEnd(bytes, ".");
    const end = appendOk(log, batchOf([value])).lastOffset + 1;
    values.push(value);
    if (synced === "no") continue;
    const sync = log.syncTo(end).then(() => {
      acked = Math.max(acked, end);
    });
    if (synced === "awaited") await world.drive(sync);
  }
  if (life.checkpoint) await world.drive(folder.writeCheckpoints([log]));
  if (life.end === "close") {
    await world.drive(log.close().then(() => folder.close([log])));
    acked = log.logEndOffset;
  }
  if (life.end === "kill") world.kill("n1");
  else world.crash("n1");
  return acked;
}

Deno.test("no power loss takes what syncTo promised", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1e9 }),
      fc.array(life, { minLength: 1, maxLength: 5 }),
      async (seed, lives) => {
        const world = simulate(seed);
        const values: string[] = [];
        let acked: number | undefined = 0;
        for (const life of lives) {
          acked = await live(world, { life, values, acked });
          if (acked === undefined) return;
        }
        await live(world, { life: { ...firstOf(lives), end: "kill" }, values, acked });
      },
    ),
    { numRuns: 60 },
  );
});
