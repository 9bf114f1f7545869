// Topics that are deleted, and made anew under their names: whose records and offsets are whose.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ErrorCode } from "../protocol/mod.ts";
import { readBatchHeader } from "../records/mod.ts";
import { rudeHost as host, withRude } from "../../tests/harness/rude_broker.ts";
import {
  type Message,
  produced,
  type Script,
  type ScriptedBroker,
} from "../../tests/harness/scripted_broker.ts";
import { commitOffsets } from "./admin/group_offsets.ts";
import { KafkaError } from "./faults.ts";
import { Producer } from "./producer/producer.ts";

const first = "AAAAAAAAAAAAAAAAAAAAAQ";
const second = "AAAAAAAAAAAAAAAAAAAAAg";

Deno.test("a topic that is deleted under a producer is told of, a new one taken up", async () => {
  let exists = true;
  const sequences: unknown[] = [];
  const script: Script = {
    Metadata: (request) => {
      if (exists || request.topics.length === 0) return undefined;
      const errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      return { brokers: [], topics: [{ errorCode, name: "orders", partitions: [] }] };
    },
    Produce: (request) =>
      produced(request, (records) => {
        const { producerEpoch, baseSequence } = readBatchHeader(records);
        if (exists) sequences.push([producerEpoch, baseSequence]);
        const errorCode = exists ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        return { errorCode, baseOffset: exists ? 0 : -1 };
      }),
  };
  await withRude(script, async ({ connect, seconds }) => {
    const client = await connect();
    const producer = new Producer(client, { deliveryTimeoutMs: 20_000 });
    const send = () => producer.send({ topic: "orders", partition: 0, value: "paid" });
    await send();
    exists = false;
    const gone = await assertRejects(send, KafkaError, "orders");
    assertEquals(gone.code, "UNKNOWN_TOPIC_OR_PARTITION");
    assert(seconds() < 30, `${seconds()} seconds`);
    exists = true;
    await send();
    assertEquals(sequences, [[0, 0], [1, 0]], "the new log has not seen the first record");
    await producer.close();
    client.close();
  });
});

Deno.test("records for a topic that is gone reach another of its name by its id", async () => {
  let id = first;
  const asked: unknown[] = [];
  const script = (broker: () => ScriptedBroker): Script => ({
    Metadata: () => ({
      brokers: [{ nodeId: 1, host, port: broker().port }],
      topics: [{
        errorCode: 0,
        name: "orders",
        topicId: id,
        partitions: [{ errorCode: 0, partitionIndex: 0, leaderId: 1 }],
      }],
    }),
    Produce({ topicData }, version): Message {
      const [{ topicId, partitionData: [{ index }] }] = topicData;
      asked.push([version, topicId]);
      const errorCode = topicId === id ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_ID;
      const partitionResponses = [{ index, errorCode, baseOffset: errorCode === 0 ? 0 : -1 }];
      return { responses: [{ topicId, partitionResponses }] };
    },
  });
  let scripted: ScriptedBroker | undefined;
  await withRude(script(() => scripted!), async ({ broker, connect }) => {
    scripted = broker;
    const client = await connect();
    const producer = new Producer(client);
    const send = () => producer.send({ topic: "orders", value: "paid" });
    await send();
    id = second;
    assertEquals(await send().then(({ topic, offset }) => [topic, offset]), ["orders", 0]);
    assertEquals(asked, [[13, first], [13, first], [13, second]]);
    await producer.close();
    client.close();
  });
});

Deno.test("an offset of a topic that is gone holds up no other", async () => {
  const asked: unknown[] = [];
  const script: Script = {
    FindCoordinator: ({ coordinatorKeys: [key] }) => ({
      coordinators: [{ key, nodeId: 1, host, port: 1, errorCode: 0 }],
    }),
    OffsetCommit({ topics }, version): Message {
      asked.push([version, topics.map(({ topicId }: Message) => topicId)]);
      return {
        topics: topics.map(({ name, topicId, partitions }: Message) => ({
          name,
          topicId,
          partitions: partitions.map(({ partitionIndex }: Message) => ({
            partitionIndex,
            errorCode: topicId === first ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.NONE,
          })),
        })),
      };
    },
  };
  await withRude(script, async ({ connect, seconds }) => {
    const client = await connect();
    const offsets = [
      { topic: "orders", topicId: first, partition: 0, offset: 4 },
      { topic: "refunds", topicId: second, partition: 0, offset: 5 },
    ];
    const gone = await assertRejects(
      () => commitOffsets(client, "billing", { offsets }),
      KafkaError,
      "commit orders-0 for group billing",
    );
    assertEquals([gone.code, seconds()], ["UNKNOWN_TOPIC_ID", 0], "told at once");
    await commitOffsets(client, "billing", { offsets: offsets.slice(1) });
    const byName = offsets.map(({ topicId: _, ...each }) => each);
    await commitOffsets(client, "billing", { offsets: byName });
    assertEquals(asked.map((each) => (each as [number])[0]), [10, 10, 9]);
    client.close();
  });
});
