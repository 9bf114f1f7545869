import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../base/bytes.ts";
import type { Offset } from "../../base/ids.ts";
import {
  appendOk,
  batchOf,
  contentOf,
  logRig,
  recordsFrom,
  replaceContent,
} from "../../../tests/harness/log_rig.ts";
import { zlibCodecs as codecs } from "../../runtime/codecs.ts";
import { carryOutRepair, giveUpRecords, planRepair } from "../mod.ts";
import { segmentFileName } from "../directory/layout.ts";

const folder = "/data/orders-0";
const letters = [..."abcdefghijkl"];
const topicId = "qVNPd6uSQ9KXuwz2ybfVIw";

/** A log of twelve records in segments of three, all on disk, and where its segments begin. */
async function closedLog(config = {}) {
  const rig = logRig({ segmentBytes: 3 * batchOf(["a"]).length + 10, ...config });
  const log = await rig.open();
  for (const letter of letters) appendOk(log, batchOf([letter]), 3);
  await log.close();
  return { rig, recoveryPoint: log.recoveryPoint };
}

const path = (base: Offset) => `${folder}/${segmentFileName(base, "log")}`;

function removeSegment(rig: ReturnType<typeof logRig>, base: Offset): void {
  for (const kind of ["log", "index", "timeindex", "txnindex", "snapshot"] as const) {
    rig.files.remove(`${folder}/${segmentFileName(base, kind)}`);
  }
}

/** What somebody may do to the files of a stopped broker, and the offsets that are lost by it. */
const losses: Record<string, { does(rig: ReturnType<typeof logRig>): void; lost: Offset[] }> = {
  "its last batches cut off": {
    does(rig) {
      const bytes = contentOf(rig.files, path(9));
      replaceContent(rig.files, path(9), bytes.subarray(0, bytes.length / 3));
    },
    lost: [10, 11],
  },
  "its last segment gone": { does: (rig) => removeSegment(rig, 9), lost: [9, 10, 11] },
  "a segment gone from its middle": { does: (rig) => removeSegment(rig, 3), lost: [3, 4, 5] },
  "its first segment gone": { does: (rig) => removeSegment(rig, 0), lost: [0, 1, 2] },
};

for (const [what, { does, lost }] of Object.entries(losses)) {
  for (const cleanShutdown of [true, false]) {
    const how = cleanShutdown ? "a clean stop" : "a kill";
    Deno.test(`a log with ${what} after ${how} takes no appends until it is repaired`, async () => {
      const { rig, recoveryPoint } = await closedLog();
      does(rig);
      for (let start = 0; start < 2; start++) {
        const log = await rig.open({ cleanShutdown, recoveryPoint });
        assert(log.refusal !== undefined, "it opened as if nothing were missing");
        assert(rig.lines.some((line) => line.includes("are missing")), rig.lines.join("\n"));
        assertEquals([log.logStartOffset, log.logEndOffset, log.recoveryPoint], [0, 12, 12]);
        const refused = log.append(batchOf(["x"]), { leaderEpoch: 3, origin: "client" });
        assertEquals(refused.ok ? 0 : refused.errorCode, 56);
        await log.close();
        assertEquals(log.isClosedCleanly, false);
      }
      const { steps } = await planRepair(rig.files, folder, { fillGaps: true, recoveryPoint });
      assertEquals(steps.map((step) => [step.fromOffset, step.toOffset]), [
        [lost[0], lost.at(-1)! + 1],
      ]);
      await carryOutRepair(rig.files, folder, { steps, codecs });
      const log = await rig.open({ cleanShutdown: false, recoveryPoint: 0 });
      assertEquals([log.refusal, log.logEndOffset], [undefined, 12]);
      const kept = letters.filter((_, offset) => !lost.includes(offset));
      const held = (await recordsFrom(log)).map((record) => fromUtf8(record.value!));
      assertEquals(held, kept);
      assertEquals(appendOk(log, batchOf(["m"]), 3).baseOffset, 12);
      const again = await planRepair(rig.files, folder, { fillGaps: true, recoveryPoint });
      assertEquals(again.steps, []);
    });
  }
}

Deno.test("a log whose records were all given up goes on where it was", async () => {
  const { rig, recoveryPoint } = await closedLog();
  rig.files.remove(folder);
  await giveUpRecords(rig.files, "/data", { name: "orders-0", recoveryPoint });
  const log = await rig.open({ cleanShutdown: false, recoveryPoint });
  assertEquals([log.refusal, log.logStartOffset, log.logEndOffset], [undefined, 12, 12]);
  assertEquals(appendOk(log, batchOf(["m"]), 3).baseOffset, 12);
});

Deno.test("a checkpoint that may be of an earlier topic is no proof, and is said", async () => {
  const { rig, recoveryPoint } = await closedLog();
  losses["its last segment gone"]!.does(rig);
  const log = await rig.open({ recoveryPoint, checkpointMayBeStale: true });
  assertEquals([log.refusal, log.logEndOffset], [undefined, 9]);
  const said = rig.lines.some((line) =>
    line.startsWith("warn a log ends below its recovery point")
  );
  assert(said, rig.lines.join("\n"));
});

Deno.test("gaps that compaction leaves are none of these", async () => {
  const { rig, recoveryPoint } = await closedLog();
  losses["a segment gone from its middle"]!.does(rig);
  const log = await rig.open({ cleanShutdown: true, recoveryPoint, firstDirtyOffset: 9 });
  assertEquals(log.refusal, undefined);
});

Deno.test("what retention has deleted is not missing", async () => {
  const { rig } = await closedLog();
  let log = await rig.open({ cleanShutdown: true, recoveryPoint: 12 });
  await log.deleteRecordsBefore(7);
  const { logStartOffset } = log;
  await log.close();
  for (const cleanShutdown of [true, false]) {
    log = await rig.open({ cleanShutdown, recoveryPoint: 12, logStartOffset });
    assertEquals([log.refusal, log.logStartOffset], [undefined, 7]);
    await log.close();
  }
});

Deno.test("what was before a log began anew is not missing, though it crashed then", async () => {
  const { rig } = await closedLog();
  for (const base of [0, 3, 6, 9]) removeSegment(rig, base);
  replaceContent(rig.files, path(20), new Uint8Array());
  let recoveryPoint = 0;
  for (const letter of ["m", "n"]) {
    const log = await rig.open({ cleanShutdown: false, recoveryPoint });
    assertEquals(log.refusal, undefined);
    appendOk(log, batchOf([letter]), 3);
    await log.syncTo(log.logEndOffset);
    ({ recoveryPoint } = log);
    await log.close();
  }
});

const removals: Record<string, (rig: ReturnType<typeof logRig>) => void> = {
  "its folder removed": (rig) => rig.files.remove(folder),
  "its active segment removed": (rig) => rig.files.remove(path(12)),
  "another file in the place of its active segment": (rig) => {
    rig.files.remove(path(12));
    replaceContent(rig.files, path(12), batchOf(["zz"]));
  },
};

for (const [what, remove] of Object.entries(removals)) {
  Deno.test(`a log with ${what} under it acknowledges nothing more`, async () => {
    const { rig, recoveryPoint } = await closedLog();
    const log = await rig.open({ cleanShutdown: true, recoveryPoint });
    appendOk(log, batchOf(["m"]), 3);
    await log.syncTo(13);
    remove(rig);
    rig.nowMs += 1000;
    const result = log.append(batchOf(["n"]), { leaderEpoch: 3, origin: "client" });
    const synced = result.ok
      ? await log.syncTo(result.lastOffset + 1).then(() => "synced", (error) => error.name)
      : result.errorCode;
    assert(synced === "PartitionFault" || synced === 56, String(synced));
    assert(log.refusal !== undefined && log.isDamaged);
    assertEquals(log.directory.offlineReason, undefined, "the others go on");
    assert(rig.lines.some((line) => line.includes("files of a log are gone")));
    await log.close();
    assertEquals([log.isClosedCleanly, log.recoveryPoint], [false, 13]);
  });
}

Deno.test("files that are gone are noticed without a sync, and at a close", async () => {
  for (const notice of ["maintain", "close"] as const) {
    const { rig, recoveryPoint } = await closedLog();
    const log = await rig.open({ cleanShutdown: true, recoveryPoint, topicId });
    if (notice === "maintain") appendOk(log, batchOf(["m"]), 3);
    rig.files.remove(folder);
    rig.nowMs += 1000;
    if (notice === "maintain") {
      log.maintain(rig.nowMs);
      assert(log.refusal !== undefined);
    }
    await log.close();
    assertEquals(log.isClosedCleanly, false);
  }
});
