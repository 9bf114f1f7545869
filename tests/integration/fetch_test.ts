// What consumers need of Fetch: whole batches that always bring them on, bytes where others send
// null, the right answer at the edges of the log, and long polls that end when there is news.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  CreatePartitions,
  DeleteRecords,
  DeleteTopics,
  ErrorCode,
  Fetch,
  Metadata,
  OffsetForLeaderEpoch,
  type RequestInput,
} from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import {
  batchOf,
  fetchFrom,
  fetchRequest,
  makeTopic,
  produceTo,
  recordsOf,
} from "../harness/raw_requests.ts";
import { sharedBroker } from "../harness/shared_broker.ts";
import { simulated } from "../harness/simulated_broker.ts";

const shared = sharedBroker();
const longMs = 60_000;

/** A topic with one batch for each of `values`. */
async function topicWith(client: RawClient, values: readonly string[]) {
  const topic = await makeTopic(client);
  for (const value of values) {
    await produceTo(client, { topic: topic.name, records: batchOf([value]), acks: 1 });
  }
  return topic;
}

Deno.test("librdkafka gets empty records, never null, wherever there are none", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  for (const version of [4, 7, 11, 12]) {
    for (const where of [{ offset: 0 }, { offset: 9 }, { partition: 9 }]) {
      const answer = await fetchFrom(client, { topic, version, ...where });
      assertEquals(answer.records, new Uint8Array(0), `version ${version}`);
    }
  }
  for (const version of [13, 18]) {
    const { responses } = await client.ask(Fetch, version, byId(ZERO_UUID));
    assertEquals(responses[0].partitions[0].records, new Uint8Array(0), `version ${version}`);
  }
});

/** A Fetch for partition 0 of a topic by id. */
function byId(topicId: string, partition = 0) {
  const { topics: _, ...rest } = fetchRequest({ topic: "" });
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1000 }];
  return { ...rest, topics: [{ topicId, partitions }] };
}

Deno.test("an error answer names the partition and the topic that it is about", async () => {
  using client = await shared.connect();
  const { name: topic, topicId } = await makeTopic(client);
  const named = await fetchFrom(client, { topic, partition: 31 });
  assertEquals(
    [named.partitionIndex, named.errorCode],
    [31, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  );
  const unknownId = "b3R0bGEtY29uZm9ybWFuYw";
  for (
    const [id, code] of [
      [unknownId, ErrorCode.UNKNOWN_TOPIC_ID],
      [topicId, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ] as const
  ) {
    const { responses: [found] } = await client.ask(Fetch, 13, byId(id, 31));
    const [{ partitionIndex, errorCode }] = found.partitions;
    assertEquals([found.topicId, partitionIndex, errorCode], [id, 31, code]);
  }
});

Deno.test("Fetch by topic id gives the records of that topic, at each such version", async () => {
  using client = await shared.connect();
  const { topicId } = await topicWith(client, ["by id"]);
  for (const version of [13, 14, 15, 16, 17, 18]) {
    const { responses: [topic] } = await client.ask(Fetch, version, byId(topicId));
    assertEquals(topic.topicId, topicId);
    assertEquals(recordsOf(topic.partitions[0]), [[0, "by id"]]);
  }
});

Deno.test("a batch larger than every limit comes whole, so that a consumer gets on", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["x".repeat(5000), "small"]);
  const answer = await fetchFrom(client, { topic, maxBytes: 10, partitionMaxBytes: 10 });
  assertEquals(recordsOf(answer).map(([offset]) => offset), [0]);
});

Deno.test("the first partition gives a batch at least, others what the limit leaves", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, { partitions: 4 });
  for (const partition of [1, 2, 3]) {
    for (const i of [0, 1, 2]) {
      const records = batchOf([`${i}`.repeat(1000)]);
      await produceTo(client, { topic, partition, records, acks: 1 });
    }
  }
  const partitions = [0, 1, 2, 3].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 2500,
  }));
  const sizes = async (maxBytes: number) => {
    const { responses } = await client.ask(Fetch, 12, {
      ...fetchRequest({ topic, maxBytes }),
      topics: [{ topic, partitions }],
    });
    assertEquals(responses[0].partitions.map(({ partitionIndex }) => partitionIndex), [0, 1, 2, 3]);
    return responses[0].partitions.map((each) => recordsOf(each).length);
  };
  assertEquals(await sizes(1 << 20), [0, 2, 2, 2], "partitionMaxBytes cuts at whole batches");
  assertEquals(await sizes(3500), [0, 2, 1, 0], "maxBytes is for all of them");
  assertEquals(await sizes(100), [0, 1, 0, 0], "and gives way for one batch, once");
  assertEquals(await sizes(0), [0, 1, 0, 0]);
});

Deno.test("a fetch inside a batch gives the batch from its start", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  await produceTo(client, { topic, records: batchOf(["a", "b", "c"]) });
  await produceTo(client, { topic, records: batchOf(["d"]) });
  const answer = await fetchFrom(client, { topic, offset: 2 });
  assertEquals(recordsOf(answer), [[0, "a"], [1, "b"], [2, "c"], [3, "d"]]);
});

Deno.test("outside of the log is OFFSET_OUT_OF_RANGE, with where the log is", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a", "b", "c", "d"]);
  await client.ask(DeleteRecords, 2, {
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 2 }] }],
    timeoutMs: 1000,
  });
  for (const offset of [0, 1, 5, 1_000_000, -1]) {
    // Errors do not wait, however long the client would.
    const answer = await fetchFrom(client, { topic, offset, maxWaitMs: longMs });
    const { errorCode, highWatermark, lastStableOffset, logStartOffset } = answer;
    assertEquals(errorCode, ErrorCode.OFFSET_OUT_OF_RANGE, `offset ${offset}`);
    assertEquals([highWatermark, lastStableOffset, logStartOffset], [4, 4, 2]);
  }
  const atEnd = await fetchFrom(client, { topic, offset: 4, maxWaitMs: 0 });
  assertEquals([atEnd.errorCode, atEnd.highWatermark], [ErrorCode.NONE, 4]);
  assertEquals(recordsOf(await fetchFrom(client, { topic, offset: 2 })), [[2, "c"], [3, "d"]]);
});

Deno.test("read_committed readers get a last stable offset and a list of aborts", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a", "b"]);
  for (const version of [4, 11, 12]) {
    const answer = await fetchFrom(client, { topic, version, isolationLevel: 1 });
    assertEquals(answer.lastStableOffset, 2, "librdkafka takes it for the end");
    assertEquals(answer.abortedTransactions, [], "kafkajs reads its length");
    assertEquals(recordsOf(answer).length, 2);
    const uncommitted = await fetchFrom(client, { topic, version, isolationLevel: 0 });
    assertEquals(uncommitted.abortedTransactions, null);
  }
});

Deno.test("a client that wants no session gets none", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a"]);
  for (const [version, session] of [[4, {}], [7, {}], [12, { sessionEpoch: -1 }]] as const) {
    const asked = { ...fetchRequest({ topic }), ...session };
    const { errorCode, sessionId, responses } = await client.ask(Fetch, version, asked);
    assertEquals([errorCode, sessionId], [ErrorCode.NONE, 0]);
    assertEquals(recordsOf(responses[0].partitions[0]), [[0, "a"]]);
  }
});

Deno.test("a fetch session brings what is new, by name and by id", async () => {
  using client = await shared.connect();
  for (const version of [7, 12, 13, 18]) {
    const { name: topic, topicId } = await makeTopic(client, { partitions: 3 });
    const ask = async (asked: Partial<RequestInput<typeof Fetch>>) => {
      const { errorCode, sessionId, responses } = await client.ask(Fetch, version, {
        ...fetchRequest({ topic }),
        topics: [],
        ...asked,
      });
      const partitions = responses.flatMap((each) => {
        assertEquals(each.topicId, version < 13 ? ZERO_UUID : topicId);
        return each.partitions.map((of) => [of.partitionIndex, recordsOf(of).length]);
      });
      return { errorCode, sessionId, partitions };
    };
    const of = version < 13 ? { topic } : { topicId };
    const want = (partition: number, fetchOffset = 0) => [{
      ...of,
      partitions: [{ partition, fetchOffset, partitionMaxBytes: 1000 }],
    }];
    const topics = [0, 1, 2].flatMap((partition) => want(partition));
    const full = await ask({ sessionEpoch: 0, topics });
    assert(full.sessionId > 0);
    assertEquals(full.partitions, [[0, 0], [1, 0], [2, 0]], `version ${version}`);
    const { sessionId } = full;
    const goOn = (sessionEpoch: number, rest: Partial<RequestInput<typeof Fetch>> = {}) =>
      ask({ sessionId, sessionEpoch, ...rest });
    assertEquals((await goOn(1)).partitions, []);
    await produceTo(client, { topic, partition: 1, records: batchOf(["a"]) });
    await produceTo(client, { topic, partition: 2, records: batchOf(["b"]) });
    assertEquals((await goOn(2)).partitions, [[1, 1], [2, 1]]);
    assertEquals((await goOn(3, { topics: want(1, 1) })).partitions, [[2, 1]]);
    // franz-go may forget what nobody has heard of.
    const forgottenTopicsData = [
      { ...of, partitions: [2, 31] },
      { topic: "forgotten", topicId: ZERO_UUID, partitions: [0] },
    ];
    assertEquals((await goOn(4, { forgottenTopicsData })).partitions, []);
    const again = await goOn(4);
    assertEquals(again.errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    await client.ask(DeleteTopics, 4, { topicNames: [topic], timeoutMs: 1000 });
    const { NONE } = ErrorCode;
    assertEquals(await goOn(5), { errorCode: NONE, sessionId, partitions: [[0, 0], [1, 0]] });
    const last = await goOn(-1, { topics: want(0) });
    assertEquals([last.errorCode, last.sessionId], [NONE, 0]);
    assertEquals((await goOn(6)).errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  }
});

Deno.test("a session's long poll is answered by what comes to any of its partitions", async () => {
  using reader = await shared.connect();
  using writer = await shared.connect();
  const { name: topic } = await makeTopic(writer, { partitions: 2 });
  const partitions = [0, 1].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1000,
  }));
  const asked = { ...fetchRequest({ topic, maxWaitMs: longMs }), topics: [] };
  const { sessionId } = await reader.ask(Fetch, 12, {
    ...fetchRequest({ topic }),
    sessionEpoch: 0,
    topics: [{ topic, partitions }],
  });
  await reader.send(request(Fetch, 12, { ...asked, sessionId, sessionEpoch: 1 }));
  await produceTo(writer, { topic, partition: 1, records: batchOf(["news"]) });
  const { responses } = await reader.answer(Fetch, 12);
  assertEquals(responses.map((each) => each.partitions.map(recordsOf)), [[[[0, "news"]]]]);
});

Deno.test("a session uses topic ids, or it does not", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a"]);
  const { sessionId } = await client.ask(Fetch, 12, {
    ...fetchRequest({ topic }),
    sessionEpoch: 0,
  });
  const goOn = { ...fetchRequest({ topic }), topics: [], sessionId, sessionEpoch: 1 };
  const { errorCode } = await client.ask(Fetch, 13, goOn);
  assertEquals(errorCode, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
});

Deno.test("a client that goes on with a session of before learns that it is gone", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a"]);
  const answer = await client.ask(Fetch, 12, {
    ...fetchRequest({ topic, maxWaitMs: longMs }),
    // An incremental request names changed partitions alone: here none.
    topics: [],
    sessionId: 4711,
    sessionEpoch: 5,
  });
  const { errorCode, sessionId, responses } = answer;
  assertEquals([errorCode, sessionId], [ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0]);
  assertEquals(responses, []);
  const ends = await client.ask(Fetch, 12, {
    ...fetchRequest({ topic }),
    sessionId: 4711,
    sessionEpoch: 0,
  });
  assertEquals(ends.errorCode, ErrorCode.NONE, "a full request needs no session");
});

Deno.test("the leader epoch of Metadata passes, -1 passes, others say who is behind", async () => {
  await using broker = await BrokerProcess.start();
  {
    using client = await RawClient.connect(broker);
    await topicWith(client, ["a"]);
  }
  // An unclean end makes a new epoch, so that there is one before.
  await broker.kill();
  await broker.restart();
  using client = await RawClient.connect(broker);
  const { topics: [{ name: topic, partitions: [{ leaderEpoch }] }] } = await client.ask(
    Metadata,
    12,
    { topics: null },
  );
  assert(leaderEpoch > 0);
  for (
    const [currentLeaderEpoch, expected] of [
      [-1, ErrorCode.NONE],
      [leaderEpoch, ErrorCode.NONE],
      [leaderEpoch - 1, ErrorCode.FENCED_LEADER_EPOCH],
      [leaderEpoch + 1, ErrorCode.UNKNOWN_LEADER_EPOCH],
    ]
  ) {
    const { errorCode } = await fetchFrom(client, { topic: topic!, currentLeaderEpoch });
    assertEquals(errorCode, expected, `epoch ${currentLeaderEpoch}`);
  }
  const partitions = [{ partition: 0, leaderEpoch: leaderEpoch - 1 }];
  const { topics: [{ partitions: [end] }] } = await client.ask(OffsetForLeaderEpoch, 3, {
    topics: [{ topic: topic!, partitions }],
  });
  assertEquals(
    [end.errorCode, end.leaderEpoch, end.endOffset],
    [ErrorCode.NONE, leaderEpoch - 1, 1],
    "what was read in the epoch before is still there",
  );
});

Deno.test("no reader is sent to another replica", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a"]);
  for (const version of [11, 12]) {
    assertEquals((await fetchFrom(client, { topic, version })).preferredReadReplica, -1);
  }
});

Deno.test("a long poll at the end of the log is answered by the next record", async () => {
  using reader = await shared.connect();
  using writer = await shared.connect();
  const { name: topic } = await topicWith(writer, ["a"]);
  const waiting = fetchFrom(reader, { topic, offset: 1, maxWaitMs: longMs });
  await produceTo(writer, { topic, records: batchOf(["b"]) });
  assertEquals(recordsOf(await waiting), [[1, "b"]]);
});

Deno.test("a long poll for more bytes than one record has waits for the next ones", async () => {
  using reader = await shared.connect();
  using writer = await shared.connect();
  const { name: topic } = await makeTopic(writer);
  const waiting = fetchFrom(reader, { topic, maxWaitMs: longMs, minBytes: 2500 });
  let answered = false;
  waiting.then(() => answered = true);
  for (const i of [0, 1]) {
    await produceTo(writer, { topic, records: batchOf([`${i}`.repeat(1000)]) });
    // Two more round trips: an answer that came too early would be here by now.
    await writer.assertServed();
    await writer.assertServed();
    assertEquals(answered, false, `after record ${i}`);
  }
  await produceTo(writer, { topic, records: batchOf(["2".repeat(1000)]) });
  assertEquals(recordsOf(await waiting).length, 3);
});

Deno.test("a long poll without news ends when its time is up, not before", () =>
  simulated({}, async ({ connect, nowMs }) => {
    using client = await connect();
    const { name: topic } = await topicWith(client, ["a"]);
    const beganMs = nowMs();
    const answer = await fetchFrom(client, { topic, offset: 1, maxWaitMs: 150 });
    assertEquals([answer.errorCode, recordsOf(answer)], [ErrorCode.NONE, []]);
    const tookMs = nowMs() - beganMs;
    assert(tookMs >= 150 && tookMs < 170, `${tookMs} ms`);
  }));

Deno.test("a fetch of nothing does not wait for it", () =>
  simulated({}, async ({ connect, nowMs }) => {
    using client = await connect();
    const beganMs = nowMs();
    const asked = { ...fetchRequest({ topic: "", maxWaitMs: longMs }), topics: [] };
    const { errorCode, responses } = await client.ask(Fetch, 12, asked);
    assertEquals([errorCode, responses], [ErrorCode.NONE, []]);
    assert(nowMs() - beganMs < longMs, "Kafka answers at once");
  }));

Deno.test("a long poll over several partitions is answered by any of them", async () => {
  using reader = await shared.connect();
  using writer = await shared.connect();
  const { name: topic } = await makeTopic(writer, { partitions: 3 });
  const partitions = [0, 1, 2].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1000,
  }));
  await reader.send(request(Fetch, 12, {
    ...fetchRequest({ topic, maxWaitMs: longMs }),
    topics: [{ topic, partitions }],
  }));
  await produceTo(writer, { topic, partition: 2, records: batchOf(["news"]) });
  const { responses } = await reader.answer(Fetch, 12);
  assertEquals(responses[0].partitions.map((each) => recordsOf(each).length), [0, 0, 1]);
});

Deno.test("a long poll ends when the topic is deleted", async () => {
  using reader = await shared.connect();
  using writer = await shared.connect();
  const { name: topic } = await makeTopic(writer);
  const waiting = fetchFrom(reader, { topic, maxWaitMs: longMs });
  await writer.ask(DeleteTopics, 4, { topicNames: [topic], timeoutMs: 1000 });
  assertEquals((await waiting).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

Deno.test("a consumer finds the partitions that a topic gains", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a"]);
  await client.ask(CreatePartitions, 3, {
    topics: [{ name: topic, count: 3, assignments: null }],
    timeoutMs: 1000,
    validateOnly: false,
  });
  await produceTo(client, { topic, partition: 2, records: batchOf(["new"]) });
  assertEquals(recordsOf(await fetchFrom(client, { topic, partition: 2 })), [[0, "new"]]);
});

Deno.test("a follower's fetch is refused: there is none", async () => {
  using client = await shared.connect();
  const { name: topic } = await topicWith(client, ["a"]);
  const fetch = async (currentLeaderEpoch: number) => {
    const request = fetchRequest({ topic });
    const partitions = [{ ...request.topics[0].partitions[0], currentLeaderEpoch }];
    const topics = [{ topic, partitions }];
    const answer = await client.ask(Fetch, 12, { ...request, topics, replicaId: 3 });
    return answer.responses[0].partitions[0].errorCode;
  };
  assertEquals(await fetch(-1), ErrorCode.NOT_LEADER_OR_FOLLOWER);
  assertEquals(await fetch(0), ErrorCode.UNKNOWN_LEADER_EPOCH);
  await client.assertServed();
});

Deno.test("a consumer's epoch is known on a partition that nothing was written to", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const fetch = async (lastFetchedEpoch: number, fetchOffset = 0) => {
    const request = fetchRequest({ topic, offset: fetchOffset });
    const [partition] = request.topics[0].partitions;
    const partitions = [{ ...partition, lastFetchedEpoch }];
    const topics = [{ topic, partitions }];
    const { responses } = await client.ask(Fetch, 12, { ...request, topics });
    const { errorCode, divergingEpoch } = responses[0].partitions[0];
    return [errorCode, divergingEpoch.epoch, divergingEpoch.endOffset];
  };
  const { NONE, OFFSET_OUT_OF_RANGE } = ErrorCode;
  // Kafka's answers.
  assertEquals(await fetch(0), [NONE, -1, -1]);
  assertEquals(await fetch(0, 5), [NONE, 0, 0]);
  assertEquals(await fetch(1), [OFFSET_OUT_OF_RANGE, -1, -1]);
  await produceTo(client, { topic, records: batchOf(["a"]) });
  assertEquals(await fetch(0, 1), [NONE, -1, -1]);
  assertEquals(await fetch(1), [OFFSET_OUT_OF_RANGE, -1, -1]);
});
