// Handlers about the records of partitions: 0 Produce, 1 Fetch, 2 ListOffsets, 21 DeleteRecords,
// 23 OffsetForLeaderEpoch, 61 DescribeProducers. A bad partition leaves its neighbours alone.

import { assertEquals } from "@std/assert";
import { DescribeProducers } from "../../protocol/apis/61_describe_producers.ts";
import {
  DeleteRecords,
  ErrorCode,
  Fetch,
  ListOffsets,
  OffsetForLeaderEpoch,
  Produce,
} from "../../protocol/mod.ts";
import { batchOf, makeTopic, produceTo } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";
import { missing } from "../../base/items.ts";

const { NONE, UNKNOWN_TOPIC_OR_PARTITION, OFFSET_OUT_OF_RANGE } = ErrorCode;

Deno.test("Produce appends to the partitions that there are, and tells of the others", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    const records = batchOf(["a"]);
    const broken = records.slice();
    broken[broken.length - 1] = broken[broken.length - 1]! ^ 1;
    const partitionData = [{ index: 0, records: broken }, { index: 7, records }];
    const { responses: [answer = missing()] } = await client.ask(Produce, 9, {
      transactionalId: null,
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name, partitionData }],
    });
    const codes = answer.partitionResponses.map(({ index, errorCode }) => [index, errorCode]);
    assertEquals(codes, [[0, ErrorCode.CORRUPT_MESSAGE], [7, UNKNOWN_TOPIC_OR_PARTITION]]);
    assertEquals((await produceTo(client, { topic: name, records })).baseOffset, 0);
  }));

Deno.test("Produce knows acks of 0, 1 and all, and nothing else", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name: topic } = await makeTopic(client);
    const answer = await produceTo(client, { topic, records: batchOf(["a"]), acks: 2 });
    assertEquals(answer.errorCode, ErrorCode.INVALID_REQUIRED_ACKS);
  }));

Deno.test("Fetch reads what there is beside partitions that are not, or not that far", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name: topic } = await makeTopic(client, { partitions: 2 });
    await produceTo(client, { topic, records: batchOf(["a"]) });
    const partitions = [[0, 0], [1, 5], [9, 0]].map(([partition = 0, fetchOffset = 0]) => ({
      partition,
      fetchOffset,
      partitionMaxBytes: 1000,
    }));
    const { responses: [answer = missing()] } = await client.ask(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic, partitions }],
      forgottenTopicsData: [],
    });
    const told = answer.partitions.map(({ partitionIndex, errorCode, records }) =>
      [partitionIndex, errorCode, (records?.length ?? 0) > 0] as const
    );
    assertEquals(told, [
      [0, NONE, true],
      [1, OFFSET_OUT_OF_RANGE, false],
      [9, UNKNOWN_TOPIC_OR_PARTITION, false],
    ]);
  }));

Deno.test("ListOffsets tells of each partition, in version 0 by a list of one offset", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    await produceTo(client, { topic: name, records: batchOf(["a", "b"]) });
    const asked = (more: { maxNumOffsets?: number }) => ({
      replicaId: -1,
      topics: [{
        name,
        partitions: [0, 4].map((partitionIndex) => ({ partitionIndex, timestamp: -1, ...more })),
      }],
    });
    const old = await client.ask(ListOffsets, 0, asked({ maxNumOffsets: 2 }));
    assertEquals(
      old.topics[0]!.partitions.map((each) => [each.errorCode, each.oldStyleOffsets]),
      [[NONE, [2]], [UNKNOWN_TOPIC_OR_PARTITION, []]],
    );
    const ends = await client.ask(ListOffsets, 1, asked({}));
    assertEquals(
      ends.topics[0]!.partitions.map((each) => [each.errorCode, each.offset]),
      [[NONE, 2], [UNKNOWN_TOPIC_OR_PARTITION, -1]],
    );
  }));

Deno.test("DeleteRecords moves the log's start, to the end for -1, and never past it", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    await produceTo(client, { topic: name, records: batchOf(["a", "b", "c"]) });
    const remove = async (offset: number) => {
      const partitions = [{ partitionIndex: 0, offset }, { partitionIndex: 3, offset }];
      const asked = { topics: [{ name, partitions }], timeoutMs: 1000 };
      const { topics } = await client.ask(DeleteRecords, 2, asked);
      return topics[0]!.partitions.map(({ errorCode, lowWatermark }) => [errorCode, lowWatermark]);
    };
    const missing = [UNKNOWN_TOPIC_OR_PARTITION, -1];
    assertEquals(await remove(1), [[NONE, 1], missing]);
    assertEquals(await remove(9), [[OFFSET_OUT_OF_RANGE, -1], missing]);
    assertEquals(await remove(-1), [[NONE, 3], missing]);
  }));

Deno.test("OffsetForLeaderEpoch tells where an epoch ended, and of none that has not been", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name: topic } = await makeTopic(client);
    await produceTo(client, { topic, records: batchOf(["a", "b"]) });
    const partitions = [0, 5].map((leaderEpoch) => ({ partition: 0, leaderEpoch }));
    const missing = { partition: 3, leaderEpoch: 0 };
    const { topics } = await client.ask(OffsetForLeaderEpoch, 4, {
      topics: [{ topic, partitions: [...partitions, missing] }],
    });
    assertEquals(
      topics[0]!.partitions.map(({ errorCode, leaderEpoch, endOffset }) => [
        errorCode,
        leaderEpoch,
        endOffset,
      ]),
      [[NONE, 0, 2], [NONE, -1, -1], [UNKNOWN_TOPIC_OR_PARTITION, -1, -1]],
    );
  }));

Deno.test("DescribeProducers tells of a partition nobody wrote to that there is nobody", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    const topics = [{ name, partitionIndexes: [0, 8] }, { name: "a/b", partitionIndexes: [0] }];
    const answer = await client.ask(DescribeProducers, 0, { topics });
    assertEquals(
      answer.topics.map((topic) =>
        topic.partitions.map(({ errorCode, activeProducers }) => [errorCode, activeProducers])
      ),
      [
        [[NONE, []], [UNKNOWN_TOPIC_OR_PARTITION, []]],
        [[ErrorCode.INVALID_TOPIC_EXCEPTION, []]],
      ],
    );
  }));
