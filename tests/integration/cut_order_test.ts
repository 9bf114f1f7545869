// What a recovery cuts is durable before anything is appended behind it, also where the process is
// killed between the cut and its sync: the note of this boot of the machine is gone by then, and
// without it the next start syncs what it finds.

import { assert, assertEquals } from "@std/assert";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { copyFolder } from "../harness/failing_files.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const clock = { now: () => 0, monotonic: () => 0 };
const note = "/data/.ottla_boot_id";

/** A folder that a killed process has left in the middle of an append, and the log that it was. */
async function makeFixture({ isTorn }: { isTorn: boolean }) {
  const files = memoryFiles({ clock });
  let name = "";
  await simulated({ files }, async ({ connect }) => {
    using client = await connect();
    ({ name } = await makeTopic(client));
    for (const text of ["one", "two"]) {
      await produceTo(client, { topic: name, records: batchOf([text]) });
    }
  });
  files.remove("/data/.kafka_cleanshutdown");
  files.remove("/data/recovery-point-offset-checkpoint");
  assert(files.stat(note) !== undefined, "the boot was noted");
  const log = `/data/${name}-0/00000000000000000000.log`;
  const file = files.open(log, "append");
  if (isTorn) file.truncate(file.size - 3);
  file.close();
  return { files, log };
}

/** The changes of a whole start and stop that are about the log or the note, in their order. */
async function changesOf({ files, log }: { files: Files; log: string }): Promise<string[]> {
  const changes: string[] = [];
  let isStarting = true;
  const watched = watchedFiles(files, (change) => {
    if (isStarting && (change.endsWith(log) || change.includes(note))) changes.push(change);
  });
  await simulated({ files: watched, onStarted: () => isStarting = false }, async () => {});
  return changes;
}

Deno.test("the boot's note goes before a cut, and is back when the cut is durable", async () => {
  const fixture = await makeFixture({ isTorn: true });
  const changes = await changesOf(fixture);
  const at = (change: string) => {
    const index = changes.findIndex((each) => each.startsWith(change));
    assert(index >= 0, `${change}\n${changes.join("\n")}`);
    return index;
  };
  const gone = at(`remove ${note}`);
  const cut = at(`truncate ${fixture.log}`);
  const synced = changes.findIndex((each, i) => i > cut && each === `sync ${fixture.log}`);
  const isNotedBefore = changes.some((each, i) =>
    i > gone && i < synced && each.includes(note) && !each.startsWith("remove")
  );
  assert(gone < cut && cut < synced, changes.join("\n"));
  assertEquals(isNotedBefore, false, changes.join("\n"));
});

Deno.test("a start that finds no note syncs what an earlier one may have cut", async () => {
  const whole = await makeFixture({ isTorn: false });
  const noted = memoryFiles({ clock });
  copyFolder("/data", { from: whole.files, to: noted });
  assertEquals(
    (await changesOf({ ...whole, files: noted })).filter((each) => each === `sync ${whole.log}`),
    [],
    "after a mere kill the next sync will do",
  );
  whole.files.remove(note);
  const changes = await changesOf(whole);
  assert(changes.includes(`sync ${whole.log}`), changes.join("\n"));
});
