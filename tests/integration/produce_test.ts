// What producers need: an answer for each partition, silence with acks=0, order on a connection,
// and for idempotent ones the memory of what they have sent.

import { assert, assertEquals } from "@std/assert";
import { type ProducerId, ZERO_UUID } from "../../src/base/ids.ts";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { ErrorCode, InitProducerId, Metadata, Produce } from "../../src/protocol/mod.ts";
import { renewCrc } from "../../src/records/batch.ts";
import { buildBatch, loadCompression } from "../../src/records/mod.ts";
import { xxh32 } from "../../src/records/xxh32.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import {
  batchOf,
  fetchFrom,
  makeTopic,
  produceRequest,
  produceTo,
  recordsOf,
} from "../harness/raw_requests.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();

const noOffsets = { baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };

Deno.test("a partition that fails says -1 for every offset, its neighbours succeed", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client, { partitions: 2 });
  const { responses } = await client.ask(Produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [
      {
        name,
        partitionData: [
          { index: 7, records: batchOf(["nowhere"]) },
          { index: 1, records: batchOf(["here"]) },
        ],
      },
    ],
  });
  const [bad, good] = responses[0].partitionResponses;
  const { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset } = bad;
  assertEquals([index, errorCode], [7, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  assertEquals({ baseOffset, logAppendTimeMs, logStartOffset }, noOffsets);
  assertEquals([good.index, good.errorCode, good.baseOffset], [1, ErrorCode.NONE, 0]);
  assertEquals([good.logAppendTimeMs, good.logStartOffset], [-1, 0]);
});

Deno.test("acks=0 gets no byte of an answer, the others do, in order", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const acks = [0, 1, 0, -1, 0, 1, -1, -1, 0];
  const frames = acks.map((each, i) =>
    request(Produce, 9, produceRequest({ topic, records: batchOf([`${i}`]), acks: each }), i)
  );
  await client.send(concatBytes([...frames, request(Metadata, 9, { topics: [] }, acks.length)]));
  for (const [i, each] of acks.entries()) {
    if (each === 0) continue;
    const { responses } = await client.answer(Produce, 9, i);
    assertEquals(responses[0].partitionResponses[0].baseOffset, i, "nobody is overtaken");
  }
  await client.answer(Metadata, 9, acks.length);
});

Deno.test("a failure of acks=0 closes the connection, so that the client looks again", async () => {
  using client = await shared.connect();
  using other = await shared.connect();
  const { name: topic } = await makeTopic(other);
  const records = batchOf(["lost"]);
  await client.send(
    request(Produce, 9, produceRequest({ topic, partition: 5, records, acks: 0 })),
  );
  await client.assertClosed();
  await other.assertServed();
});

Deno.test("acks other than -1, 0 and 1 are refused, and nothing is written", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  for (const acks of [2, -2, 32767]) {
    const answer = await produceTo(client, { topic, records: batchOf(["x"]), acks });
    assertEquals(answer.errorCode, ErrorCode.INVALID_REQUIRED_ACKS);
  }
  assertEquals((await fetchFrom(client, { topic })).highWatermark, 0);
});

Deno.test("Produce by topic id reaches the topic, an unknown id is told and echoed", async () => {
  using client = await shared.connect();
  const { name: topic, topicId } = await makeTopic(client);
  const unknownId = "b3R0bGEtY29uZm9ybWFuYw";
  const { responses } = await client.ask(Produce, 13, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 1000,
    topicData: [unknownId, topicId].map((id) => ({
      topicId: id,
      partitionData: [{ index: 0, records: batchOf(["by id"]) }],
    })),
  });
  assertEquals(
    responses.map((each) => [each.topicId, each.partitionResponses[0].errorCode]),
    [[unknownId, ErrorCode.UNKNOWN_TOPIC_ID], [topicId, ErrorCode.NONE]],
  );
  assertEquals(recordsOf(await fetchFrom(client, { topic })), [[0, "by id"]]);
});

Deno.test("kafkajs' batches, with epoch 0 and no producer id, are plain ones", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  for (const expected of [0, 1, 2]) {
    const records = batchOf(["kafkajs"], { producerId: -1, producerEpoch: 0, baseSequence: 0 });
    const { errorCode, baseOffset } = await produceTo(client, { topic, records });
    assertEquals([errorCode, baseOffset], [ErrorCode.NONE, expected]);
  }
});

Deno.test("a batch that is larger than max.message.bytes is refused by itself", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, { configs: { "max.message.bytes": "2000" } });
  const large = await produceTo(client, { topic, records: batchOf(["x".repeat(3000)]) });
  assertEquals([large.errorCode, large.baseOffset], [ErrorCode.MESSAGE_TOO_LARGE, -1]);
  const small = await produceTo(client, { topic, records: batchOf(["x".repeat(1000)]) });
  assertEquals([small.errorCode, small.baseOffset], [ErrorCode.NONE, 0]);
});

Deno.test("a spoiled batch is refused as corrupt", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const records = batchOf(["whole"]);
  records[records.length - 2] ^= 1;
  const { errorCode } = await produceTo(client, { topic, records });
  assertEquals(errorCode, ErrorCode.CORRUPT_MESSAGE);
});

Deno.test("a record without a key is refused where the topic is compacted", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, { configs: { "cleanup.policy": "compact" } });
  const keyless = await produceTo(client, { topic, records: batchOf(["no key"]) });
  assertEquals(keyless.errorCode, ErrorCode.INVALID_RECORD);
  const records = buildBatch({
    records: [{ key: utf8("k"), value: null, headers: [] }],
    timestamp: Date.now(),
  });
  assertEquals((await produceTo(client, { topic, records })).errorCode, ErrorCode.NONE);
});

Deno.test("internal topics take no records of clients", async () => {
  using client = await shared.connect();
  const names = ["__consumer_offsets", "__transaction_state"];
  const { topics } = await client.ask(Metadata, 9, { topics: names.map((name) => ({ name })) });
  assertEquals(
    topics.map(({ errorCode, partitions }) => [errorCode, partitions.length]),
    [[ErrorCode.NONE, 50], [ErrorCode.NONE, 50]],
    "they are not made with the defaults of a client's topics",
  );
  const answer = await produceTo(client, {
    topic: "__consumer_offsets",
    records: batchOf(["forged"]),
  });
  assertEquals(answer.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION);
});

Deno.test("min.insync.replicas=2 asks for no more replicas than a partition has", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, { configs: { "min.insync.replicas": "2" } });
  const all = await produceTo(client, { topic, records: batchOf(["x"]), acks: -1 });
  assertEquals([all.errorCode, all.baseOffset], [ErrorCode.NONE, 0]);
  const leader = await produceTo(client, { topic, records: batchOf(["x"]), acks: 1 });
  assertEquals([leader.errorCode, leader.baseOffset], [ErrorCode.NONE, 1]);
});

Deno.test("LogAppendTime tells the time, and writes it into the batch", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, {
    configs: { "message.timestamp.type": "LogAppendTime" },
  });
  const before = Date.now();
  const { logAppendTimeMs } = await produceTo(client, {
    topic,
    records: batchOf(["x"], { timestamp: 1 }),
  });
  assert(before <= logAppendTimeMs && logAppendTimeMs <= Date.now());
});

/** An idempotent producer, by hand. */
async function idempotent(client: RawClient, topic: string) {
  const { errorCode, producerId, producerEpoch } = await client.ask(InitProducerId, 3, {
    transactionalId: null,
    transactionTimeoutMs: 1000,
  });
  assertEquals([errorCode, producerEpoch], [ErrorCode.NONE, 0]);
  return {
    producerId,
    send: (baseSequence: number, values: string[], epoch = 0) =>
      produceTo(client, {
        topic,
        records: batchOf(values, { producerId, producerEpoch: epoch, baseSequence }),
      }),
  };
}

Deno.test("a batch that a producer repeats is answered with its first offset", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const producer = await idempotent(client, topic);
  assertEquals((await producer.send(0, ["a", "b"])).baseOffset, 0);
  assertEquals((await producer.send(2, ["c"])).baseOffset, 2);
  for (const _ of [1, 2]) {
    const { errorCode, baseOffset } = await producer.send(0, ["a", "b"]);
    assertEquals([errorCode, baseOffset], [ErrorCode.NONE, 0]);
  }
  assertEquals((await producer.send(3, ["d"])).baseOffset, 3, "nothing was written twice");
});

Deno.test("batches of a producer are remembered, an older one is out of order", async () => {
  const remembered = shared.broker.target === "kafka" ? 5 : 15;
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const producer = await idempotent(client, topic);
  const end = remembered + 2;
  for (let sequence = 0; sequence < end; sequence++) await producer.send(sequence, [`${sequence}`]);
  for (let sequence = 2; sequence < end; sequence++) {
    assertEquals((await producer.send(sequence, [`${sequence}`])).baseOffset, sequence);
  }
  const { errorCode, baseOffset } = await producer.send(1, ["1"]);
  assertEquals([errorCode, baseOffset], [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1]);
});

Deno.test("a gap in the sequence is refused, and the missing batch still fits", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const producer = await idempotent(client, topic);
  await producer.send(0, ["a"]);
  assertEquals((await producer.send(2, ["c"])).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  assertEquals((await producer.send(1, ["b"])).baseOffset, 1);
  assertEquals((await producer.send(2, ["c"])).baseOffset, 2);
});

Deno.test("a new epoch begins at sequence 0, and fences the old one", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const producer = await idempotent(client, topic);
  await producer.send(0, ["a"]);
  const { errorCode } = await producer.send(1, ["b"], 1);
  assertEquals(errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  assertEquals((await producer.send(0, ["b"], 1)).baseOffset, 1);
  assertEquals((await producer.send(1, ["late"])).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH);
});

Deno.test("what a producer has sent is remembered through a stop and a kill -9", async () => {
  await using broker = await BrokerProcess.start();
  const topic = freshName("remembered");
  let producerId: ProducerId = -1;
  const ids = new Set<ProducerId>();
  for (const [round, end] of (["stop", "kill", "stop"] as const).entries()) {
    using client = await RawClient.connect(broker);
    await client.ask(Metadata, 9, { topics: [{ name: topic }], allowAutoTopicCreation: true });
    const init = await client.ask(InitProducerId, 3, {
      transactionalId: null,
      transactionTimeoutMs: 1000,
    });
    assert(!ids.has(init.producerId), "no id is given twice");
    ids.add(init.producerId);
    if (round === 0) producerId = init.producerId;
    const send = (baseSequence: number) =>
      produceTo(client, {
        topic,
        records: batchOf(["x"], { producerId, producerEpoch: 0, baseSequence }),
      });
    if (round > 0) assertEquals((await send(round - 1)).baseOffset, round - 1, "a duplicate");
    assertEquals((await send(round)).baseOffset, round);
    await broker[end]();
    await broker.restart();
  }
});

Deno.test("a transaction that its coordinator does not know cannot begin", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const batch = { producerId: 900_000, producerEpoch: 0, baseSequence: 0, isTransactional: true };
  const records = batchOf(["never"], batch);
  const named = await produceTo(client, { topic, records, transactionalId: "payments" });
  assert(named.errorCode !== ErrorCode.NONE);
  // A transaction that nobody can end would keep read_committed consumers waiting for ever.
  const nameless = await produceTo(client, { topic, records });
  assert(nameless.errorCode !== ErrorCode.NONE);
  assertEquals((await fetchFrom(client, { topic })).highWatermark, 0);
});

Deno.test("Produce makes no topic: Metadata does, when it names one", async () => {
  using client = await shared.connect();
  const topic = freshName("new");
  for (const version of [0, 3, 9, 12]) {
    const { errorCode } = await produceTo(client, { topic, records: batchOf(["early"]), version });
    assertEquals(errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  }
  const { topics } = await client.ask(Metadata, 9, { topics: null });
  assertEquals(topics.filter(({ name }) => name === topic), []);
  await client.ask(Metadata, 9, { topics: [{ name: topic }], allowAutoTopicCreation: true });
  assertEquals((await produceTo(client, { topic, records: batchOf(["first"]) })).baseOffset, 0);
});

Deno.test("acks=0 to a topic that is not there ends the connection", async () => {
  using client = await shared.connect();
  const message = produceRequest({ topic: freshName("new"), records: batchOf(["x"]), acks: 0 });
  await client.send(request(Produce, 9, message));
  await client.assertClosed();
});

Deno.test("without auto.create.topics.enable, no request makes a topic", async () => {
  await using broker = await BrokerProcess.start({
    settings: { "auto.create.topics.enable": "false" },
  });
  using client = await RawClient.connect(broker);
  const answer = await produceTo(client, { topic: "nobody-made", records: batchOf(["x"]) });
  assertEquals(answer.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const { topics } = await client.ask(Metadata, 12, {
    topics: [{ name: "nobody-made", topicId: ZERO_UUID }],
    allowAutoTopicCreation: true,
  });
  const [{ name, errorCode, partitions }] = topics;
  assertEquals(
    [name, errorCode, partitions],
    ["nobody-made", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, []],
  );
  assertEquals((await client.ask(Metadata, 9, { topics: null })).topics, []);
});

Deno.test("lz4 that no Java consumer gets past is refused, others are stored", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  await loadCompression("lz4");
  const records = [{ value: utf8("of dependent blocks, it says") }];
  const batch = buildBatch({ records, timestamp: 1, compression: "lz4" });
  const [descriptor, independent] = [61 + 4, 0x20];
  batch[descriptor] &= ~independent;
  batch[descriptor + 2] = xxh32(batch.subarray(descriptor, descriptor + 2)) >>> 8;
  renewCrc(batch);
  assertEquals((await produceTo(client, { topic, records: batchOf(["before"]) })).errorCode, 0);
  const { errorCode, baseOffset } = await produceTo(client, { topic, records: batch });
  assertEquals([errorCode, baseOffset], [ErrorCode.INVALID_RECORD, -1]);
  assertEquals((await produceTo(client, { topic, records: batchOf(["after"]) })).errorCode, 0);
  const stored = recordsOf(await fetchFrom(client, { topic }));
  assertEquals(stored, [[0, "before"], [1, "after"]]);
});
