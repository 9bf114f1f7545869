// A broker that starts on a disk without a byte left: it reads, says so, makes room where it is
// asked to, and goes on by itself once there is some.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { PlatformFault } from "../../src/base/faults.ts";
import { loadConfig, startBroker } from "../../src/broker/mod.ts";
import { adminOf, Client, Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import {
  CreateTopics,
  DeleteRecords,
  DeleteTopics,
  ErrorCode,
  Produce,
} from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { targetsHere } from "../harness/targets.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const runtime = denoRuntime();
const value = "v".repeat(50_000);
const at = { topic: "orders", partition: 0 };
const count = 60;
const said = "starts without room on its disk, and only reads";

const connect = (bootstrap: string) =>
  Client.connect(runtime, { bootstrap, retryTimeoutMs: 5_000 });

/** A topic of several segments, and a group that has committed. */
async function fill(client: Client): Promise<void> {
  const configs = { "segment.bytes": "1048576", "file.delete.delay.ms": "0" };
  await createTopic(client, { name: at.topic, partitions: 1, configs });
  const producer = new Producer(client);
  for (let i = 0; i < count; i++) await producer.send({ ...at, value });
  await producer.close();
  await adminOf(client).commitOffsets("readers", { offsets: [{ ...at, offset: 7 }] });
}

async function valuesOf(client: Client, least: number): Promise<number> {
  const consumer = new Consumer(client, { autoOffsetReset: "earliest", groupId: undefined });
  consumer.assign([at]);
  let found = 0;
  while (found < least) {
    const records = await consumer.poll({ timeoutMs: 1_000 });
    for (const record of records) assertEquals(fromUtf8(record.value!), value);
    found += records.length;
  }
  await consumer.close();
  return found;
}

/** The codes of what would write: a record, a topic made, a topic deleted, an offset committed. */
async function writeOnce(client: Client): Promise<readonly unknown[]> {
  const batch = buildBatch({ records: [{ key: null, value: new Uint8Array(3) }] });
  const { responses } = await client.request(Produce, {
    acks: 1,
    timeoutMs: 1_000,
    topicData: [{ name: at.topic, partitionData: [{ index: 0, records: batch }] }],
  }, { to: "any" });
  const created = await client.request(CreateTopics, {
    topics: [{
      name: "late",
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }],
  }, { to: "any" });
  const deleted = await client.request(DeleteTopics, {
    topicNames: ["orders"],
    topics: [],
    timeoutMs: 1_000,
  }, { to: "any" });
  return [
    responses[0].partitionResponses[0].errorCode,
    created.topics[0].errorCode,
    deleted.responses[0].errorCode,
  ];
}

const refused = Array(3).fill(ErrorCode.KAFKA_STORAGE_ERROR);

/** What a client finds at a broker that only reads, `committed` included. */
async function checkReads(client: Client): Promise<void> {
  assertEquals(await valuesOf(client, count), count);
  const admin = adminOf(client);
  const committed = await admin.committedOffsets("readers", { partitions: null });
  assertEquals(committed.map(({ offset }) => offset), [7]);
  assertEquals(await writeOnce(client), refused);
}

async function startOn(folder: string, files: Files) {
  const { config } = loadConfig({
    flags: { port: 0, host: "127.0.0.1" },
    options: {
      "log.dirs": folder,
      "offsets.topic.num.partitions": 1,
      "ottla.log.dirs.free.bytes.min": 0,
    },
  });
  const lines: string[] = [];
  const heard = new Set<() => void>();
  const logger = {
    enabled: () => true,
    log(level: string, message: string) {
      lines.push(`${level} ${message}`);
      for (const listener of heard) listener();
    },
    child: () => logger,
  };
  const broker = await startBroker({ runtime: { ...runtime, files }, config, logger });
  const client = await connect(`127.0.0.1:${broker.address.port}`);
  const hear = async (text: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => lines.some((line) => line.includes(text)) && resolve();
    heard.add(look);
    look();
    await within(promise, { ms: 20_000, what: () => `${text}\n${lines.join("\n")}` });
    heard.delete(look);
  };
  const end = async () => {
    client.close();
    await broker.close();
  };
  return { broker, client, lines, hear, end };
}

/** The real files, on a disk that takes no byte and no new file while `isFull` says so. */
function fullFiles(isFull: () => boolean): Files {
  const watched = watchedFiles(runtime.files, (change) => {
    if (!isFull() || !/^(append|make) /.test(change)) return;
    throw new PlatformFault("NoSpace", "no space left (injected)");
  });
  return { ...watched, freeBytes: (path) => isFull() ? 0 : runtime.files.freeBytes(path) };
}

Deno.test("a start where no write has room reads, refuses writes by code, and heals", async () => {
  const folder = await Deno.makeTempDir({ prefix: "full-start-" });
  let isFull = false;
  const files = fullFiles(() => isFull);
  try {
    const first = await startOn(folder, files);
    await fill(first.client);
    await first.end();
    isFull = true;
    const second = await startOn(folder, files);
    assertEquals(second.broker.health.status, "degraded");
    assertEquals(second.lines.filter((line) => line.includes(said)).length, 1);
    await checkReads(second.client);
    isFull = false;
    await second.hear("it writes again");
    const quorum = await Deno.readTextFile(`${folder}/__cluster_metadata-0/quorum-state`);
    assertEquals(JSON.parse(quorum).leaderEpoch, 2, "each try has taken an epoch");
    const producer = new Producer(second.client);
    assertEquals((await producer.send({ ...at, value })).offset, count);
    await producer.close();
    assertEquals(second.broker.health.status, "ready");
    await second.end();
    assertEquals(second.lines.filter((line) => line.includes("is a bug")), []);
    const third = await startOn(folder, files);
    assertEquals(await valuesOf(third.client, count + 1), count + 1);
    assertEquals(third.lines.filter((line) => line.includes("unclean stop")), []);
    await third.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a broker that only reads for want of room closes without a failure", async () => {
  const folder = await Deno.makeTempDir({ prefix: "full-start-" });
  let isFull = false;
  const files = fullFiles(() => isFull);
  try {
    const first = await startOn(folder, files);
    await fill(first.client);
    await first.end();
    isFull = true;
    for (let i = 0; i < 2; i++) {
      const { client, end } = await startOn(folder, files);
      assertEquals(await valuesOf(client, count), count);
      await end();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a new data directory without room is refused, and the message says why", async () => {
  const folder = await Deno.makeTempDir({ prefix: "full-start-" });
  try {
    const start = () => startOn(folder, fullFiles(() => true));
    await assertRejects(start, PlatformFault, "there is nothing to read");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function mount(folder: string): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it takes Linux";
  const args = ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder];
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

/** Takes every byte that is left on the file system of `path`. */
function takeAll(path: string): void {
  using file = Deno.openSync(path, { create: true, append: true });
  for (let size = 65_536; size >= 1;) {
    try {
      file.writeSync(new Uint8Array(size));
    } catch {
      size = size >> 1;
    }
  }
}

for (const target of await targetsHere()) {
  for (const end of ["stop", "kill"] as const) {
    Deno.test(`${target}: a start on a full disk after a ${end} reads and makes room`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "full-start-" });
      const refusal = await mount(folder);
      if (refusal !== undefined) {
        console.log(`skipped: no small file system can be mounted here: ${refusal}`);
        return await Deno.remove(folder);
      }
      try {
        await using broker = await BrokerProcess.start({
          target,
          dataDir: `${folder}/data`,
          settings: {
            "ottla.log.dirs.free.bytes.min": "0",
            "offsets.topic.num.partitions": "1",
          },
        });
        const first = await connect(broker.bootstrap);
        await fill(first);
        first.close();
        await broker[end]();
        // The start takes this marker away: it must not get its first room by that.
        if (end === "stop") Deno.truncateSync(`${folder}/data/.kafka_cleanshutdown`);
        takeAll(`${folder}/taken`);
        await broker.restart();
        assert(broker.output.includes(said), broker.output);
        const client = await connect(broker.bootstrap);
        await checkReads(client);
        await client.request(DeleteRecords, {
          topics: [{ name: at.topic, partitions: [{ partitionIndex: 0, offset: 40 }] }],
          timeoutMs: 1_000,
        }, { to: "any" });
        await within(broker.said((line) => line.includes("it writes again")), {
          ms: 30_000,
          what: () => `room to be seen\n${broker.output}`,
        });
        const producer = new Producer(client);
        assertEquals((await producer.send({ ...at, value: "v" })).offset, count);
        await producer.close();
        client.close();
        assertEquals((await broker.stop()).code, 0);
      } finally {
        await new Deno.Command("umount", { args: [folder] }).output();
        await Deno.remove(folder);
      }
    });
  }
}
