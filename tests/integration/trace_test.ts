// `--trace` for learners: a capture of real clients (librdkafka, Java, kafkajs) is replayed, and
// every request and answer comes out as one line that names what happens.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
import { apiName, decodeRequestHeader, Metadata } from "../../src/protocol/mod.ts";
import { readCorpus } from "../fuzz/corpus.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient } from "../harness/raw_client.ts";

const line = /^[\d.]+:\d+ \S+ #\d+ ([<>]) (\w+) v(\d+)/;

/** Sends `frame` on a connection of its own and waits for the answer or the end. */
async function replay(broker: BrokerProcess, frame: Uint8Array): Promise<void> {
  using client = await RawClient.connect(broker);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setInt32(0, frame.length);
  await client.send(concatBytes([size, frame]));
  const answer = client.receive().catch(() => null);
  // A JoinGroup may wait for its rebalance: the request's line is what matters then.
  await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 700))]);
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
  const seen = () => new Set(requests.map((each) => each.match(line)!.slice(2).join(" v")));
  await within(
    (async () => {
      while (![...expected].every((each) => seen().has(each))) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })(),
    { ms: 10_000, what: () => `lines about ${[...expected].filter((each) => !seen().has(each))}` },
  );
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
