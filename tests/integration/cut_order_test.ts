// What a recovery cuts is durable before anything is appended behind it, also where the process is
// killed between the cut and its sync: the log is named in a file of its data directory by then,
// and the next start syncs what it finds of it. Where there is no room for that, the note of this
// boot of the machine is gone, and without it the next start syncs all that it finds.

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { PlatformFault } from "../../src/base/faults.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { copyFolder } from "../harness/failing_files.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const clock = { now: () => 0, monotonic: () => 0 };
const note = "/data/.ottla_boot_id";
const names = "/data/.ottla_unsettled";

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

/** What a whole start and stop changes of the log, the note and the names, in order. */
async function changesOf(
  { files, log }: { files: Files; log: string },
  refused?: string,
): Promise<string[]> {
  const changes: string[] = [];
  let isStarting = true;
  const watched = watchedFiles(files, (change) => {
    if (change === refused) throw new PlatformFault("NoSpace", "no space is left");
    const isTold = [note, names].some((path) => change.includes(path));
    if (isStarting && (change.endsWith(log) || isTold)) changes.push(change);
  });
  await simulated({ files: watched, onStarted: () => isStarting = false }, async () => {});
  return changes;
}

/** Where the changes have the cut and its sync, and the first that begins with each of `starts`. */
function placesOf(changes: readonly string[], log: string, ...starts: readonly string[]): number[] {
  const cut = changes.indexOf(`truncate ${log}`);
  const synced = changes.findIndex((each, i) => i > cut && each === `sync ${log}`);
  const places = [
    cut,
    synced,
    ...starts.map((start) => changes.findIndex((each) => each.startsWith(start))),
  ];
  assert(!places.includes(-1), changes.join("\n"));
  return places;
}

Deno.test("a log is named before it is cut, and until the cut is durable", async () => {
  const fixture = await makeFixture({ isTorn: true });
  const changes = await changesOf(fixture);
  const words = [`append ${names}`, `remove ${names}`];
  const [cut = 0, synced = 0, named = 0, gone = 0] = placesOf(changes, fixture.log, ...words);
  assert(named < cut && cut < synced && synced < gone, changes.join("\n"));
  assert(!changes.some((each) => each.includes(note)), changes.join("\n"));
});

Deno.test("where it cannot be named the boot's note goes before the cut, and is back", async () => {
  const fixture = await makeFixture({ isTorn: true });
  const changes = await changesOf(fixture, `make ${names}`);
  const [cut = 0, synced = 0, gone = 0] = placesOf(changes, fixture.log, `remove ${note}`);
  const isNotedBefore = changes.some((each, i) =>
    i > gone && i < synced && each.includes(note) && !each.startsWith("remove")
  );
  assert(gone < cut && cut < synced, changes.join("\n"));
  assertEquals(isNotedBefore, false, changes.join("\n"));
});

Deno.test("a start syncs what an earlier one may have cut, and nothing else", async () => {
  const { files, log } = await makeFixture({ isTorn: false });
  const syncsOf = async (name: string) => {
    const left = memoryFiles({ clock });
    copyFolder("/data", { from: files, to: left });
    const file = left.open(names, "append");
    file.append(utf8(`half a na\n${name}\n`));
    file.close();
    const changes = await changesOf({ files: left, log });
    assert(changes.includes(`remove ${names}`), changes.join("\n"));
    return changes.filter((each) => each === `sync ${log}`).length;
  };
  assertEquals(await syncsOf(log.split("/").at(-2)!), 1);
  assertEquals(await syncsOf("another-0"), 0);
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
