// Handlers about topics: 3 Metadata, 19 CreateTopics, 20 DeleteTopics, 37 CreatePartitions,
// 75 DescribeTopicPartitions. Each item of a request has an answer of its own.

import { assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../base/ids.ts";
import { coordinators } from "../../coordinator/mod.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ErrorCode,
  Metadata,
} from "../../protocol/mod.ts";
import { DescribeTopicPartitions } from "../../protocol/apis/75_describe_topic_partitions.ts";
import { makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";
import { missing } from "../../base/items.ts";

const { NONE, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;

function newTopic(name: string, numPartitions = 1) {
  return { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] };
}

Deno.test("CreateTopics makes what it can, and says of each of the others why not", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const topics = [newTopic("good", 3), newTopic("a/b"), newTopic("none", 0), newTopic("..")];
    const { topics: made } = await client.ask(CreateTopics, 7, { topics });
    assertEquals(
      made.map(({ name, errorCode, numPartitions }) => [name, errorCode, numPartitions]),
      [
        ["good", NONE, 3],
        ["a/b", ErrorCode.INVALID_TOPIC_EXCEPTION, -1],
        ["none", ErrorCode.INVALID_PARTITIONS, -1],
        ["..", ErrorCode.INVALID_TOPIC_EXCEPTION, -1],
      ],
    );
    const again = await client.ask(CreateTopics, 2, { topics: [newTopic("good")] });
    assertEquals(again.topics.map((each) => each.errorCode), [ErrorCode.TOPIC_ALREADY_EXISTS]);
  }));

Deno.test("CreateTopics that is to validate only makes nothing", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const topics = [newTopic("later")];
    const { topics: [found = missing()] } = await client.ask(CreateTopics, 4, {
      topics,
      validateOnly: true,
    });
    assertEquals(found.errorCode, NONE);
    const named = { topics: [{ name: "later" }], allowAutoTopicCreation: false };
    const { topics: [seen = missing()] } = await client.ask(Metadata, 4, named);
    assertEquals(seen.errorCode, UNKNOWN_TOPIC_OR_PARTITION);
  }));

Deno.test("Metadata makes the topics of coordinators as they are to be, whichever it is", () => {
  const settings = {
    "num.partitions": 2,
    "offsets.topic.num.partitions": 3,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 5,
  };
  return simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    const topics = coordinators.map(({ topic: name }) => ({ name }));
    await client.ask(Metadata, 4, { topics, allowAutoTopicCreation: true });
    const answer = await client.ask(Metadata, 4, { topics, allowAutoTopicCreation: false });
    const told = answer.topics.map((each) => [each.name, each.isInternal, each.partitions.length]);
    assertEquals(told.sort(), [
      ["__consumer_offsets", true, 3],
      ["__share_group_state", true, 5],
      ["__transaction_state", true, 4],
    ]);
  });
});

Deno.test("Metadata names all topics for null, which before version 1 an empty list did", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const made = await makeTopic(client);
    const names = async (version: number, topics: { name: string }[] | null) =>
      (await client.ask(Metadata, version, { topics })).topics.map(({ name }) => name);
    assertEquals(await names(0, []), [made.name]);
    assertEquals(await names(1, []), []);
    assertEquals(await names(1, null), [made.name]);
  }));

Deno.test("Metadata finds topics by id from version 12 on, each with an answer of its own", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name, topicId: id } = await makeTopic(client);
    const other = id.replace(/^./, (letter) => letter === "A" ? "B" : "A");
    const topics = [{ topicId: id, name: null }, { topicId: other, name: null }];
    const answer = await client.ask(Metadata, 12, { topics, allowAutoTopicCreation: true });
    assertEquals(answer.topics.map((each) => [each.topicId, each.name, each.errorCode]), [
      [id, name, NONE],
      [other, null, UNKNOWN_TOPIC_ID],
    ]);
  }));

Deno.test("CreatePartitions only grows, and each topic for itself", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client, { partitions: 2 });
    const codes = async (count: number) => {
      const topics = [name, "missing"].map((each) => ({ name: each, count, assignments: null }));
      const asked = { topics, timeoutMs: 1000, validateOnly: false };
      const { results } = await client.ask(CreatePartitions, 3, asked);
      return results.map(({ errorCode }) => errorCode);
    };
    assertEquals(await codes(3), [NONE, UNKNOWN_TOPIC_OR_PARTITION]);
    assertEquals(await codes(3), [ErrorCode.INVALID_PARTITIONS, UNKNOWN_TOPIC_OR_PARTITION]);
    assertEquals(await codes(1), [ErrorCode.INVALID_PARTITIONS, UNKNOWN_TOPIC_OR_PARTITION]);
  }));

Deno.test("DeleteTopics takes names, and from version 6 on ids as well", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const [first, second] = [await makeTopic(client), await makeTopic(client)];
    const old = await client.ask(DeleteTopics, 5, {
      topicNames: [first.name, "missing"],
      timeoutMs: 1000,
    });
    assertEquals(old.responses.map(({ name, errorCode }) => [name, errorCode]), [
      [first.name, NONE],
      ["missing", UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    const topics = [second.topicId, first.topicId].map((topicId) => ({ name: null, topicId }));
    const { responses } = await client.ask(DeleteTopics, 6, { topics, timeoutMs: 1000 });
    assertEquals(responses.map(({ topicId, errorCode }) => [topicId, errorCode]), [
      [second.topicId, NONE],
      [first.topicId, UNKNOWN_TOPIC_ID],
    ]);
  }));

Deno.test("DescribeTopicPartitions goes on where its last answer had no more room", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client, { partitions: 3 });
    const topics = [{ name }, { name: "zzz-missing" }];
    const from = async (cursor: { topicName: string; partitionIndex: number } | null) => {
      const request = { topics, responsePartitionLimit: 2, cursor };
      const answer = await client.ask(DescribeTopicPartitions, 0, request);
      const told = answer.topics.map((each) => [
        each.name,
        each.errorCode,
        each.partitions.map(({ partitionIndex }) => partitionIndex),
      ]);
      return { told, next: answer.nextCursor };
    };
    const first = await from(null);
    assertEquals(first.told, [[name, NONE, [0, 1]]]);
    assertEquals(first.next, { topicName: name, partitionIndex: 2 });
    const second = await from(first.next);
    assertEquals(second.told, [[name, NONE, [2]], ["zzz-missing", UNKNOWN_TOPIC_OR_PARTITION, []]]);
    assertEquals(second.next, null);
  }));

Deno.test("a topic that is not there has the id that says so", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const named = { topics: [{ name: "missing" }], allowAutoTopicCreation: false };
    const { topics: [found = missing()] } = await client.ask(Metadata, 10, named);
    assertEquals([found.topicId, found.partitions.length], [ZERO_UUID, 0]);
  }));
