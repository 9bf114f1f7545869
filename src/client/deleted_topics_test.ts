// Topics that are deleted while a program writes to them, or commits what it has read.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ErrorCode } from "../protocol/mod.ts";
import { readBatchHeader } from "../records/mod.ts";
import { rudeHost as host, withRude } from "../../tests/harness/rude_broker.ts";
import { type Message, produced, type Script } from "../../tests/harness/scripted_broker.ts";
import { commitOffsets } from "./admin/group_offsets.ts";
import { KafkaError } from "./faults.ts";
import { Producer } from "./producer/producer.ts";

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

Deno.test("an offset of a topic that is gone holds up no other", async () => {
  const committed: string[] = [];
  const script: Script = {
    FindCoordinator: ({ coordinatorKeys: [key] }) => ({
      coordinators: [{ key, nodeId: 1, host, port: 1, errorCode: 0 }],
    }),
    OffsetCommit: ({ topics }): Message => ({
      topics: topics.map(({ name, partitions: [{ partitionIndex }] }: Message) => {
        const isGone = name === "orders";
        if (!isGone) committed.push(name);
        const errorCode = isGone ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NONE;
        return { name, partitions: [{ partitionIndex, errorCode }] };
      }),
    }),
  };
  await withRude(script, async ({ connect, seconds }) => {
    const client = await connect();
    const offsets = [
      { topic: "orders", partition: 0, offset: 4 },
      { topic: "refunds", partition: 0, offset: 5 },
    ];
    const gone = await assertRejects(
      () => commitOffsets(client, "billing", { offsets }),
      KafkaError,
      "commit orders-0 for group billing",
    );
    assertEquals([gone.code, seconds()], ["UNKNOWN_TOPIC_OR_PARTITION", 0], "told at once");
    assertEquals(committed, ["refunds"]);
    client.close();
  });
});
