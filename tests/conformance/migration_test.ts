// Data folders of Apache Kafka in Ottla, and Ottla's in Apache Kafka: both directions, the last
// Kafka 3 and the newest, and back again. The Java client lists all that a cluster holds
// (migration/Cluster.java); the same lines must come out of either broker.
//
//   Kafka fills --list--> Ottla --list--> Kafka --list-->
//                 |-----> Ottla, without indexes, snapshots and checkpoints
//   Ottla fills --list--> Kafka --list, grow--> Ottla --list-->
//
// Needs Java and Maven; without them it is skipped with the reason.

import { assert, assertEquals } from "@std/assert";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { Metadata } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { run } from "../harness/process_lines.ts";
import { RawClient } from "../harness/raw_client.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";
import {
  dumpLogSegments,
  JavaCluster,
  type KafkaOptions,
  KafkaProcess,
  type Release,
} from "./migration/kafka_process.ts";

const skip = targetFromEnvironment() === "kafka"
  ? "the target is Kafka itself"
  : await reasonToSkip();
if (skip) console.log(`the migration from and to Kafka is skipped: ${skip}`);

type Source = Omit<KafkaOptions, "folder">;

const kafkas: readonly Source[] = [
  { release: "3.9", nodeId: 1, voters: "static" },
  {
    release: "4.3",
    nodeId: 7,
    voters: "dynamic",
    // Small, so that there are metadata snapshots and several segments.
    settings: {
      "metadata.log.max.record.bytes.between.snapshots": "1500",
      "internal.metadata.log.segment.bytes": "3000",
    },
  },
];

let javaOnce: Promise<{ java: JavaCluster; classes: string }> | undefined;

async function compileOnce() {
  const classes = await Deno.makeTempDir({ prefix: "migration-classes-" });
  return { java: await JavaCluster.compile(classes), classes };
}

/** Runs `body` with a folder of its own. */
function migrationTest(
  name: string,
  body: (tools: { java: JavaCluster; folder: string }) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: skip !== undefined,
    fn: async () => {
      javaOnce ??= compileOnce();
      const { java } = await javaOnce;
      const folder = await Deno.makeTempDir({ prefix: "migration-" });
      try {
        await body({ java, folder });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

for (const kafka of kafkas) {
  migrationTest(`what Kafka ${kafka.release} has written is all there in Ottla`, async (tools) => {
    const { java, folder } = tools;
    const written = `${folder}/written`;
    const before = await fillKafka(java, { ...kafka, folder: written });
    await assertDumpable(written);

    const moved = await copyOf(written, `${folder}/moved`);
    assertSame(await listOttla(java, moved), before);

    const bare = await copyOf(written, `${folder}/bare`);
    const aborted = await txnIndexesIn(bare);
    assert(aborted.size > 0, "Kafka has written transaction indexes");
    await loseWhatCanBeRebuilt(bare);
    assertSame(await listOttla(java, bare), before);
    assertEquals(await txnIndexesIn(bare), aborted);
    await assertReadByKafka(bare);

    await using again = await KafkaProcess.start({ ...kafka, folder: moved });
    assertSame(await java.list(again.bootstrap), before);
    assertNoComplaint(await again.stop());
  });
}

for (const { release } of kafkas) {
  migrationTest(
    `what Ottla has written is all there in Kafka ${release}, and in Ottla again`,
    (tools) => moveToKafka(release, tools),
  );
}

async function moveToKafka(
  release: Release,
  { java, folder }: { java: JavaCluster; folder: string },
): Promise<void> {
  const written = `${folder}/written`;
  const settings = {
    ...release === "3.9" ? { "ottla.metadata.version": "21" } : {},
    "offsets.topic.num.partitions": "4",
    "metadata.log.max.record.bytes.between.snapshots": "1500",
    "metadata.max.retention.bytes": "6000",
  };
  const before = await withOttla(written, settings, async (bootstrap) => {
    await java.fill(bootstrap, { consumerProtocol: false });
    await changeUntilDeleted(bootstrap, written);
    return java.list(bootstrap);
  });
  assertFilled(before);
  assertReadable(await dumpMetadata(written, "REGISTER_BROKER_RECORD"));
  const moved = await copyOf(written, `${folder}/moved`);
  const target: KafkaOptions = { release, nodeId: 1, voters: "static", folder: moved };
  await using kafka = await KafkaProcess.start(target);
  assertSame(await java.list(kafka.bootstrap), before);
  await java.grow(kafka.bootstrap);
  const grown = await java.list(kafka.bootstrap);
  assert(grown.length > before.length, "Kafka goes on where Ottla stopped");
  assertNoComplaint(await kafka.stop());
  assertSame(await listOttla(java, moved), grown);
}

/** Changes a topic's configuration until the metadata has snapshots in the place of its start. */
async function changeUntilDeleted(bootstrap: string, folder: string): Promise<void> {
  const [host, port] = bootstrap.split(":");
  using client = await RawClient.connect({ host, port: Number(port) });
  const { topics: [topic] } = await client.ask(Metadata, 9, { topics: null });
  const metadata = `${folder}/__cluster_metadata-0`;
  for (let i = 0;; i++) {
    const names = (await Array.fromAsync(Deno.readDir(metadata))).map((entry) => entry.name);
    const isCut = !names.includes("00000000000000000000.log");
    if (isCut && names.some((name) => name.endsWith(".checkpoint"))) return;
    assert(i < 20_000, `${names}`);
    const config = { name: "retention.ms", configOperation: 0, value: String(1e12 + i % 2) };
    const resources = [{ resourceType: 2, resourceName: topic.name!, configs: [config] }];
    await client.ask(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
  }
}

Deno.test.afterAll(async () => {
  if (javaOnce !== undefined) await Deno.remove((await javaOnce).classes, { recursive: true });
});

async function fillKafka(java: JavaCluster, options: KafkaOptions): Promise<string[]> {
  await using kafka = await KafkaProcess.start(options);
  const notes = await java.fill(kafka.bootstrap, {
    consumerProtocol: options.release !== "3.9",
  });
  assertEquals(notes, []);
  const lines = await java.list(kafka.bootstrap);
  await kafka.stop();
  assertFilled(lines);
  return lines;
}

/** That the lists which are compared say something. */
function assertFilled(lines: readonly string[]): void {
  for (const [start, least] of [["topic ", 11], ["config ", 5], ["committed ", 7]] as const) {
    const count = lines.filter((line) => line.startsWith(start)).length;
    assert(count >= least, `${count} lines of "${start}", not ${least}`);
  }
  const records = lines.filter((line) => line.startsWith("read_committed ")).length;
  assert(records > 1000, `${records} records`);
}

function assertSame(found: readonly string[], expected: readonly string[]): void {
  const [has, wants] = [new Set(found), new Set(expected)];
  const missing = expected.filter((line) => !has.has(line));
  const extra = found.filter((line) => !wants.has(line));
  assertEquals({ missing, extra }, { missing: [], extra: [] });
  assertEquals(found, expected);
}

function assertNoComplaint(output: string): void {
  const ours = /RECOVERING|DuplicateBrokerRegistration|[Cc]orrupt|FATAL/;
  assertEquals(output.split("\n").filter((line) => ours.test(line)), []);
}

function listOttla(java: JavaCluster, dataDir: string): Promise<string[]> {
  return withOttla(dataDir, {}, (bootstrap) => java.list(bootstrap));
}

async function withOttla<T>(
  dataDir: string,
  settings: Record<string, string>,
  work: (bootstrap: string) => Promise<T>,
): Promise<T> {
  await using broker = await BrokerProcess.start({ dataDir, settings });
  const result = await work(broker.bootstrap);
  await broker.stop();
  return result;
}

async function copyOf(from: string, to: string): Promise<string> {
  await run({ command: "cp", args: ["-r", from, to], withinMs: 20_000 });
  return to;
}

/** Removes what a log can do without, and the metadata that the newest snapshot stands for. */
async function loseWhatCanBeRebuilt(folder: string): Promise<void> {
  const rebuilt =
    /index$|\d\.snapshot$|^leader-epoch-checkpoint$|^quorum-state$|^partition\.metadata$/;
  // Where records were deleted is written nowhere else.
  const checkpoints = /^(recovery-point|replication|cleaner)-offset-checkpoint$|cleanshutdown$/;
  for (const path of await filesIn(folder)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (rebuilt.test(name) || checkpoints.test(name)) await Deno.remove(path);
  }
  const metadata = `${folder}/__cluster_metadata-0`;
  const names = (await Array.fromAsync(Deno.readDir(metadata))).map((entry) => entry.name).sort();
  const newest = names.filter((name) => /-\d{10}\.checkpoint$/.test(name)).at(-1);
  const end = Number(newest?.slice(0, 20) ?? 0);
  const segments = names.filter((name) => name.endsWith(".log"));
  for (const [i, name] of segments.entries()) {
    const next = segments[i + 1];
    if (next !== undefined && Number(next.slice(0, 20)) <= end) {
      await Deno.remove(`${metadata}/${name}`);
    }
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...await filesIn(`${folder}/${name}`));
    else files.push(`${folder}/${name}`);
  }
  return files.sort();
}

/** The content of each transaction index that is not empty, by its path in the folder. */
async function txnIndexesIn(folder: string): Promise<Map<string, string>> {
  const indexes = new Map<string, string>();
  for (const path of await filesIn(folder)) {
    if (!path.endsWith(".txnindex")) continue;
    const bytes = await Deno.readFile(path);
    if (bytes.length > 0) indexes.set(path.slice(folder.length), bytes.join());
  }
  return indexes;
}

/** `ottla log dump` finds nothing wrong in any file. */
async function assertDumpable(folder: string): Promise<void> {
  const [command, ...args] = await ottlaCommand(targetFromEnvironment());
  const files = (await filesIn(folder)).filter((path) => !path.endsWith("/.lock"));
  args.push("log", "dump", "--records", "--json", ...files);
  const { stdout } = await run({ command, args, withinMs: 60_000 });
  const types = new Set(
    stdout.trimEnd().split("\n").slice(1).map((line) => JSON.parse(line).type),
  );
  assert(types.has("record") && types.has("entry"), [...types].join());
}

/** Kafka's own tool reads the metadata log, snapshots and transaction indexes as they are now. */
async function assertReadByKafka(folder: string): Promise<void> {
  const decoded = await dumpMetadata(folder, "BROKER_REGISTRATION_CHANGE_RECORD");
  const kinds = /transactions-\d+\/\d{20}\.(snapshot|txnindex|index|timeindex)$/;
  const files = (await filesIn(folder)).filter((path) => kinds.test(path));
  const others = await dumpLogSegments(files, []);
  assert(others.includes("producerId"), others);
  for (const said of [decoded, others]) assertReadable(said);
}

/** What it says of the metadata log and its snapshots; `wanted` is among that. */
async function dumpMetadata(folder: string, wanted: string): Promise<string> {
  const metadata = (await filesIn(folder)).filter((path) =>
    /__cluster_metadata-0\/[\d-]+\.(log|checkpoint)$/.test(path)
  );
  const decoded = await dumpLogSegments(metadata, ["--cluster-metadata-decoder"]);
  assert(decoded.includes(wanted), decoded);
  return decoded;
}

function assertReadable(said: string): void {
  assertEquals(said.match(/Could not|Exception|mismatch|[Cc]orrupt/g), null, said.slice(0, 2000));
}
