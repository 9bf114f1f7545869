// Apache Kafka's own reader of files, DumpLogSegments, over every file that a broker wrote in use:
// it must have no complaint, and see the records that were sent.
//
// Needs Java and Maven for Kafka; without them it is skipped with the reason.

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import type { ProducerId } from "../../src/base/ids.ts";
import {
  InitProducerId,
  JoinGroup,
  LeaveGroup,
  OffsetCommit,
  Produce,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { type CompressionType, compressionTypes, loadCompression } from "../../src/records/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { run } from "../harness/process_lines.ts";
import { Talk, versionsOf } from "./differential.ts";
import { batch } from "./differential/batches.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const recordCount = 20;
const segmentBytes = "2000";

const skip = await reasonToSkip();
if (skip) console.log(`the dump of all files is skipped: ${skip}`);

/** Files that DumpLogSegments knows, by the end of their name. */
const dumpable = [".log", ".index", ".timeindex", ".snapshot", ".txnindex"];

Deno.test({
  name: "Kafka reads every file that a broker wrote, and finds nothing wrong",
  ignore: skip !== undefined,
  fn: async () => {
    await using broker = await BrokerProcess.start({
      settings: { "offsets.topic.num.partitions": "2", "log.index.interval.bytes": "100" },
    });
    const talk = new Talk(broker, {
      about: Produce,
      version: 12,
      name: "dumped",
      versions: await versionsOf(broker),
    });
    try {
      await useTopics(talk);
      await useGroup(talk);
    } finally {
      await talk.close();
    }
    await broker.stop();

    const jars = await fetchJars();
    const files = await dumpableFiles(broker.logFolder);
    const kinds = new Set(files.map((file) => file.slice(file.lastIndexOf("."))));
    for (const kind of [".log", ".index", ".timeindex", ".snapshot"]) assert(kinds.has(kind), kind);
    const dumps = new Map<string, string>();
    for (const [folder, decoder] of decoders) {
      const ours = files.filter((file) => folder.test(file));
      assert(ours.length > 0, `${folder}`);
      dumps.set(decoder.join(), await dump(jars, [...decoder, "--files", ours.join(",")]));
    }
    assertNoComplaint(dumps);
    assertTellsAll(dumps);
  },
});

/** Which decoder suits the files of a folder. */
const decoders: readonly [RegExp, string[]][] = [
  [/\/topic-dumped-[a-z0-9-]+\//, ["--print-data-log"]],
  [/\/__consumer_offsets-\d\//, ["--offsets-decoder"]],
  [/\/__cluster_metadata-0\//, ["--cluster-metadata-decoder"]],
];

/** A topic for each compression, each with several segments; and an idempotent producer. */
async function useTopics(talk: Talk): Promise<void> {
  const ids = await talk.need(InitProducerId, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  });
  for (const compression of compressionTypes) {
    await loadCompression(compression);
    const name = `${talk.topic}-${compression}`;
    const configs = { "internal.segment.bytes": segmentBytes, "index.interval.bytes": "100" };
    await talk.createTopic({ name, configs });
    for (let i = 0; i < recordCount; i++) {
      await send(talk, { name, compression, producerId: ids.producerId, baseSequence: i });
    }
  }
}

async function send(talk: Talk, o: {
  name: string;
  compression: CompressionType;
  producerId: ProducerId;
  baseSequence: number;
}): Promise<void> {
  const { name, ...input } = o;
  const noise = Array.from({ length: 150 }, () => Math.random().toString(36)[2] ?? "x").join("");
  const records = batch([`${o.compression}-value-${o.baseSequence} ${noise}`], {
    ...input,
    producerEpoch: 0,
  });
  const topicData = [{ name, partitionData: [{ index: 0, records }] }];
  const answer = await talk.need(Produce, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 10_000,
    topicData,
  });
  const { errorCode, errorMessage } = answer.responses[0].partitionResponses[0];
  assertEquals([errorCode, errorMessage], [0, null]);
}

/** A group with a member that commits and leaves. */
async function useGroup(talk: Talk): Promise<void> {
  const groupId = talk.group;
  await talk.untilGroupsAreLed();
  const asked = {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: subscription }],
  };
  const { memberId } = await talk.need(JoinGroup, asked);
  const { generationId } = await talk.need(JoinGroup, { ...asked, memberId });
  await talk.need(SyncGroup, {
    groupId,
    generationId,
    memberId,
    protocolType: "consumer",
    protocolName: "range",
    assignments: [{ memberId, assignment }],
  });
  const partitions = [{ partitionIndex: 0, committedOffset: 17, committedMetadata: "note" }];
  const topics = [{ name: `${talk.topic}-none`, partitions }];
  const member = { memberId, generationIdOrMemberEpoch: generationId };
  await talk.need(OffsetCommit, { groupId, ...member, topics }, { version: 8 });
  const members = [{ memberId, groupInstanceId: null }];
  await talk.need(LeaveGroup, { groupId, members });
}

/** ConsumerProtocolSubscription version 0 of the topic "t". */
const subscription = new Uint8Array([0, 0, 0, 0, 0, 1, 0, 1, ...utf8("t"), 0, 0, 0, 0]);
/** ConsumerProtocolAssignment version 0 of t-0. */
const assignment = new Uint8Array([
  ...[0, 0, 0, 0, 0, 1, 0, 1, ...utf8("t")],
  ...[0, 0, 0, 1, 0, 0, 0, 0],
  ...[0, 0, 0, 0],
]);

async function dumpableFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    for await (const file of Deno.readDir(`${folder}/${name}`)) {
      const known = dumpable.some((end) => file.name.endsWith(end));
      if (known) files.push(`${folder}/${name}/${file.name}`);
    }
  }
  return files.sort();
}

async function dump(jars: string, args: string[]): Promise<string> {
  const java = ["-Xmx128m", `-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`];
  const tool = "org.apache.kafka.tools.DumpLogSegments";
  const command = [...java, tool, "--deep-iteration", ...args];
  const { stdout, stderr } = await run({ command: "java", args: command, withinMs: 90_000 });
  return stdout + stderr;
}

/** It tells faults in words, and ends with 0 all the same. */
function assertNoComplaint(dumps: ReadonlyMap<string, string>): void {
  const words = [
    "mismatch",
    "corrupt",
    "not found",
    "non-consecutive",
    "isvalid: false",
    "invalid",
  ];
  words.push("error", "exception", "could not", "out of order");
  // Of the tool's own: it expects each segment to begin with offset 0.
  const beginning = /^Non-consecutive offsets in .*\n\s*-1 is followed by \d+$/gm;
  for (const text of dumps.values()) {
    const lines = text.replace(beginning, "").split("\n")
      .filter((line) => words.some((word) => line.toLowerCase().includes(word)));
    assertEquals(lines, [], "Kafka complains about these");
  }
}

/** What was sent stands in the dumps, in the words that a reader of Kafka's files knows. */
function assertTellsAll(dumps: ReadonlyMap<string, string>): void {
  const has = (decoder: string, text: string) =>
    assert(dumps.get(decoder)?.includes(text), `no "${text}" in the dump by ${decoder}`);
  for (const compression of compressionTypes) {
    for (let i = 0; i < recordCount; i++) {
      has("--print-data-log", `payload: ${compression}-value-${i} `);
    }
    has("--print-data-log", `compresscodec: ${compression} `);
  }
  const last = recordCount - 1;
  has("--print-data-log", `lastSequence: ${last} lastOffset: ${last} offsetDelta: 0`);
  has("--offsets-decoder", `"group":"group-dumped","topic":"topic-dumped-none","partition":0`);
  has("--offsets-decoder", `"offset":17,"leaderEpoch":-1,"metadata":"note"`);
  has("--offsets-decoder", `"protocolType":"consumer","generation":1,"protocol":"range"`);
  has(
    "--cluster-metadata-decoder",
    `"type":"TOPIC_RECORD","version":0,"data":{"name":"topic-dumped`,
  );
  has("--cluster-metadata-decoder", `"type":"PARTITION_RECORD"`);
  has("--cluster-metadata-decoder", `"type":"REGISTER_BROKER_RECORD"`);
}
