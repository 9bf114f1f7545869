// A broker that starts where nothing can be written: a data directory mounted read-only, or without
// permission. It reads, refuses what would write, changes no file, and writes once it can.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PlatformFault } from "../../src/base/faults.ts";
import { adminOf, type Client, createTopic, Producer } from "../../src/client/mod.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteGroups,
  DeleteRecords,
  DeleteTopics,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  OffsetCommit,
  OffsetDelete,
  Produce,
} from "../../src/protocol/mod.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { targetsWithNode } from "../harness/targets.ts";
import {
  at,
  checkMended,
  connect,
  count,
  fill,
  filledSettings,
  onMount,
  onUnwritable,
  startOn,
  takeAll,
  takeReserve,
  value,
  valuesOf,
} from "../harness/unwritable_start.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const runtime = denoRuntime();
const said = "starts where nothing can be written, and only reads";
const writesAgain = "the broker writes again";
const { KAFKA_STORAGE_ERROR, NOT_COORDINATOR } = ErrorCode;

/** What each request that would write is answered. */
async function writeOnce(client: Client): Promise<Record<string, number>> {
  const any = { to: "any" } as const;
  const batch = buildBatch({ records: [{ key: null, value: new Uint8Array(3) }] });
  const produced = await client.request(Produce, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: at.topic, partitionData: [{ index: 0, records: batch }] }],
  }, any);
  const late = { name: "late", numPartitions: 1, replicationFactor: 1 };
  const created = await client.request(CreateTopics, {
    topics: [{ ...late, assignments: [], configs: [] }],
  }, any);
  const deleted = await client.request(DeleteTopics, {
    topicNames: [at.topic],
    topics: [],
    timeoutMs: 1_000,
  }, any);
  const below = await client.request(DeleteRecords, {
    topics: [{ name: at.topic, partitions: [{ partitionIndex: 0, offset: 40 }] }],
    timeoutMs: 1_000,
  }, any);
  const grown = await client.request(CreatePartitions, {
    topics: [{ name: at.topic, count: 2, assignments: null }],
    timeoutMs: 1_000,
    validateOnly: false,
  }, any);
  const configs = [{ name: "retention.ms", configOperation: 0, value: "1" }];
  const altered = await client.request(IncrementalAlterConfigs, {
    resources: [{ resourceType: 2, resourceName: at.topic, configs }],
    validateOnly: false,
  }, any);
  const producer = await client.request(InitProducerId, {
    transactionalId: null,
    transactionTimeoutMs: 1_000,
  }, any);
  return {
    Produce: produced.responses[0].partitionResponses[0].errorCode,
    CreateTopics: created.topics[0].errorCode,
    DeleteTopics: deleted.responses[0].errorCode,
    DeleteRecords: below.topics[0].partitions[0].errorCode,
    CreatePartitions: grown.results[0].errorCode,
    IncrementalAlterConfigs: altered.responses[0].errorCode,
    InitProducerId: producer.errorCode,
    ...await writeToGroup(client),
  };
}

async function writeToGroup(client: Client): Promise<Record<string, number>> {
  const any = { to: "any" } as const;
  const found = await client.request(FindCoordinator, {
    keyType: 0,
    coordinatorKeys: ["readers"],
  }, any);
  const partitions = [{ partitionIndex: 0, committedOffset: 9, committedMetadata: "" }];
  const committed = await client.request(OffsetCommit, {
    groupId: "readers",
    topics: [{ name: at.topic, partitions }],
  }, any);
  const removed = await client.request(OffsetDelete, {
    groupId: "readers",
    topics: [{ name: at.topic, partitions: [{ partitionIndex: 0 }] }],
  }, any);
  const gone = await client.request(DeleteGroups, { groupsNames: ["readers"] }, any);
  return {
    FindCoordinator: found.coordinators[0].errorCode,
    OffsetCommit: committed.topics[0].partitions[0].errorCode,
    OffsetDelete: removed.errorCode || removed.topics[0].partitions[0].errorCode,
    DeleteGroups: gone.results[0].errorCode,
  };
}

/** What a client finds at a broker that only reads. */
async function checkReads(client: Client): Promise<void> {
  assertEquals(await valuesOf(client, count), count);
  const admin = adminOf(client);
  const committed = await admin.committedOffsets("readers", { partitions: null });
  assertEquals(committed.map(({ offset }) => offset), [7]);
  assertEquals(await writeOnce(client), {
    Produce: KAFKA_STORAGE_ERROR,
    CreateTopics: KAFKA_STORAGE_ERROR,
    DeleteTopics: KAFKA_STORAGE_ERROR,
    DeleteRecords: KAFKA_STORAGE_ERROR,
    CreatePartitions: KAFKA_STORAGE_ERROR,
    IncrementalAlterConfigs: KAFKA_STORAGE_ERROR,
    // Kafka says so while ids cannot be had: the client tries again.
    InitProducerId: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    FindCoordinator: ErrorCode.NONE,
    OffsetCommit: NOT_COORDINATOR,
    OffsetDelete: NOT_COORDINATOR,
    DeleteGroups: NOT_COORDINATOR,
  });
  assertEquals(await valuesOf(client, count), count, "nothing has changed by that");
}

/** Every file below `folder`, with a number for its bytes and its time. */
async function filesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(`${path}/`, ...await filesIn(path));
    else {
      const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
      const { mtime } = await Deno.stat(path);
      found.push(`${path} ${new Uint8Array(digest).toHex()} ${mtime?.getTime()}`);
    }
  }
  return found.sort();
}

/** The real files as a read-only mount shows them while `isReadOnly` says so. */
function readOnlyFiles(isReadOnly: () => boolean): Files {
  const refuse = (change: string) => {
    if (isReadOnly()) throw new PlatformFault("ReadOnly", `cannot ${change} (injected)`);
  };
  const watched = watchedFiles(runtime.files, refuse);
  return {
    ...watched,
    open(path, mode) {
      if (mode !== "read") refuse(`open ${path}`);
      return watched.open(path, mode);
    },
    lock(folder) {
      refuse(`lock ${folder}`);
      return watched.lock(folder);
    },
  };
}

Deno.test("where nothing can be written a broker reads, and writes once it can", () =>
  onUnwritable(readOnlyFiles, async (at) => {
    const before = await filesIn(at.folder);
    const second = await startOn(at.folder, at.files);
    const { port } = second.broker.address;
    assertEquals(second.broker.health.status, "degraded");
    assertEquals(second.lines.filter((line) => line.includes(said)).length, 1);
    await checkReads(second.client);
    assertEquals(await filesIn(at.folder), before);
    at.mend();
    await second.hear(writesAgain);
    assertEquals(second.broker.address.port, port);
    await checkMended(second, at);
  }));

Deno.test("a broker that only reads ends without a change, and another takes over", () =>
  onUnwritable(readOnlyFiles, async ({ folder, files }) => {
    const before = await filesIn(folder);
    for (let i = 0; i < 2; i++) {
      const { client, end } = await startOn(folder, files);
      assertEquals(await valuesOf(client, count), count);
      const taken = await assertRejects(() => startOn(folder, files), PlatformFault, "uses it");
      assertEquals(taken.about, "folder lock");
      await end();
      assertEquals(await filesIn(folder), before);
    }
  }));

/** The real files, of which those of the metadata alone are read-only. */
function readOnlyMetadata(isReadOnly: () => boolean): Files {
  const real = runtime.files;
  const guarded = readOnlyFiles(isReadOnly);
  return {
    ...real,
    open: (path, mode) => (path.includes("__cluster") ? guarded : real).open(path, mode),
  };
}

Deno.test("metadata that cannot be written is noticed before anything has changed", () =>
  onUnwritable(readOnlyMetadata, async ({ folder, files, mend }) => {
    const before = await filesIn(folder);
    const { lines, client, hear, end } = await startOn(folder, files);
    assertEquals(lines.filter((line) => line.includes(said)).length, 1);
    await checkReads(client);
    assertEquals(await filesIn(folder), before);
    mend();
    await hear(writesAgain);
    await end();
  }));

Deno.test("a new data directory that cannot be written is refused", async () => {
  const folder = await Deno.makeTempDir({ prefix: "read-only-start-" });
  try {
    const files = readOnlyFiles(() => true);
    await assertRejects(() => startOn(folder, files), PlatformFault, "injected");
    assertEquals(await filesIn(folder), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("of several data directories one that cannot be written is left out", async () => {
  const folder = await Deno.makeTempDir({ prefix: "read-only-start-" });
  const folders = ["a", "b"].map((name) => `${folder}/${name}`);
  let readOnly = "";
  const guarded = readOnlyFiles(() => true);
  const of = (path: string) =>
    readOnly !== "" && path.startsWith(readOnly) ? guarded : runtime.files;
  const files: Files = {
    ...runtime.files,
    open: (path, mode) => of(path).open(path, mode),
    remove: (path) => of(path).remove(path),
    rename: (from, to) => of(from).rename(from, to),
    lock: (path) => of(path).lock(path),
    syncFolder: (path) => of(path).syncFolder(path),
    syncFolderNow: (path) => of(path).syncFolderNow(path),
  };
  try {
    const first = await startOn(folders.join(), files);
    await fill(first.client);
    await createTopic(first.client, { name: "spread", partitions: 4 });
    await first.end();
    readOnly = folders[1];
    const second = await startOn(folders.join(), files);
    assertEquals(second.lines.filter((line) => line.includes(said)), []);
    assertEquals(second.broker.health.offlineDirectories, [folders[1]]);
    await createTopic(second.client, { name: "late", partitions: 1 });
    await second.end();
    // The metadata is in the first one.
    readOnly = folders[0];
    const third = await startOn(folders.join(), files);
    assertEquals(third.lines.filter((line) => line.includes(said)).length, 1);
    await checkReads(third.client);
    readOnly = "";
    await third.hear(writesAgain);
    await third.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function remount(folder: string, mode: "ro" | "rw"): Promise<void> {
  const args = ["-o", `remount,${mode}`, folder];
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** The newest segment of the topic. */
function newestSegment(data: string): string {
  const names = Array.from(Deno.readDirSync(`${data}/orders-0`), ({ name }) => name);
  return `${data}/orders-0/${names.filter((name) => name.endsWith(".log")).sort().at(-1)}`;
}

for (const target of await targetsWithNode()) {
  for (const end of ["stop", "kill"] as const) {
    const name = `${target}: on a read-only mount a start after a ${end} reads, and writes later`;
    Deno.test(name, () =>
      onMount(async (folder) => {
        const data = `${folder}/data`;
        await using broker = await BrokerProcess.start({
          target,
          dataDir: data,
          settings: filledSettings,
        });
        const first = await connect(broker.bootstrap);
        await fill(first);
        first.close();
        await broker[end]();
        // An append that had not finished, as a kill may leave it: recovery would cut it.
        const bytes = await Deno.readFile(newestSegment(data));
        if (end === "kill") {
          await Deno.writeFile(newestSegment(data), bytes.subarray(0, 900), { append: true });
        }
        await remount(folder, "ro");
        const before = await filesIn(folder);
        await broker.restart();
        assert(broker.output.includes(said), broker.output);
        const client = await connect(broker.bootstrap);
        await checkReads(client);
        client.close();
        await broker.stop();
        assertEquals(await filesIn(folder), before);
        await broker.restart();
        await checkHeals(broker, () => remount(folder, "rw"));
      }));
  }
}

/** A client that reads goes on by writing once `mend` has made that possible. */
async function checkHeals(broker: BrokerProcess, mend: () => Promise<void>): Promise<void> {
  const client = await connect(broker.bootstrap);
  assertEquals(await valuesOf(client, count), count);
  await mend();
  await within(broker.said((line) => line.includes(writesAgain)), {
    ms: 30_000,
    what: () => `the broker to write again\n${broker.output}`,
  });
  const producer = new Producer(client);
  assertEquals((await producer.send({ ...at, value })).offset, count);
  await producer.close();
  assertEquals(await valuesOf(client, count + 1), count + 1);
  client.close();
  assertEquals((await broker.stop()).code, 0);
}

/** Takes or gives the permission to write to all below `folder`. */
async function permit(folder: string, isWritable: boolean): Promise<void> {
  const args = ["-R", isWritable ? "u+w" : "a-w", folder];
  const { success, stderr } = await new Deno.Command("chmod", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** What runs a program so that permissions count for it; undefined: nothing here does. */
async function withoutOverride(): Promise<readonly string[] | undefined> {
  if (Deno.build.os === "windows") return undefined;
  if (Deno.uid() !== 0) return [];
  const wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
  try {
    const { success } = await new Deno.Command(wrapper[0], {
      args: [...wrapper.slice(1), "true"],
    }).output();
    return success ? wrapper : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

for (const target of await targetsWithNode()) {
  Deno.test(`${target}: without permission to write a start reads, and writes later`, async () => {
    const wrapper = await withoutOverride();
    if (wrapper === undefined) return console.log("skipped: permissions do not count here");
    const folder = await Deno.makeTempDir({ prefix: "read-only-start-" });
    const data = `${folder}/data`;
    try {
      await using broker = await BrokerProcess.start({
        target,
        dataDir: data,
        wrapper,
        settings: filledSettings,
      });
      const first = await connect(broker.bootstrap);
      await fill(first);
      first.close();
      await broker.kill();
      await permit(data, false);
      const before = await filesIn(folder);
      await broker.restart();
      assert(broker.output.includes(said), broker.output);
      const client = await connect(broker.bootstrap);
      await checkReads(client);
      client.close();
      assertEquals(await filesIn(folder), before);
      await checkHeals(broker, () => permit(data, true));
    } finally {
      await permit(folder, true);
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("node: a start on a full disk reads, and writes once there is room", async () => {
  if (!(await targetsWithNode()).includes("node")) {
    return console.log("skipped: another target is asked");
  }
  await onMount(async (folder) => {
    await using broker = await BrokerProcess.start({
      target: "node",
      dataDir: `${folder}/data`,
      settings: filledSettings,
    });
    const first = await connect(broker.bootstrap);
    await fill(first);
    first.close();
    await broker.kill();
    takeReserve(`${folder}/data`);
    takeAll(`${folder}/taken`);
    const before = await filesIn(`${folder}/data`);
    await broker.restart();
    assert(broker.output.includes(said), broker.output);
    const client = await connect(broker.bootstrap);
    await checkReads(client);
    client.close();
    assertEquals(await filesIn(`${folder}/data`), before);
    await checkHeals(broker, () => Deno.remove(`${folder}/taken`));
  });
});
