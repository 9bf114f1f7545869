// Disks that fill up and disks that fail, as clients see it: what is refused, what goes on, and
// what is there when the disk works again.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { PlatformFault } from "../../src/base/faults.ts";
import { loadConfig, startBroker } from "../../src/broker/mod.ts";
import {
  Client,
  Consumer,
  createTopic,
  deleteTopic,
  KafkaError,
  Producer,
} from "../../src/client/mod.ts";
import { CreateTopics, DeleteTopics, ErrorCode, Metadata } from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const runtime = denoRuntime();
const value = "v".repeat(50_000);
const { UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;

const connect = (bootstrap: string) =>
  Client.connect(runtime, { bootstrap, retryTimeoutMs: 5_000 });

/** Sends to a partition until it is refused; how many were acknowledged, and the refusal. */
async function sendUntilRefused(client: Client, to: { topic: string; partition: number }) {
  const producer = new Producer(client, { deliveryTimeoutMs: 600 });
  let acknowledged = 0;
  try {
    for (; acknowledged < 2_000; acknowledged++) await producer.send({ ...to, value });
    throw new Error("it is never refused");
  } catch (error) {
    return { acknowledged, error };
  } finally {
    await producer.close().catch(() => {});
  }
}

/** Numbers of records of a partition that can be read. */
async function countOf(client: Client, at: { topic: string; partition: number }, least: number) {
  const consumer = new Consumer(client, { autoOffsetReset: "earliest", groupId: undefined });
  consumer.assign([at]);
  let count = 0;
  for (let idle = 0; idle < 2 || count < least;) {
    const records = await consumer.poll({ timeoutMs: 200 });
    for (const record of records) assertEquals(fromUtf8(record.value!).slice(0, 3), "vvv");
    count += records.length;
    idle = records.length === 0 ? idle + 1 : 0;
    if (idle > 50) break;
  }
  await consumer.close();
  return count;
}

async function mount(folder: string, sizeMebibytes: number): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it takes Linux";
  const args = ["-t", "tmpfs", "-o", `size=${sizeMebibytes}m`, "tmpfs", folder];
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

async function unmount(folder: string): Promise<void> {
  await new Deno.Command("umount", { args: [folder] }).output();
}

for (const freeBytesMin of [4 * 1024 * 1024, 0]) {
  const what = freeBytesMin > 0 ? "nearly full disk" : "disk without a byte left";
  Deno.test(`a ${what} refuses records, serves and deletes on, and heals`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "small-disk-" });
    const refusal = await mount(folder, 24);
    if (refusal !== undefined) {
      console.log(`skipped: no small file system can be mounted here: ${refusal}`);
      return await Deno.remove(folder);
    }
    try {
      await using broker = await BrokerProcess.start({
        dataDir: `${folder}/data`,
        settings: { "ottla.log.dirs.free.bytes.min": String(freeBytesMin) },
      });
      const client = await connect(broker.bootstrap);
      for (const name of ["ballast", "orders"]) await createTopic(client, { name, partitions: 1 });
      const ballast = new Producer(client);
      for (let i = 0; i < 160; i++) await ballast.send({ topic: "ballast", partition: 0, value });
      await ballast.close();

      const at = { topic: "orders", partition: 0 };
      const { acknowledged, error } = await sendUntilRefused(client, at);
      const code = error instanceof KafkaError ? error.errorCode : error;
      assertEquals(code, ErrorCode.KAFKA_STORAGE_ERROR);
      assert(broker.output.includes("a data directory is nearly full"), broker.output);
      assertEquals(await countOf(client, at, acknowledged), acknowledged);

      await deleteTopic(client, "ballast");
      const producer = new Producer(client);
      const sent = producer.send({ ...at, value });
      await within(sent, { ms: 20_000, what: () => `room to be seen\n${broker.output}` });
      await producer.close();
      assert(broker.output.includes("has room again"), broker.output);

      await broker.kill();
      await broker.restart();
      assertEquals(await countOf(client, at, acknowledged + 1), acknowledged + 1);
      client.close();
    } finally {
      await unmount(folder);
      await Deno.remove(folder);
    }
  });
}

/** A broker of two data directories within this process, the files of which may be made to fail. */
async function startWithTwo(folder: string, files: Files = runtime.files) {
  const paths = [`${folder}/a`, `${folder}/b`];
  const { config } = loadConfig({
    flags: { port: 0, host: "127.0.0.1" },
    options: { "log.dirs": paths.join(","), "offsets.topic.num.partitions": 1 },
  });
  const lines: string[] = [];
  const logger = {
    enabled: () => true,
    log: (level: string, message: string) => void lines.push(`${level} ${message}`),
    child: () => logger,
  };
  const broker = await startBroker({ runtime: { ...runtime, files }, config, logger });
  const client = await connect(`127.0.0.1:${broker.address.port}`);
  const end = async () => {
    client.close();
    await broker.close();
  };
  return { client, lines, end };
}

async function errorsByPartition(client: Client): Promise<ErrorCode[]> {
  const answer = await client.request(Metadata, { topics: [{ name: "orders" }] }, { to: "any" });
  const partitions = [...answer.topics[0].partitions];
  partitions.sort((a, b) => a.partitionIndex - b.partitionIndex);
  return partitions.map(({ errorCode, leaderId, offlineReplicas }) => {
    assertEquals([leaderId < 0, offlineReplicas.length], errorCode === 0 ? [false, 0] : [true, 1]);
    return errorCode;
  });
}

const partitionsIn = async (folder: string) => {
  const found: number[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/^orders-\d$/.test(name)) found.push(Number(name.slice(7)));
  }
  return found.sort();
};

/** What a start may find where a data directory was. */
const replacements: Record<string, (path: string) => Promise<void>> = {
  "a broken disk": (path) => Deno.writeTextFile(path, "no folder"),
  "an empty mount point": (path) => Deno.mkdir(path),
};

for (const [what, replace] of Object.entries(replacements)) {
  Deno.test(`partitions are spread over data directories, and outlive one: ${what}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "two-disks-" });
    try {
      const first = await startWithTwo(folder);
      await createTopic(first.client, { name: "orders", partitions: 4 });
      const producer = new Producer(first.client);
      for (let partition = 0; partition < 4; partition++) {
        await producer.send({ topic: "orders", partition, value });
      }
      await producer.close();
      await first.end();
      const [inA, inB] = [await partitionsIn(`${folder}/a`), await partitionsIn(`${folder}/b`)];
      assertEquals([inA.length, inB.length], [2, 2]);

      await Deno.rename(`${folder}/b`, `${folder}/away`);
      await replace(`${folder}/b`);
      const second = await startWithTwo(folder);
      const expected = [0, 1, 2, 3].map((id) =>
        inA.includes(id) ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE
      );
      assertEquals(await errorsByPartition(second.client), expected);
      assertEquals(await countOf(second.client, { topic: "orders", partition: inA[0] }, 1), 1);
      await second.end();

      await Deno.remove(`${folder}/b`, { recursive: true });
      await Deno.rename(`${folder}/away`, `${folder}/b`);
      const third = await startWithTwo(folder);
      assertEquals(await errorsByPartition(third.client), [0, 0, 0, 0]);
      for (const partition of [0, 1, 2, 3]) {
        assertEquals(await countOf(third.client, { topic: "orders", partition }, 1), 1);
      }
      await third.end();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a sync that fails takes its directory offline for good, and no other", async () => {
  const folder = await Deno.makeTempDir({ prefix: "two-disks-" });
  let fails = false;
  let syncsAfter = 0;
  const files = watchedFiles(runtime.files, (change) => {
    if (!fails || !change.startsWith(`sync ${folder}/b`)) return;
    syncsAfter++;
    throw new PlatformFault("Io", "input/output error (injected)");
  });
  try {
    const { client, lines, end } = await startWithTwo(folder, files);
    await createTopic(client, { name: "orders", partitions: 2 });
    const [inA] = await partitionsIn(`${folder}/a`);
    const [inB] = await partitionsIn(`${folder}/b`);
    const producer = new Producer(client, { deliveryTimeoutMs: 1_000 });
    const send = (partition: number) => producer.send({ topic: "orders", partition, value });
    await Promise.all([send(inA), send(inB)]);
    fails = true;
    await assertRejects(() => send(inB), KafkaError, "");
    const failures = lines.filter((line) => line.startsWith("error a data directory failed"));
    assertEquals(failures.length, 1);
    fails = false;
    await assertRejects(() => send(inB), KafkaError, "");
    await send(inA);
    assertEquals(syncsAfter, 1, "a sync was tried again");
    const codes = await errorsByPartition(client);
    assertEquals([codes[inA], codes[inB]], [ErrorCode.NONE, ErrorCode.LEADER_NOT_AVAILABLE]);
    await producer.close().catch(() => {});
    await end();
    const again = await startWithTwo(folder);
    assertEquals(await errorsByPartition(again.client), [0, 0]);
    assert(await countOf(again.client, { topic: "orders", partition: inB }, 1) >= 1);
    await again.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what a topic that was remade has left on a failed disk is in nobody's way", async () => {
  const folder = await Deno.makeTempDir({ prefix: "two-disks-" });
  let fails = false;
  const files = watchedFiles(runtime.files, (change) => {
    if (!fails || !change.startsWith(`sync ${folder}/b`)) return;
    throw new PlatformFault("Io", "input/output error (injected)");
  });
  try {
    const { client, end } = await startWithTwo(folder, files);
    await createTopic(client, { name: "orders", partitions: 2 });
    const [inA] = await partitionsIn(`${folder}/a`);
    const [inB] = await partitionsIn(`${folder}/b`);
    const failing = new Producer(client, { deliveryTimeoutMs: 1_000 });
    await failing.send({ topic: "orders", partition: inB, value });
    fails = true;
    await assertRejects(() => failing.send({ topic: "orders", partition: inB, value }), KafkaError);
    await failing.close().catch(() => {});
    await deleteTopic(client, "orders");
    await createTopic(client, { name: "orders", partitions: 2 });
    const producer = new Producer(client);
    for (const partition of [inA, inB]) await producer.send({ topic: "orders", partition, value });
    await producer.close();
    await end();
    fails = false;
    const again = await startWithTwo(folder, files);
    assertEquals(await errorsByPartition(again.client), [0, 0]);
    for (const partition of [0, 1]) {
      assertEquals(await countOf(again.client, { topic: "orders", partition }, 1), 1);
    }
    const left = [...Deno.readDirSync(`${folder}/b`)].map(({ name }) => name);
    const aside = left.filter((name) => name.startsWith("orders-"));
    assertEquals(aside.map((name) => name.replace(/\.[0-9a-f]+-/, ".-")), [`orders-${inB}.-stray`]);
    assert(Deno.statSync(`${folder}/b/${aside[0]}/00000000000000000000.log`).size > value.length);
    await again.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a topic for which the disk has no room is refused by name, and made later", async () => {
  const folder = await Deno.makeTempDir({ prefix: "full-disk-" });
  let isFull = false;
  const files = watchedFiles(runtime.files, (change) => {
    const isMetadata = change.startsWith("append") && change.includes("__cluster_metadata-0");
    if (isFull && isMetadata) throw new PlatformFault("NoSpace", "no space left (injected)");
  });
  try {
    const { client, lines, end } = await startWithTwo(folder, files);
    const create = () =>
      client.request(CreateTopics, {
        topics: [{
          name: "late",
          numPartitions: 1,
          replicationFactor: 1,
          assignments: [],
          configs: [],
        }],
      }, { to: "any" });
    isFull = true;
    const [refused] = (await create()).topics;
    assertEquals([refused.name, refused.errorCode], ["late", ErrorCode.KAFKA_STORAGE_ERROR]);
    assert(refused.errorMessage?.includes("no space left"), refused.errorMessage ?? "no message");
    assertEquals(lines.filter((line) => line.includes("is a bug")), []);
    isFull = false;
    assertEquals((await create()).topics[0].errorCode, ErrorCode.NONE);
    await end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("topics whose end finds no room are refused one by one, and deleted later", async () => {
  const folder = await Deno.makeTempDir({ prefix: "full-disk-" });
  let isFull = false;
  const files = watchedFiles(runtime.files, (change) => {
    const isMetadata = change.startsWith("append") && change.includes("__cluster_metadata-0");
    if (isFull && isMetadata) throw new PlatformFault("NoSpace", "no space left (injected)");
  });
  const topicNames = ["first", "second"];
  try {
    const { client, lines, end } = await startWithTwo(folder, files);
    for (const name of topicNames) await createTopic(client, { name, partitions: 2 });
    const producer = new Producer(client);
    const to = { topic: "first", partition: 0 };
    await producer.send({ ...to, value });
    const remove = async () => {
      const request = { topicNames, topics: [], timeoutMs: 1_000 };
      const { responses } = await client.request(DeleteTopics, request, { to: "any" });
      return responses.map(({ name, errorCode }) => [name, errorCode]);
    };
    isFull = true;
    for (let i = 0; i < 3; i++) {
      assertEquals(await remove(), topicNames.map((name) => [name, ErrorCode.KAFKA_STORAGE_ERROR]));
      assertEquals(await countOf(client, to, 1), 1, "what is not deleted is there");
    }
    isFull = false;
    assertEquals(await remove(), topicNames.map((name) => [name, ErrorCode.NONE]));
    assertEquals(await remove(), topicNames.map((name) => [name, UNKNOWN_TOPIC_OR_PARTITION]));
    for (const each of ["a", "b"]) {
      const left = [...Deno.readDirSync(`${folder}/${each}`)].map(({ name }) => name);
      assertEquals(left.filter((name) => /^(first|second)-[01]$/.test(name)), []);
    }
    assertEquals(lines.filter((line) => line.includes("is a bug")), []);
    await producer.close();
    await end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
