// `--trace` for learners: a capture of real clients (librdkafka, Java, kafkajs) is replayed, and
// every request and answer comes out as one line that names what happens.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
import {
  apiName,
  decodeRequestHeader,
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
