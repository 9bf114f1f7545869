// What a broker is asked that starts on a disk to which nothing can be written: a topic of several
// segments and a group's offsets can be read, and what would write is refused by code.

import { assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { firstOf } from "../../src/base/items.ts";
import { loadConfig, startBroker } from "../../src/broker/mod.ts";
import { adminOf, Client, Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import { CreateTopics, DeleteTopics, ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { within } from "./deadline.ts";

const runtime = denoRuntime();
export const value = "v".repeat(50_000);
export const at = { topic: "orders", partition: 0 };
export const count = 60;

export const connect = (bootstrap: string) =>
  Client.connect(runtime, { bootstrap, retryTimeoutMs: 5_000 });

/** A topic of several segments, and a group that has committed. */
export async function fill(client: Client): Promise<void> {
  const configs = { "segment.bytes": "1048576", "file.delete.delay.ms": "0" };
  await createTopic(client, { name: at.topic, partitions: 1, configs });
  const producer = new Producer(client);
  for (let i = 0; i < count; i++) await producer.send({ ...at, value });
  await producer.close();
  await adminOf(client).commitOffsets("readers", { offsets: [{ ...at, offset: 7 }] });
}

export async function valuesOf(client: Client, least: number): Promise<number> {
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
    firstOf(firstOf(responses).partitionResponses).errorCode,
    firstOf(created.topics).errorCode,
    firstOf(deleted.responses).errorCode,
  ];
}

const refused = Array(3).fill(ErrorCode.KAFKA_STORAGE_ERROR);

/** What a client finds at a broker that only reads, `committed` included. */
export async function checkReads(client: Client): Promise<void> {
  assertEquals(await valuesOf(client, count), count);
  const admin = adminOf(client);
  const committed = await admin.committedOffsets("readers", { partitions: null });
  assertEquals(committed.map(({ offset }) => offset), [7]);
  assertEquals(await writeOnce(client), refused);
}

export async function startOn(folder: string, files: Files) {
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

/** A data directory whose files take nothing, until they are to. */
export interface Unwritable {
  readonly folder: string;
  readonly files: Files;
  mend(): void;
}

/**
 * Runs `scenario` on a data directory that a broker has filled and left, by files that take nothing
 * from then on. `filesOf` says how they are while that is so.
 */
export async function onUnwritable(
  filesOf: (isUnwritable: () => boolean) => Files,
  scenario: (at: Unwritable) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unwritable-start-" });
  let isUnwritable = false;
  const files = filesOf(() => isUnwritable);
  try {
    const { client, end } = await startOn(folder, files);
    await fill(client);
    await end();
    isUnwritable = true;
    await scenario({ folder, files, mend: () => isUnwritable = false });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A broker that writes again takes the next record, and the next start finds it. */
export async function checkMended(
  { broker, client, lines, end }: Awaited<ReturnType<typeof startOn>>,
  { folder, files }: Unwritable,
): Promise<void> {
  assertEquals(broker.health.status, "ready");
  const producer = new Producer(client);
  assertEquals((await producer.send({ ...at, value })).offset, count);
  await producer.close();
  await end();
  assertEquals(lines.filter((line) => line.includes("is a bug")), []);
  const next = await startOn(folder, files);
  assertEquals(await valuesOf(next.client, count + 1), count + 1);
  assertEquals(next.lines.filter((line) => line.includes("unclean stop")), []);
  await next.end();
}

/** Of a broker whose disk may be as full as it is. */
export const filledSettings = {
  "offsets.topic.num.partitions": "1",
  "ottla.log.dirs.free.bytes.min": "0",
};

/** Runs `test` in a small file system of its own; says why not where none can be mounted. */
export async function onMount(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unwritable-" });
  const refusal = await mount(folder);
  if (refusal !== undefined) {
    console.log(`skipped: no small file system can be mounted here: ${refusal}`);
    return await Deno.remove(folder);
  }
  try {
    await test(folder);
  } finally {
    await new Deno.Command("umount", { args: [folder] }).output();
    await Deno.remove(folder);
  }
}

/** Mounts a file system in memory at `folder`; undefined, or why it cannot. */
async function mount(folder: string): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it takes Linux";
  const args = ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder];
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

/** As a broker leaves its directory that has used up what it kept for the way out. */
export function takeReserve(dataDir: string): void {
  Deno.removeSync(`${dataDir}/.ottla_reserve`);
}

/** Takes every byte that is left on the file system of `path`. */
export function takeAll(path: string): void {
  using file = Deno.openSync(path, { create: true, append: true });
  for (let size = 65_536; size >= 1;) {
    try {
      file.writeSync(new Uint8Array(size));
    } catch {
      size = size >> 1;
    }
  }
}
