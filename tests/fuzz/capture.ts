// Captures what real clients send: deno run -A tests/fuzz/capture.ts
//
// Runs kcat, the Java console tools, kafkajs and our own client through a recording proxy and keeps
// one frame of each kind (API, version, client) in corpus.frames.gz. Needs kcat, Java and Maven; to
// be run again when a client or an API is new, and the result committed.

import { Kafka, logLevel } from "kafkajs";
import { decodeRequestHeader } from "../../src/protocol/mod.ts";
import { fetchJars } from "../conformance/java/fetch.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { run } from "../harness/process_lines.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { RecordingProxy } from "./recording_proxy.ts";

const frameBytesMax = 4096;
const framesOfKindMax = 3;
const withinMs = 60_000;

async function kcat(bootstrap: string): Promise<void> {
  const input = Array.from({ length: 20 }, (_, i) => `key-${i}:value ${i}\n`).join("");
  for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"]) {
    const args = ["-b", bootstrap, "-P", "-t", "captured", "-K:", "-z", codec, "-H", "h=1"];
    await run({ command: "kcat", args, input, withinMs });
  }
  await run({ command: "kcat", args: ["-b", bootstrap, "-L"], withinMs });
  const consume = ["-b", bootstrap, "-t", "captured", "-C", "-e", "-q"];
  await run({ command: "kcat", args: consume, withinMs });
  const group = ["-b", bootstrap, "-G", "kcat-group", "-X", "auto.offset.reset=earliest"];
  await run({ command: "kcat", args: [...group, "-e", "-q", "captured"], withinMs });
  const query = ["-b", bootstrap, "-Q", "-t", "captured:0:-1"];
  await run({ command: "kcat", args: query, withinMs });
}

async function java(bootstrap: string): Promise<void> {
  const jars = await fetchJars();
  const tool = (name: string, args: string[], input?: string) =>
    run({
      command: "java",
      args: ["-Xmx128m", "-cp", `${jars}*`, name, "--bootstrap-server", bootstrap, ...args],
      input,
      withinMs,
    });
  const tools = "org.apache.kafka.tools";
  const topic = ["--topic", "java"];
  await tool(`${tools}.TopicCommand`, ["--create", ...topic, "--partitions", "3"]);
  await tool(`${tools}.TopicCommand`, ["--describe"]);
  await tool(`${tools}.TopicCommand`, ["--alter", ...topic, "--partitions", "4"]);
  await tool(`${tools}.ConsoleProducer`, [...topic, "--compression-codec", "zstd"], "a\nb\nc\n");
  const consumer = [...topic, "--from-beginning", "--max-messages", "3", "--group", "java-group"];
  await tool(`${tools}.consumer.ConsoleConsumer`, consumer);
  const groups = `${tools}.consumer.group.ConsumerGroupCommand`;
  await tool(groups, ["--describe", "--group", "java-group"]);
  await tool(groups, ["--list"]);
  const reset = ["--reset-offsets", "--to-earliest", "--execute", ...topic];
  await tool(groups, [...reset, "--group", "java-group"]);
  await tool(groups, ["--delete", "--group", "java-group"]);
  await tool("kafka.admin.ConfigCommand", ["--describe", "--topic", "java"]);
  await tool(`${tools}.GetOffsetShell`, topic);
  await tool(`${tools}.TopicCommand`, ["--delete", ...topic]);
}

async function kafkajs(bootstrap: string): Promise<void> {
  // A topic of its own: it lacks the codecs that kcat used.
  const topic = "kafkajs";
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  await producer.send({ topic, messages: [{ key: "k", value: "v" }] });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: "kafkajs-group" });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  await consumer.run({ eachMessage: () => Promise.resolve(resolve()) });
  await promise;
  await consumer.disconnect();
  const admin = kafka.admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic);
  await admin.fetchOffsets({ groupId: "kafkajs-group" });
  await admin.listGroups();
  await admin.deleteTopicRecords({
    topic,
    partitions: [{ partition: 0, offset: "1" }],
  });
  await admin.disconnect();
}

function kindOf(frame: Uint8Array): string {
  const { apiKey, apiVersion, clientId } = decodeRequestHeader(frame);
  return `${apiKey} ${apiVersion} ${clientId?.replaceAll(/[0-9]+/g, "")}`;
}

await using proxy = new RecordingProxy();
await using broker = await BrokerProcess.start({
  settings: { "advertised.listeners": `PLAINTEXT://127.0.0.1:${proxy.port}` },
});
proxy.passTo(broker.port);
const bootstrap = `127.0.0.1:${proxy.port}`;
await kcat(bootstrap);
await kafkajs(bootstrap);
await java(bootstrap);

const kept = new Map<string, Uint8Array[]>();
for (const frame of proxy.frames) {
  if (frame.length > frameBytesMax) continue;
  const frames = kept.get(kindOf(frame)) ?? [];
  if (frames.length < framesOfKindMax) kept.set(kindOf(frame), [...frames, frame]);
}
const frames = [...kept.values()].flat();
const bytes = await writeCorpus(frames);
const read = await readCorpus();
console.log(
  `${read.length} frames of ${kept.size} kinds kept, of ${proxy.frames.length}: ${bytes} bytes`,
);
Deno.exit(0);
