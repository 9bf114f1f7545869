// A metadata log that ends below its newest snapshot: nothing is lost, since the snapshot has all
// of it, so the log begins anew behind it, as in Kafka. Where more is missing the start is
// refused, and whatever a crash leaves on the way, the next start goes on.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PartitionFault } from "../../src/base/faults.ts";
import { CreateTopics, ErrorCode, Metadata } from "../../src/protocol/mod.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { copyFolder } from "../harness/failing_files.ts";
import { contentOf, replaceContent } from "../harness/log_rig.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, produceTo, recordsOf } from "../harness/raw_requests.ts";
import { type LoggedLine, simulated } from "../harness/simulated_broker.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const settings = { "metadata.log.max.snapshot.interval.ms": 60_000 };
const folder = "/data/__cluster_metadata-0";
const log = `${folder}/00000000000000000000.log`;
const recoveryPoints = "/data/recovery-point-offset-checkpoint";
const said = "ends below its newest snapshot";
const topics = ["early", "late"];
const clock = { now: () => 0, monotonic: () => 0 };

/** What a kill leaves right behind a snapshot, of which `snapshotEnd` is told. */
async function makeFixture(): Promise<Files> {
  const files = memoryFiles({ clock });
  const left = memoryFiles({ clock });
  await simulated({ files, settings }, async ({ connect, pass }) => {
    using client = await connect();
    for (const name of topics) {
      assertEquals(await create(client, name), ErrorCode.NONE);
      await produceTo(client, { topic: name, records: batchOf([name]) });
    }
    await pass(120_000);
    copyFolder("/data", { from: files, to: left });
  });
  return left;
}

async function create(client: RawClient, name: string): Promise<number> {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const answer = await client.ask(CreateTopics, 7, { topics: [topic], validateOnly: false });
  return answer.topics[0].errorCode;
}

function copyOf(files: Files): Files {
  const copy = memoryFiles({ clock });
  copyFolder("/data", { from: files, to: copy });
  return copy;
}

const namesIn = (files: Files, suffix: string) =>
  files.list(folder).filter((name) => name.endsWith(suffix));

const snapshotEnd = (files: Files) => Number(namesIn(files, ".checkpoint").at(-1)!.slice(0, 20));

/** Says in the checkpoint that the metadata log was synced up to `offset`. */
function setRecoveryPoint(files: Files, offset: number): void {
  replaceContent(
    files,
    recoveryPoints,
    new TextEncoder().encode(`0\n1\n__cluster_metadata 0 ${offset}\n`),
  );
}

/** What has become of the log. */
const losses: Readonly<Record<string, (files: Files) => void>> = {
  "lost its end": (files) => {
    const bytes = contentOf(files, log);
    const first = 12 + new DataView(bytes.buffer).getInt32(8);
    replaceContent(files, log, bytes.subarray(0, first));
  },
  "is gone": (files) => files.remove(log),
  "is empty": (files) => replaceContent(files, log, new Uint8Array(0)),
};

let runs = 0;

/** A broker on `files` has what it had, and takes new topics. Returns its lines of trouble. */
async function checkServed(files: Files, newTopic: string): Promise<string[]> {
  const lines: string[] = [];
  const onLine = ({ level, message }: LoggedLine) => void lines.push(`${level} ${message}`);
  // Another one each time, or ids would come again.
  const seed = 2 + runs++;
  await simulated({ files, settings, onLine, seed }, async ({ connect }) => {
    using client = await connect();
    for (const topic of topics) {
      const answer = await fetchFrom(client, { topic });
      assertEquals([answer.errorCode, recordsOf(answer)], [ErrorCode.NONE, [[0, topic]]]);
    }
    assertEquals(await create(client, newTopic), ErrorCode.NONE);
    const { topics: all } = await client.ask(Metadata, 9, { topics: null });
    for (const name of [...topics, newTopic]) assert(all.some((topic) => topic.name === name));
  });
  return lines.filter((line) => !line.startsWith("info"));
}

for (const [what, lose] of Object.entries(losses)) {
  for (const isKnown of [false, true]) {
    const known = isKnown ? ", of which a checkpoint knows," : "";
    Deno.test(`a metadata log that ${what}${known} begins anew behind its snapshot`, async () => {
      const files = await makeFixture();
      const end = snapshotEnd(files);
      setRecoveryPoint(files, isKnown ? end : 0);
      lose(files);
      const lines = await checkServed(files, "new");
      assertEquals(lines.filter((line) => line.includes(said)).length, 1, lines.join("\n"));
      assertEquals(namesIn(files, ".log"), [`${String(end).padStart(20, "0")}.log`]);
      assertEquals((await checkServed(files, "newer")).filter((line) => line.includes(said)), []);
    });
  }
}

Deno.test("what was synced behind the snapshot is missed, and the start refused", async () => {
  const files = await makeFixture();
  losses["lost its end"](files);
  setRecoveryPoint(files, snapshotEnd(files) + 1);
  const before = contentOf(files, log);
  await assertRejects(() => checkServed(files, "new"), PartitionFault);
  assertEquals(contentOf(files, log), before);
});

Deno.test("a newest snapshot that cannot be used makes no older one true", async () => {
  const files = await makeFixture();
  losses["is gone"](files);
  const path = `${folder}/${namesIn(files, ".checkpoint").at(-1)}`;
  replaceContent(files, path, contentOf(files, path).subarray(0, 100));
  await assertRejects(() => checkServed(files, "new"), PartitionFault, "metadata is missing");
});

Deno.test("wherever a crash breaks off the new beginning, the next start goes on", async () => {
  const fixture = await makeFixture();
  losses["lost its end"](fixture);
  setRecoveryPoint(fixture, snapshotEnd(fixture));
  for (let at = 1;; at++) {
    const files = copyOf(fixture);
    let left: Files | undefined;
    let changes = 0;
    const watched = watchedFiles(files, () => {
      if (++changes === at) left = copyOf(files);
    });
    await checkServed(watched, "new");
    if (left === undefined) break;
    await checkServed(left, "other");
    if (at > 60) break;
  }
});
