// Kafka Connect in distributed mode, and MirrorMaker 2 as connectors in it: lines of a file become
// records, each once though the broker is killed, and lines of a file again; a topic of another
// broker is mirrored, with what a group has committed there.

import { assertEquals } from "@std/assert";
import { type Cluster, connect } from "../../client.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { ConnectWorker } from "./java/connect_worker.ts";
import { reasonToSkip } from "./java/installed.ts";

const lines = 500;
const mirrored = 300;

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka Connect: ${skipped}`);

/** The values of `topic` that a reader of committed records finds, once it has found `count`. */
async function valuesOf(cluster: Cluster, topic: string, count: number): Promise<string[]> {
  await using consumer = cluster.consumer({ autoOffsetReset: "earliest", readCommitted: true });
  consumer.assign([{ topic, partition: 0 }]);
  const values: string[] = [];
  while (values.length < count) {
    for (const { value } of await consumer.poll()) {
      values.push(new TextDecoder().decode(value ?? undefined));
    }
  }
  return values;
}

const numbered = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `line ${from + i}`);

/** Another broker, with a topic and a group that has read all of it. */
async function fill(bootstrap: string): Promise<void> {
  await using cluster = await connect({ bootstrap });
  await cluster.admin.createTopic({ name: "orders", partitions: 1 });
  await using producer = cluster.producer();
  await Promise.all(
    Array.from({ length: mirrored }, (_, i) => producer.send({ topic: "orders", value: `${i}` })),
  );
  const offsets = [{ topic: "orders", partition: 0, offset: mirrored }];
  await cluster.admin.commitOffsets("billing", { offsets });
}

const file = "org.apache.kafka.connect.file.FileStream";
const mirror = "org.apache.kafka.connect.mirror.Mirror";
const bytes = "org.apache.kafka.connect.converters.ByteArrayConverter";

/** What the connectors of MirrorMaker 2 have in common. */
const mirroring = (there: BrokerProcess, here: BrokerProcess) => ({
  "tasks.max": "1",
  "key.converter": bytes,
  "value.converter": bytes,
  "source.cluster.alias": "there",
  "target.cluster.alias": "here",
  "source.cluster.bootstrap.servers": there.bootstrap,
  "target.cluster.bootstrap.servers": here.bootstrap,
});

Deno.test({
  name: "Kafka Connect copies a file once though the broker is killed, and mirrors another broker",
  ignore: skipped !== undefined || targetFromEnvironment() === "kafka",
  fn: async () => {
    await using there = await BrokerProcess.start();
    await using here = await BrokerProcess.start();
    await fill(there.bootstrap);
    await using worker = await ConnectWorker.start(here);
    await using cluster = await connect({ bootstrap: here.bootstrap });
    for (const name of ["lines", "there.orders"]) {
      await cluster.admin.createTopic({ name, partitions: 1 });
    }
    const [input, output] = [`${worker.folder}/input`, `${worker.folder}/output`];
    const write = (text: readonly string[]) =>
      Deno.writeTextFile(input, text.map((line) => `${line}\n`).join(""), { append: true });
    const what = () => `records\n${worker.output}\n${here.output}`;
    const found = (topic: string, count: number) =>
      within(valuesOf(cluster, topic, count), { ms: 600_000, what });

    await write(numbered(0, lines));
    await worker.put("source", {
      "connector.class": `${file}SourceConnector`,
      "exactly.once.support": "required",
      "file": input,
      "topic": "lines",
    });
    await worker.put("sink", {
      "connector.class": `${file}SinkConnector`,
      "file": output,
      "topics": "lines",
      "consumer.override.isolation.level": "read_committed",
    });
    assertEquals(await found("lines", lines), numbered(0, lines));

    await write(numbered(lines, lines / 2));
    await here.kill();
    await write(numbered(lines * 1.5, lines / 2));
    await here.restart();
    // One more, so that whatever came twice has come before it.
    assertEquals(await found("lines", lines * 2), numbered(0, lines * 2));
    await write(numbered(lines * 2, 1));
    assertEquals(await found("lines", lines * 2 + 1), numbered(0, lines * 2 + 1));

    // A sink may write a line again after the kill, and none is missing.
    const sunk = async () => new Set((await Deno.readTextFile(output)).trimEnd().split("\n"));
    while ((await sunk()).size < lines * 2 + 1) await worker.states("sink");
    assertEquals((await sunk()).size, lines * 2 + 1);

    await worker.put("mirror", {
      ...mirroring(there, here),
      "connector.class": `${mirror}SourceConnector`,
      "topics": "orders",
      "replication.factor": "1",
      "offset-syncs.topic.replication.factor": "1",
      "offset.lag.max": "0",
    });
    const orders = Array.from({ length: mirrored }, (_, i) => `${i}`);
    assertEquals(await found("there.orders", mirrored), orders);
    await worker.put("checkpoints", {
      ...mirroring(there, here),
      "connector.class": `${mirror}CheckpointConnector`,
      "groups": "billing",
      "checkpoints.topic.replication.factor": "1",
      "emit.checkpoints.interval.seconds": "1",
      "sync.group.offsets.enabled": "true",
      "sync.group.offsets.interval.seconds": "1",
    });
    const committed = async () => {
      const offsets = await cluster.admin.committedOffsets("billing", { partitions: null });
      return offsets.find(({ topic }) => topic === "there.orders")?.offset;
    };
    while (await committed() !== mirrored) await worker.states("checkpoints");
  },
});
