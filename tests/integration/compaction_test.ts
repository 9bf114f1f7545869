// A compacted topic as its users see it: the last value of each key, at its offset, before and
// after the broker is killed; and the groups' offsets, which are kept in such a topic.

import { assert, assertEquals } from "@std/assert";
import { ErrorCode, ListOffsets, OffsetCommit, OffsetFetch } from "../../src/protocol/mod.ts";
import { batchPositions, readAllRecords, readBatchHeader } from "../../src/records/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered } from "../harness/deadline.ts";
import { keyedBatch, tableOf, textOf } from "../harness/keyed_records.ts";
import { RawClient } from "../harness/raw_client.ts";
import { fetchFrom, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { freshName } from "../harness/shared_broker.ts";

const withinMs = 30_000;
const settings = {
  "log.cleaner.backoff.ms": "50",
  "log.cleaner.min.cleanable.ratio": "0.01",
  "offsets.topic.num.partitions": "1",
  "offsets.topic.segment.bytes": "2000",
};

/** Everything that a consumer of the topic gets, as "offset:text". */
async function consume(client: RawClient, topic: string): Promise<string[]> {
  const texts: string[] = [];
  for (let offset = 0;;) {
    const answer = await fetchFrom(client, { topic, offset });
    assertEquals(answer.errorCode, ErrorCode.NONE);
    const bytes = answer.records!;
    if (bytes.length === 0) return texts;
    for (const record of readAllRecords(bytes)) {
      if (record.offset >= offset) texts.push(`${record.offset}:${textOf(record)}`);
    }
    const last = batchPositions(bytes).at(-1)!;
    offset = readBatchHeader(bytes, last).lastOffset + 1;
  }
}

async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".log")) bytes += (await Deno.stat(`${folder}/${name}`)).size;
  }
  return bytes;
}

Deno.test("a compacted topic keeps each key's last value, through a kill too", async () => {
  await using broker = await BrokerProcess.start({ settings });
  let client = await RawClient.connect(broker);
  const configs = { "cleanup.policy": "compact", "internal.segment.bytes": "3000" };
  const { name: topic } = await makeTopic(client, { configs });
  const written: string[] = [];
  for (let i = 0; i < 400; i++) {
    const key = `customer-${i % 20}`;
    const text = i > 300 && i % 20 === 7 ? key : `${key}=${i}`;
    written.push(text);
    const { errorCode } = await produceTo(client, { topic, records: keyedBatch([text]), acks: 1 });
    assertEquals(errorCode, ErrorCode.NONE);
  }
  const isCompacted = async () => {
    const seen = await consume(client, topic);
    assert(seen.length < 100, `${seen.length} records are there`);
    return seen;
  };
  const assertTable = (seen: readonly string[]) => {
    for (const text of seen) {
      const offset = Number(text.slice(0, text.indexOf(":")));
      assertEquals(text, `${offset}:${written[offset]}`);
    }
    assertEquals(tableOf(seen.map((text) => text.slice(text.indexOf(":") + 1))), tableOf(written));
  };
  assertTable(await untilAnswered(isCompacted, withinMs));
  client[Symbol.dispose]();
  await broker.kill();
  await broker.restart();
  client = await RawClient.connect(broker);
  assertTable(await consume(client, topic));
  const { topics } = await client.ask(ListOffsets, 5, {
    replicaId: -1,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  assertEquals(topics[0].partitions[0].offset, written.length);
  client[Symbol.dispose]();
});

Deno.test("committed offsets are compacted, and the last ones are there after a kill", async () => {
  await using broker = await BrokerProcess.start({ settings });
  let client = await RawClient.connect(broker);
  const { name } = await makeTopic(client);
  const groupId = freshName("group");
  await client.findCoordinator(groupId);
  const commits = 500;
  for (let offset = 1; offset <= commits; offset++) {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: "" }];
    const answer = await client.ask(OffsetCommit, 8, {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      topics: [{ name, partitions }],
    });
    assertEquals(answer.topics[0].partitions[0].errorCode, ErrorCode.NONE);
  }
  await untilAnswered(async () => {
    await client.assertServed();
    const bytes = await bytesOf(`${broker.dataDir}/__consumer_offsets-0`);
    assert(bytes < 10_000, `${bytes} bytes`);
  }, withinMs);
  client[Symbol.dispose]();
  await broker.kill();
  await broker.restart();
  client = await RawClient.connect(broker);
  const topics = [{ name, partitionIndexes: [0] }];
  const answer = await client.ask(OffsetFetch, 5, { groupId, topics });
  assertEquals(answer.topics[0].partitions[0].committedOffset, commits);
  client[Symbol.dispose]();
});
