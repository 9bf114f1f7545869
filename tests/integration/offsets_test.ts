// Positions in a partition: ListOffsets for times and for the special timestamps, and
// DeleteRecords, which moves the start.

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { DeleteRecords, ErrorCode, ListOffsets, type ResponseOf } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo, recordsOf } from "../harness/raw_requests.ts";
import { sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();

type Answer = ResponseOf<typeof ListOffsets>["topics"][number]["partitions"][number];

async function list(
  client: RawClient,
  topic: string,
  o: { version: number; timestamp: number; partition?: number; isolationLevel?: number },
): Promise<Answer> {
  const { topics } = await client.ask(ListOffsets, o.version, {
    replicaId: -1,
    ...(o.isolationLevel === undefined ? {} : { isolationLevel: o.isolationLevel }),
    topics: [{
      name: topic,
      partitions: [{ partitionIndex: o.partition ?? 0, timestamp: o.timestamp }],
    }],
  });
  assertEquals([topics[0].name, topics[0].partitions.length], [topic, 1]);
  return topics[0].partitions[0];
}

const hourMs = 3_600_000;

/** Records at now + the hours, one batch for each list. */
async function stamped(client: RawClient, batches: readonly (readonly number[])[]) {
  const { name } = await makeTopic(client, {
    configs: { "message.timestamp.after.max.ms": String(100 * hourMs) },
  });
  const now = Date.now();
  for (const hours of batches) {
    const records = buildBatch({
      records: hours.map((each) => ({
        key: null,
        value: utf8(`${each} h`),
        headers: [],
        timestamp: now + each * hourMs,
      })),
    });
    assertEquals((await produceTo(client, { topic: name, records })).errorCode, ErrorCode.NONE);
  }
  return { topic: name, at: (hours: number) => now + hours * hourMs };
}

Deno.test("latest and earliest are answered in every version, in the shape of each", async () => {
  using client = await shared.connect();
  const { topic } = await stamped(client, [[0, 1], [2]]);
  for (let version = 0; version <= 11; version++) {
    for (const [timestamp, offset] of [[-1, 3], [-2, 0]]) {
      const answer = await list(client, topic, { version, timestamp });
      assertEquals(answer.errorCode, ErrorCode.NONE);
      if (version === 0) assertEquals(answer.oldStyleOffsets, [offset]);
      else assertEquals([answer.offset, answer.timestamp], [offset, -1]);
      if (version >= 4) assert(answer.leaderEpoch >= 0);
    }
  }
});

Deno.test("a time gives the first record at or after it, inside of batches too", async () => {
  using client = await shared.connect();
  const { topic, at } = await stamped(client, [[0, 1, 2], [5, 6], [9]]);
  for (
    const [hours, offset, found] of [
      [-50, 0, 0],
      [0, 0, 0],
      [0.5, 1, 1],
      [2, 2, 2],
      [3, 3, 5],
      [6, 4, 6],
      [7, 5, 9],
      [9, 5, 9],
    ]
  ) {
    for (const version of [1, 5, 11]) {
      const answer = await list(client, topic, { version, timestamp: at(hours) });
      assertEquals([answer.offset, answer.timestamp], [offset, at(found)], `${hours} h`);
    }
  }
  const none = await list(client, topic, { version: 5, timestamp: at(10) });
  assertEquals([none.errorCode, none.offset, none.timestamp], [ErrorCode.NONE, -1, -1]);
});

Deno.test("the record with the largest timestamp is found wherever it is", async () => {
  using client = await shared.connect();
  const { topic, at } = await stamped(client, [[0, 8, 2], [5, 6]]);
  const answer = await list(client, topic, { version: 7, timestamp: -3 });
  assertEquals([answer.offset, answer.timestamp], [1, at(8)]);
  const { name: empty } = await makeTopic(client);
  const none = await list(client, empty, { version: 7, timestamp: -3 });
  assertEquals([none.errorCode, none.offset, none.timestamp], [ErrorCode.NONE, -1, -1]);
});

Deno.test("each special timestamp is known from its version on, and refused before", async () => {
  using client = await shared.connect();
  const { topic } = await stamped(client, [[0], [1]]);
  const specials = [
    { timestamp: -3, since: 7, offset: 1 },
    { timestamp: -4, since: 8, offset: 0 },
    { timestamp: -5, since: 9, offset: -1 },
    { timestamp: -6, since: 11, offset: -1 },
  ];
  for (const { timestamp, since, offset } of specials) {
    const known = await list(client, topic, { version: since, timestamp });
    assertEquals([known.errorCode, known.offset], [ErrorCode.NONE, offset], `${timestamp}`);
    const early = await list(client, topic, { version: since - 1, timestamp });
    assertEquals(early.errorCode, ErrorCode.UNSUPPORTED_VERSION, `${timestamp}`);
  }
});

Deno.test("read_committed gets the last stable offset for latest", async () => {
  using client = await shared.connect();
  const { topic } = await stamped(client, [[0], [1]]);
  const answer = await list(client, topic, { version: 2, timestamp: -1, isolationLevel: 1 });
  assertEquals(answer.offset, 2);
});

Deno.test("a partition that does not exist fails by itself, with its index", async () => {
  using client = await shared.connect();
  const { topic } = await stamped(client, [[0]]);
  const { topics: [{ partitions }] } = await client.ask(ListOffsets, 5, {
    replicaId: -1,
    topics: [{
      name: topic,
      partitions: [{ partitionIndex: 44, timestamp: -1 }, { partitionIndex: 0, timestamp: -1 }],
    }],
  });
  assertEquals(
    partitions.map(({ partitionIndex, errorCode, offset }) => [partitionIndex, errorCode, offset]),
    [[44, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1], [0, ErrorCode.NONE, 1]],
  );
});

async function deleteBefore(client: RawClient, topic: string, offset: number, partition = 0) {
  const { topics } = await client.ask(DeleteRecords, 2, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
    timeoutMs: 1000,
  });
  const [{ partitionIndex, errorCode, lowWatermark }] = topics[0].partitions;
  assertEquals([topics[0].name, partitionIndex], [topic, partition]);
  return [errorCode, lowWatermark];
}

Deno.test("DeleteRecords moves the start, and everybody sees it", async () => {
  using client = await shared.connect();
  const { topic, at } = await stamped(client, [[0], [1], [2], [3]]);
  assertEquals(await deleteBefore(client, topic, 2), [ErrorCode.NONE, 2]);
  assertEquals((await list(client, topic, { version: 5, timestamp: -2 })).offset, 2);
  assertEquals((await list(client, topic, { version: 5, timestamp: at(0) })).offset, 2);
  const { errorCode } = await fetchFrom(client, { topic, offset: 1 });
  assertEquals(errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
  const produced = await produceTo(client, { topic, records: batchOf(["e"]) });
  assertEquals([produced.baseOffset, produced.logStartOffset], [4, 2]);
  assertEquals(await deleteBefore(client, topic, 1), [ErrorCode.NONE, 2], "it never moves back");
  assertEquals(await deleteBefore(client, topic, -1), [ErrorCode.NONE, 5], "-1 is all of it");
  assertEquals(recordsOf(await fetchFrom(client, { topic, offset: 5 })), []);
});

Deno.test("DeleteRecords refuses what lies beyond the end, and what is not there", async () => {
  using client = await shared.connect();
  const { topic } = await stamped(client, [[0]]);
  assertEquals(await deleteBefore(client, topic, 2), [ErrorCode.OFFSET_OUT_OF_RANGE, -1]);
  assertEquals(await deleteBefore(client, topic, -2), [ErrorCode.OFFSET_OUT_OF_RANGE, -1]);
  assertEquals(
    await deleteBefore(client, topic, 0, 3),
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1],
  );
  const compacted = await makeTopic(client, { configs: { "cleanup.policy": "compact" } });
  assertEquals(await deleteBefore(client, compacted.name, 0), [ErrorCode.POLICY_VIOLATION, -1]);
});

Deno.test("a start that has moved stays moved after a kill -9", async () => {
  await using broker = await BrokerProcess.start();
  let topic: string;
  {
    using client = await RawClient.connect(broker);
    ({ topic } = await stamped(client, [[0], [1], [2]]));
    assertEquals(await deleteBefore(client, topic, 2), [ErrorCode.NONE, 2]);
  }
  await broker.kill();
  await broker.restart();
  using client = await RawClient.connect(broker);
  assertEquals((await list(client, topic, { version: 5, timestamp: -2 })).offset, 2);
  assertEquals((await list(client, topic, { version: 5, timestamp: -1 })).offset, 3);
});
