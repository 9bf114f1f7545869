// `ottla start --nodes 3`: brokers of one cluster in one process, as kafkajs sees them, and what is
// said of options that several of them cannot have.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { Client, Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { within } from "../harness/deadline.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { readAll } from "../harness/read_all.ts";
import { targetFromEnvironment, targetsHere, targetsWithNode } from "../harness/targets.ts";

const topic = "orders";
const count = 50;

for (const target of await targetsHere()) {
  Deno.test(`three brokers of one process are a cluster to kafkajs [${target}]`, async () => {
    const args = ["--nodes", "3", "--ephemeral", "--port", "0", "--set", "num.partitions=6"];
    await using program = await OttlaProgram.run({ target, args });
    const brokers = await program.allReady(3);
    const kafka = new Kafka({
      brokers: brokers.map(({ host, port }) => `${host}:${port}`),
      logLevel: logLevel.NOTHING,
    });
    const admin = kafka.admin();
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const consumer = kafka.consumer({ groupId: "readers" });
    try {
      await admin.connect();
      const { brokers: told } = await admin.describeCluster();
      const addresses = told.sort((a, b) => a.nodeId - b.nodeId)
        .map(({ host, port }) => ({ host, port }));
      assertEquals(addresses, brokers);
      await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
      const { topics: [created] } = await admin.fetchTopicMetadata({ topics: [topic] });
      assertEquals(created?.partitions.map(({ replicas }) => replicas.length), Array(6).fill(3));
      const leaders = new Set(created?.partitions.map(({ leader }) => leader));
      assertEquals([...leaders].sort(), [1, 2, 3]);

      await producer.connect();
      const messages = Array.from({ length: count }, (_, i) => ({ key: `${i}`, value: `${i}` }));
      await producer.send({ topic, acks: -1, messages });
      const read = new Set<string>();
      const all = Promise.withResolvers<void>();
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        eachMessage: ({ message }) => {
          read.add(String(message.value));
          if (read.size === count) all.resolve();
          return Promise.resolve();
        },
      });
      await within(all.promise, { ms: 60_000, what: () => `${count} records, not ${read.size}` });
    } finally {
      await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()]);
    }
    const { code } = await program.stop();
    assertEquals(code, 0);
  });
}

for (const target of await targetsWithNode()) {
  Deno.test(`three brokers keep all of it in a folder, through a kill [${target}]`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "three-brokers-" });
    const dataDir = `${folder}/kept`;
    const args = ["--nodes", "3", "--data-dir", dataDir, "--port", "0"];
    const small = ["--set", "offsets.topic.num.partitions=3"];
    const values: string[] = [];
    /** Sends some more, and reads all with a group, which has read what was there before. */
    const use = async (bootstrap: string) => {
      const client = await Client.connect(denoRuntime(), { bootstrap });
      const known = values.length;
      if (known === 0) await createTopic(client, { name: topic, partitions: 3 });
      const producer = new Producer(client, {});
      for (let i = 0; i < count; i++) {
        const value = `${values.length}`;
        await producer.send({ topic, partition: i % 3, value });
        values.push(value);
      }
      await producer.close();
      const read = await readAll(client, { topic, partitions: 3, count: values.length });
      assertEquals(read.sort(), [...values].sort());
      const group = new Consumer(client, { groupId: "readers", autoOffsetReset: "earliest" });
      group.subscribe([topic]);
      let fresh = 0;
      while (fresh < count) fresh += (await group.poll()).length;
      assertEquals(fresh, count, "the group goes on where it was");
      await group.commit();
      await group.close();
      client.close();
    };
    try {
      for (const end of ["kill", "stop", "kill"] as const) {
        await using program = await OttlaProgram.run({ target, args: [...args, ...small] });
        const brokers = await program.allReady(3);
        await use(brokers.map(({ host, port }) => `${host}:${port}`).join(","));
        if (end === "stop") assertEquals((await program.stop()).code, 0);
      }
      const refusals = [
        [["--nodes", "2", "--data-dir", dataDir], "is of 3 brokers, not of 2"],
        [["--data-dir", dataDir], "start them with --nodes 3"],
        [["--data-dir", `${dataDir}/1`], "start it with --nodes and the folder above it"],
        [["--data-dir", `${dataDir}/metadata`], "start it with --nodes and the folder above it"],
        [["--nodes", "3", "--data-dir", `${dataDir}/1`], "is of one broker of a cluster"],
      ] as const;
      for (const [options, said] of refusals) {
        await using program = await OttlaProgram.run({ target, args: [...options, "--port", "0"] });
        const { code, stderr } = await program.ended();
        assertEquals(code, 1);
        assertStringIncludes(stderr, said);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("what several brokers of one process cannot have is said before they start", async () => {
  const refusals = [
    [["--nodes", "0", "--ephemeral"], "--nodes takes 1 to"],
    [["--nodes", "2", "--ephemeral", "--node-id", "7"], "node.id would be the same"],
    [
      ["--nodes", "2", "--ephemeral", "--metrics-port", "0"],
      "ottla.metrics.port would be the same",
    ],
    [["--nodes", "2", "--ephemeral", "--host", "0.0.0.0"], "cannot send clients to 0.0.0.0"],
    [["--nodes", "2", "--ephemeral", "--port", "65535"], "no 2 ports from 65535"],
    [["--nodes", "2", "--ephemeral", "--data-dir", "/nowhere"], "--data-dir has no use"],
  ] as const;
  for (const [args, said] of refusals) {
    await using program = await OttlaProgram.run({ target: targetFromEnvironment(), args });
    const { code, stderr } = await program.ended();
    assertEquals(code, 1);
    assertStringIncludes(stderr, said);
  }
});
