// Numbers past 2^53 that clients choose: each API answers what Kafka answers, and what is stored
// comes back exactly. OTTLA_TARGET=kafka asks a real Kafka the same.

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { type Int64, INT64_MAX, INT64_MIN } from "../../src/base/int64.ts";
import {
  DeleteRecords,
  ErrorCode,
  ListOffsets,
  OffsetCommit,
  OffsetFetch,
} from "../../src/protocol/mod.ts";
import { DescribeProducers } from "../../src/protocol/apis/61_describe_producers.ts";
import { buildBatch, readBatchHeader, readRecords } from "../../src/records/mod.ts";
import { untilAnswered } from "../harness/deadline.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();
const { NONE, INVALID_TIMESTAMP, OFFSET_OUT_OF_RANGE, UNSUPPORTED_VERSION } = ErrorCode;

/** How far two clocks of one machine may differ. */
const second = 1_000;
/** Nanoseconds since the epoch, as some clients stamp their records. */
const nanoseconds = BigInt(Date.now()) * 1_000_000n + 123n;
const large: readonly Int64[] = [2n ** 53n, 2n ** 53n + 1n, 2n ** 60n, nanoseconds, INT64_MAX];
const anyTime = { "message.timestamp.after.max.ms": "9223372036854775807" };

async function list(client: RawClient, topic: string, timestamp: Int64) {
  const { topics: [{ partitions: [answer] }] } = await client.ask(ListOffsets, 7, {
    replicaId: -1,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
  });
  return [answer.errorCode, answer.offset, answer.timestamp];
}

// Kafka makes topics and coordinators behind its answer's back: whoever is too early asks again.

async function readyTopic(
  client: RawClient,
  configs: Record<string, string> = {},
): Promise<string> {
  const { name } = await makeTopic(client, { configs });
  await untilAnswered(async () => assertEquals((await list(client, name, -2))[0], NONE), 60_000);
  return name;
}

function coordinated(client: RawClient, groupId: string): Promise<void> {
  return untilAnswered(async () => {
    await client.findCoordinator(groupId);
    const { groups } = await client.ask(OffsetFetch, 8, { groups: [{ groupId, topics: null }] });
    assertEquals(groups[0].errorCode, NONE);
  }, 60_000);
}

/** A batch of one record for each time. */
function stamped(timestamps: readonly Int64[]): Uint8Array {
  return buildBatch({ records: timestamps.map((timestamp) => ({ value: utf8("v"), timestamp })) });
}

Deno.test("no record is as late as the largest times: offset -1", async () => {
  using client = await shared.connect();
  const topic = await readyTopic(client);
  await produceTo(client, { topic, records: batchOf(["a", "b"]) });
  for (const timestamp of large) {
    assertEquals(await list(client, topic, timestamp), [NONE, -1, -1], `${timestamp}`);
  }
  for (const timestamp of [INT64_MIN, INT64_MIN + 1n, -(2n ** 53n)]) {
    assertEquals(await list(client, topic, timestamp), [UNSUPPORTED_VERSION, -1, -1]);
  }
});

Deno.test("an offset that no log has is out of range, and the connection stays", async () => {
  using client = await shared.connect();
  const topic = await readyTopic(client);
  await produceTo(client, { topic, records: batchOf(["a", "b"]) });
  for (const offset of [...large, INT64_MIN, -(2n ** 53n)]) {
    for (const version of [4, 11, 12]) {
      const { errorCode } = await fetchFrom(client, { topic, offset, version });
      assertEquals(errorCode, OFFSET_OUT_OF_RANGE, `${offset}`);
    }
    const { topics: [{ partitions: [deleted] }] } = await client.ask(DeleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 5000,
    });
    assertEquals([deleted.errorCode, deleted.lowWatermark], [OFFSET_OUT_OF_RANGE, -1]);
  }
  assertEquals((await fetchFrom(client, { topic })).errorCode, NONE);
});

Deno.test("whatever offset is committed is fetched again", async () => {
  using client = await shared.connect();
  const topic = await readyTopic(client);
  const groupId = freshName("group");
  await coordinated(client, groupId);
  for (const committedOffset of [...large, Number.MAX_SAFE_INTEGER]) {
    for (const version of [2, 5, 8, 9]) {
      const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: "m" }];
      const { topics } = await client.ask(OffsetCommit, version, {
        groupId,
        ...(version < 5 ? { retentionTimeMs: INT64_MAX } : {}),
        topics: [{ name: topic, partitions }],
      });
      assertEquals(topics[0].partitions[0].errorCode, NONE);
      const { groups } = await client.ask(OffsetFetch, 8, {
        groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
      });
      const { committedOffset: found, metadata } = groups[0].topics[0].partitions[0];
      assertEquals([found, metadata], [committedOffset, "m"]);
    }
  }
});

Deno.test("a time in nanoseconds is too late, unless the topic says otherwise", async () => {
  using client = await shared.connect();
  const strict = await readyTopic(client);
  for (const timestamp of large) {
    for (const batch of [stamped([timestamp]), stamped([Date.now(), timestamp])]) {
      const answer = await produceTo(client, { topic: strict, records: batch });
      assertEquals([answer.errorCode, answer.recordErrors.length], [INVALID_TIMESTAMP, 1]);
    }
  }
  assertEquals(
    (await produceTo(client, { topic: strict, records: stamped([INT64_MIN]) })).errorCode,
    INVALID_TIMESTAMP,
  );

  const topic = await readyTopic(client, anyTime);
  const times = [...large, 5, INT64_MIN];
  const answer = await produceTo(client, { topic, records: stamped(times) });
  assertEquals([answer.errorCode, answer.baseOffset], [NONE, 0]);
  const { records } = await fetchFrom(client, { topic });
  assertEquals(readRecords(records!).map(({ timestamp }) => timestamp), times);
  assertEquals(readBatchHeader(records!).maxTimestamp, INT64_MAX);
  for (const [offset, time] of large.entries()) {
    assertEquals(await list(client, topic, time), [NONE, offset, time]);
    if (time === INT64_MAX) continue;
    assertEquals(await list(client, topic, BigInt(time) + 1n), [
      NONE,
      offset + 1,
      large[offset + 1],
    ]);
  }
  assertEquals(await list(client, topic, -3), [NONE, large.length - 1, INT64_MAX]);
});

Deno.test("the broker's own time does not look at the client's", async () => {
  using client = await shared.connect();
  const topic = await readyTopic(client, { "message.timestamp.type": "LogAppendTime" });
  for (const [i, timestamp] of [...large, INT64_MIN].entries()) {
    const records = stamped([timestamp, 5, timestamp]);
    const beforeMs = Date.now();
    const answer = await produceTo(client, { topic, records });
    assertEquals([answer.errorCode, answer.baseOffset], [NONE, i * 3]);
    const atMs = Number(answer.logAppendTimeMs);
    assert(atMs >= beforeMs - second && atMs <= Date.now() + second, `${atMs}`);
    const fetched = await fetchFrom(client, { topic, offset: answer.baseOffset });
    const times = readRecords(fetched.records!).map((record) => record.timestamp);
    assertEquals(times, [0, 1, 2].map(() => answer.logAppendTimeMs));
  }
});

Deno.test("a producer id of any size is known again", async () => {
  using client = await shared.connect();
  const topic = await readyTopic(client);
  const by = { producerId: INT64_MAX - 1n, producerEpoch: 0 };
  const first = batchOf(["a"], { ...by, baseSequence: 0 });
  const sent = await produceTo(client, { topic, records: first.slice() });
  assertEquals([sent.errorCode, sent.errorMessage, sent.baseOffset], [NONE, null, 0]);
  const next = batchOf(["b"], { ...by, baseSequence: 1 });
  assertEquals((await produceTo(client, { topic, records: next })).baseOffset, 1);
  const repeated = await produceTo(client, { topic, records: first });
  assertEquals([repeated.errorCode, repeated.baseOffset], [NONE, 0]);
  const { topics: [{ partitions: [{ activeProducers }] }] } = await client.ask(
    DescribeProducers,
    0,
    {
      topics: [{ name: topic, partitionIndexes: [0] }],
    },
  );
  assertEquals(activeProducers.map(({ producerId }) => producerId), [by.producerId]);
});
