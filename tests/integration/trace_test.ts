// `--trace` for learners: a capture of real clients (librdkafka, Java, kafkajs) is replayed, and
// every request and answer comes out as one line that names what happens.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { AlterConfigs } from "../../src/protocol/apis/33_alter_configs.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  AlterUserScramCredentials,
} from "../../src/protocol/apis/51_alter_user_scram_credentials.ts";
import {
  apiName,
  CreateTopics,
  decodeRequestHeader,
  DescribeConfigs,
  encodeRequest,
  JoinGroup,
  Metadata,
  Produce,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { readCorpus } from "../fuzz/corpus.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, produceTo } from "../harness/raw_requests.ts";
import { buildBatch } from "../../src/records/mod.ts";

const line = /^[\d:.]{12} [\d.]+:\d+ \S+ #\d+ ([<>]) (\w+) v(\d+)/;

/** Requests whose answer waits for other members, for minutes maybe, and one that has none. */
const unanswered: ReadonlySet<number> = new Set([Produce.key, JoinGroup.key, SyncGroup.key]);

/**
 * Sends `frame` on a connection of its own and waits for the answer or the end; of requests that
 * may get none, for their line.
 */
async function replay(broker: BrokerProcess, frame: Uint8Array): Promise<void> {
  using client = await RawClient.connect(broker);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setInt32(0, frame.length);
  await client.send(concatBytes([size, frame]));
  const { name } = client;
  if (!unanswered.has(decodeRequestHeader(frame).apiKey)) await client.receive();
  else await broker.said((each) => each.includes(` ${name} `) && each.match(line)?.[1] === ">");
}

Deno.test("a capture of real clients reads as lines that a learner can follow", async () => {
  const requests: string[] = [];
  await using broker = await BrokerProcess.start({
    flags: ["--trace"],
    settings: { "num.partitions": "3" },
    onLine: (text) => {
      if (line.test(text)) requests.push(text);
    },
  });
  {
    using client = await RawClient.connect(broker);
    const topics = [{ name: "captured" }, { name: "kafkajs" }, { name: "java" }];
    await client.ask(Metadata, 9, { topics, allowAutoTopicCreation: true });
  }
  const frames = await readCorpus();
  for (const frame of frames) await replay(broker, frame);
  const expected = new Set(frames.map((frame) => {
    const { apiKey, apiVersion } = decodeRequestHeader(frame);
    return `${apiName(apiKey)} v${apiVersion}`;
  }));
  for (const name of expected) {
    const matches = (each: string) => each.match(line)?.slice(2).join(" v") === name;
    if (!requests.some(matches)) await broker.said(matches);
  }
  const of = (text: RegExp) => requests.find((each) => text.test(each)) ?? "";
  assertMatch(of(/> Produce/), /name=captured .*records=<\d+ records? in 1 batch from offset 0/);
  assertMatch(of(/> Produce/), / in 1 batch from offset 0 \(\w+\), \d+ bytes: \{(key=\S+ )?value=/);
  assertMatch(of(/> JoinGroup v\d .*metadata/), /groupId=\S+ .*metadata=<subscribes to \w+>/);
  assertMatch(of(/> SyncGroup .*assignment=<\w/), /assignment=<captured [\d+]+>/);
  assertMatch(of(/> CreateTopics/), /topics=\[\{name=java numPartitions=3/);
  assertMatch(of(/< CreateTopics/), /errorCode=TOPIC_ALREADY_EXISTS/);
  assertMatch(of(/< ApiVersions/), /apiKeys=\[\{apiKey=Produce minVersion=0/);
  assertMatch(of(/< Metadata/), /brokers=\[\{nodeId=1 host=127.0.0.1 port=\d+\}\]/);
  assertMatch(of(/< Heartbeat/), /errorCode=UNKNOWN_MEMBER_ID/);
  for (const each of requests) {
    assert(each.length < 2_000, each);
    assertEquals(each.includes("\n"), false);
  }
});

Deno.test("nobody forges a line of a trace, or reads a secret in it", async () => {
  const lines: string[] = [];
  await using broker = await BrokerProcess.start({
    flags: ["--trace", "--log-level", "debug"],
    onLine: (text) => lines.push(text),
  });
  const rude = "fox\n127.0.0.1:1 root #1 > Forged v0 request\x1b[2J\x9b31m\u202e\u2028";
  {
    using client = await RawClient.connect(broker);
    const origin = { correlationId: 7, clientId: rude };
    const topics = [{ name: rude }];
    await client.send(concatBytes(encodeRequest(Metadata, 9, origin, { topics })));
    await client.receive();
  }
  {
    using client = await RawClient.connect(broker);
    const secret = "hunter2";
    const configs = ["ssl.keystore.password", "my.own.token"].map((name) => ({
      name,
      value: secret,
      configOperation: 0,
    }));
    const resources = [{ resourceType: 4, resourceName: "1", configs }];
    await client.ask(AlterConfigs, 1, { resources, validateOnly: true });
    await client.ask(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    await client.ask(CreateTopics, 5, {
      topics: [{
        name: "t",
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [...configs, { name: "retention.ms", value: "123456" }],
      }],
      validateOnly: false,
    });
    await client.ask(DescribeConfigs, 4, {
      resources: [{ resourceType: 4, resourceName: "1", configurationKeys: null }],
      includeSynonyms: true,
      includeDocumentation: false,
    });
    const bytes = new TextEncoder().encode(secret);
    const upsertion = { name: "u", mechanism: 1, iterations: 4096, salt: bytes };
    await client.ask(AlterUserScramCredentials, 0, {
      deletions: [],
      upsertions: [{ ...upsertion, saltedPassword: bytes }],
    });
  }
  await broker.said((each) => each.includes("< AlterUserScramCredentials"));
  const output = lines.join("\n");
  assert(!/[^\P{C}\n]|[\u2028\u2029]/u.test(output), JSON.stringify(output));
  assertEquals(lines.filter((each) => /^\S+ \S+ root/.test(each)), []);
  assertEquals(lines.filter((each) => each.includes("hunter2")), []);
  assert(lines.some((each) => /name=ssl.keystore.password .*value=\(hidden\)/.test(each)), output);
  assert(lines.some((each) => each.includes("name=retention.ms value=123456")), output);
});

/** The lines of a trace about what `scenario` does, without their times and ports. */
async function traced(
  args: readonly string[],
  scenario: (client: RawClient) => Promise<void>,
): Promise<string[]> {
  const lines: string[] = [];
  const broker = await BrokerProcess.start({
    flags: args,
    settings: { "num.partitions": "1" },
    onLine: (text) => lines.push(text),
  });
  try {
    {
      using client = await RawClient.connect(broker);
      await scenario(client);
    }
    await broker.stop();
  } finally {
    await broker.close();
  }
  return lines.filter((each) => /^[\d:.]{12} /.test(each))
    .map((each) => each.replace(/^[\d:.]{12} [\d.]+:\d+ /, ""));
}

async function created(client: RawClient, name: string): Promise<string> {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.ask(CreateTopics, 5, { topics: [topic], validateOnly: false });
  return name;
}

Deno.test("a trace tells who comes and goes, and what is in the records", async () => {
  const lines = await traced(["--trace"], async (client) => {
    const topic = await created(client, "orders");
    const records = buildBatch({
      records: [
        { key: utf8("7"), value: utf8("paid"), headers: [{ key: "from", value: utf8("shop") }] },
        { key: null, value: null },
        { key: null, value: new Uint8Array([0xff, 0]) },
        { key: null, value: utf8("x".repeat(1_000)) },
      ],
    });
    await produceTo(client, { topic, records });
    await fetchFrom(client, { topic });
  });
  assertEquals(lines[0], "+ connected to PLAINTEXT");
  const contents = "{key=7 value=paid headers=[from=shop]}, {value=null}, {value=<2 bytes>}>";
  assertStringIncludes(lines.find((each) => each.includes("> Produce"))!, "acks=all");
  assertStringIncludes(lines.find((each) => each.includes("> Produce"))!, `bytes: ${contents}`);
  assertStringIncludes(lines.find((each) => each.includes("< Fetch"))!, `bytes: ${contents}`);
  assertMatch(lines.at(-1)!, /^raw-client - disconnected after \d+\.\d s and \d+ requests$/);
});

Deno.test("a trace is about some APIs, clients or topics, where that is asked", async () => {
  const scenario = async (client: RawClient) => {
    for (const name of ["orders-a", "bills"]) {
      await created(client, name);
      await produceTo(client, { topic: name, records: batchOf(["paid"]) });
    }
  };
  const callsOf = (lines: readonly string[]) =>
    lines.map((each) => /([<>]) (\w+) v\d.*?name=(orders-a|bills)/.exec(each)?.slice(1).join(" "));
  const only = (...words: string[]) => words.flatMap((word) => ["--trace-only", word]);
  assertEquals(callsOf(await traced(only("api=produce", "topic=orders-*"), scenario)), [
    "> Produce orders-a",
    "< Produce orders-a",
  ]);
  assertEquals(callsOf(await traced(only("api=Create*", "client=raw-*"), scenario)), [
    "> CreateTopics orders-a",
    "< CreateTopics orders-a",
    "> CreateTopics bills",
    "< CreateTopics bills",
  ]);
  assertEquals(await traced(only("client=somebody"), scenario), []);
});

Deno.test("what no trace can be about is refused", async () => {
  const refused = async (word: string) => {
    await using program = await OttlaProgram.run({
      target: "deno",
      args: ["--trace-only", word],
    });
    const { code, stderr } = await program.ended();
    assertEquals(code, 2);
    return stderr;
  };
  assertStringIncludes(await refused("api=Produse"), "no API Produse. Did you mean Produce?");
  assertStringIncludes(await refused("orders"), 'or topic=NAME, not "orders"');
});
