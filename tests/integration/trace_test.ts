// `--trace` for learners: a capture of real clients (librdkafka, Java, kafkajs) is replayed, and
// every request and answer comes out as one line that names what happens.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
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
import { RawClient } from "../harness/raw_client.ts";

const line = /^[\d.]+:\d+ \S+ #\d+ ([<>]) (\w+) v(\d+)/;

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
  else await broker.said((each) => each.startsWith(name) && each.match(line)?.[1] === ">");
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
  assertEquals(lines.filter((each) => /^\S+ root/.test(each)), []);
  assertEquals(lines.filter((each) => each.includes("hunter2")), []);
  assert(lines.some((each) => /name=ssl.keystore.password .*value=\(hidden\)/.test(each)), output);
  assert(lines.some((each) => each.includes("name=retention.ms value=123456")), output);
});
