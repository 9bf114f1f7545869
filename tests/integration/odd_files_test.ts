// A data directory in which any one file was changed by somebody: gone, emptied, cut, turned into a
// folder or a link that leads nowhere. Whichever it is, a start serves what it can or says why
// not, nothing is a bug, and partitions that were not touched are whole.
//
//   a clean stop, or a kill --> each file, each way --> start, ask, stop --> start, ask, stop
//
// OTTLA_ODD_FILES=all tries every file in every way; a slice of them is tried otherwise.

import { assert, assertEquals } from "@std/assert";
import {
  ConnectionFault,
  PartitionFault,
  PlatformFault,
  UsageFault,
} from "../../src/base/faults.ts";
import {
  adminOf,
  Client,
  Consumer,
  createTopic,
  KafkaError,
  Producer,
} from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { run } from "../harness/process_lines.ts";
import { startOn } from "../harness/unwritable_start.ts";

const runtime = denoRuntime();
const { files } = runtime;
const records = 12;
const isWhole = Deno.env.get("OTTLA_ODD_FILES") === "all";
/** Of so many ways to spoil a folder one is tried, another at each file. */
const stride = isWhole ? 1 : 61;
/** So many folders are tried at once: a trial is waiting for the most part. */
const laneCount = isWhole ? 12 : 2;

/** What somebody does to a file or a folder. */
const ways: Record<string, (path: string, isFolder: boolean) => Promise<void>> = {
  gone: (path) => Deno.remove(path, { recursive: true }),
  async emptied(path, isFolder) {
    if (isFolder) await emptyFolder(path);
    else await Deno.truncate(path, 0);
  },
  async cut(path, isFolder) {
    if (isFolder) return;
    await Deno.truncate(path, Math.floor((await Deno.stat(path)).size / 2));
  },
  async "of other bytes"(path, isFolder) {
    if (isFolder) return;
    const { size } = await Deno.stat(path);
    await Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(Math.min(size, 60_000) + 3)));
  },
  async "the other kind"(path, isFolder) {
    await Deno.remove(path, { recursive: true });
    if (isFolder) await Deno.writeTextFile(path, "a file");
    else await Deno.mkdir(path);
  },
  async "a folder with something in it"(path, isFolder) {
    if (isFolder) return await Deno.writeTextFile(`${path}/notes.txt`, "mine");
    await Deno.remove(path);
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/notes.txt`, "mine");
  },
  async "a link to nothing"(path) {
    await Deno.remove(path, { recursive: true });
    await Deno.symlink("/nowhere/at/all", path);
  },
  async "a link to itself"(path) {
    await Deno.remove(path, { recursive: true });
    await Deno.symlink(path, path);
  },
  async "a link to what it was"(path) {
    await Deno.rename(path, `${path}.elsewhere`);
    await Deno.symlink(`${path}.elsewhere`, path);
  },
};

async function copyFolder(from: string, to: string): Promise<void> {
  await run({ command: "cp", args: ["-R", from, to], withinMs: 20_000 });
}

async function emptyFolder(path: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(path)]) {
    await Deno.remove(`${path}/${name}`, { recursive: true });
  }
}

/** Two topics of several segments, a group, and a checkpoint of all that. */
async function fill(client: Client): Promise<void> {
  const value = "v".repeat(3_000);
  const producer = new Producer(client);
  for (const name of ["orders", "kept"]) {
    await createTopic(client, { name, partitions: 1, configs: { "segment.ms": "3000" } });
    for (let i = 0; i < records; i++) {
      const timestamp = Date.now() - 60_000 + i * 1_000;
      await producer.send({ topic: name, partition: 0, value, timestamp });
    }
  }
  await producer.close();
  await adminOf(client).commitOffsets("readers", {
    offsets: [{ topic: "kept", partition: 0, offset: 7 }],
  });
}

/** How many records come: `least` of them at all costs, and what is there at once. */
async function read(client: Client, topic: string, least = 0): Promise<number> {
  await using consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign([{ topic, partition: 0 }]);
  let count = 0;
  for (let idle = 0; idle < (count < least ? 100 : 1);) {
    const found = await consumer.poll({ timeoutMs: 150 });
    count += found.length;
    if (found.length === 0) idle++;
  }
  return count;
}

/** What a call came to: an error of the cluster is an answer, too. */
async function told<T>(call: Promise<T>): Promise<T | Error> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KafkaError || error instanceof ConnectionFault) return error;
    throw error;
  }
}

function everyPath(folder: string, under = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${under}`)]
    .map(({ name, isDirectory }) => ({ path: `${under}${name}`, isDirectory }))
    .sort((a, b) => a.path < b.path ? -1 : 1)
    .flatMap(({ path, isDirectory }) => [
      path,
      ...isDirectory ? everyPath(folder, `${path}/`) : [],
    ]);
}

/** Whether what is spoiled is of one topic alone, which is not the one that must be whole. */
function isOfOneTopic(path: string): boolean {
  return path.startsWith("orders-0") || path.startsWith("__consumer_offsets");
}

/** Starts on a folder in which `path` was spoiled; why it was refused, where it was. */
async function tryStart(folder: string, path: string): Promise<string | undefined> {
  let started;
  try {
    started = await startOn(folder, files);
  } catch (error) {
    const isSaid = error instanceof PlatformFault || error instanceof UsageFault ||
      error instanceof PartitionFault;
    if (!isSaid) throw error;
    return error.message;
  }
  const { broker, lines, end } = started;
  const bootstrap = `127.0.0.1:${broker.address.port}`;
  const client = await Client.connect(runtime, { bootstrap, retryTimeoutMs: 200 });
  const names = (await adminOf(client).listTopics()).map(({ name }) => name);
  if (isOfOneTopic(path)) {
    assertEquals(await read(client, "kept", records), records);
    assert(names.includes("orders"));
  }
  for (const topic of names.includes("orders") ? ["orders"] : []) {
    const producer = new Producer(client, { deliveryTimeoutMs: 300 });
    await told(producer.send({ topic, partition: 0, value: "more" }));
    await producer.close();
    await told(read(client, topic));
  }
  await told(adminOf(client).committedOffsets("readers", { partitions: null }));
  client.close();
  await end();
  assertEquals(lines.filter((line) => /is a bug|AssertionError/.test(line)), []);
  return undefined;
}

/** Spoils a file, and starts twice; what was wrong with that, if anything was. */
async function trySpoiled(
  folder: string,
  { path, way, spoil }: { path: string; way: string; spoil: (typeof ways)[string] },
): Promise<string | undefined> {
  const { isDirectory } = await Deno.stat(`${folder}/${path}`);
  await spoil(`${folder}/${path}`, isDirectory);
  try {
    for (let i = 0; i < 2; i++) {
      const refusal = await tryStart(folder, path);
      if (refusal === undefined) continue;
      if (isWhole) console.log(`${path}, ${way}: ${refusal}`);
      assert(!isOfOneTopic(path), `a start is refused by one topic: ${refusal}`);
      break;
    }
    return undefined;
  } catch (error) {
    return `${path}, ${way}: ${error instanceof Error ? error.stack : error}`;
  }
}

for (const end of ["stop", "kill"] as const) {
  Deno.test(`whichever file was spoiled after a ${end}, a start says so or serves`, async () => {
    const base = await Deno.makeTempDir({ prefix: "odd-files-" });
    try {
      const first = await startOn(`${base}/first`, files);
      await fill(first.client);
      await first.end();
      const again = await startOn(`${base}/first`, files);
      await told(read(again.client, "orders"));
      if (end === "kill") await copyFolder(`${base}/first`, `${base}/left`);
      await again.end();
      if (end === "stop") await copyFolder(`${base}/first`, `${base}/left`);
      await Deno.remove(`${base}/left/.lock`).catch(() => {});
      const left = everyPath(`${base}/left`).flatMap((path) =>
        Object.entries(ways).map(([way, spoil]) => ({ path, way, spoil }))
      ).filter((_, turn) => turn % stride === 0);
      const failures: string[] = [];
      const lanes = Array.from({ length: laneCount }, async (_, lane) => {
        for (let each = left.shift(); each !== undefined; each = left.shift()) {
          const folder = `${base}/tried-${lane}`;
          await copyFolder(`${base}/left`, folder);
          const problem = await trySpoiled(folder, each);
          if (problem !== undefined) failures.push(problem);
          await Deno.remove(folder, { recursive: true });
        }
      });
      await Promise.all(lanes);
      assertEquals(failures.join("\n"), "");
    } finally {
      await Deno.remove(base, { recursive: true });
    }
  });
}
