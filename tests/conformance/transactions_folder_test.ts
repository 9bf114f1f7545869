// A folder of Kafka's with transactions: those that are open go on here, with the same producer,
// and are committed or aborted; their offsets and records count, or do not.

import { assertEquals } from "@std/assert";
import { AddOffsetsToTxn } from "../../src/protocol/apis/25_add_offsets_to_txn.ts";
import { EndTxn } from "../../src/protocol/apis/26_end_txn.ts";
import { TxnOffsetCommit } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import { DescribeTransactions } from "../../src/protocol/apis/65_describe_transactions.ts";
import { ErrorCode, FindCoordinator, InitProducerId, OffsetFetch } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";

const ids = ["to-commit", "to-abort"];

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** The first answer that is not about something that passes. */
async function lasting<A extends { errorCode: number }>(ask: () => Promise<A>): Promise<A> {
  const passing: readonly number[] = [
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.CONCURRENT_TRANSACTIONS,
  ];
  for (;;) {
    const answer = await ask();
    if (!passing.includes(answer.errorCode)) return answer;
  }
}

async function find(client: RawClient, key: string, keyType: number): Promise<void> {
  await lasting(async () => {
    const request = { keyType, coordinatorKeys: [key] };
    return (await client.ask(FindCoordinator, 4, request)).coordinators[0];
  });
}

/** A transaction with a record and an offset in it, left open. */
async function leaveOpen(
  client: RawClient,
  { id, topic }: { id: string; topic: string },
): Promise<Producer> {
  await find(client, id, 1);
  await find(client, id, 0);
  const request = { transactionalId: id, transactionTimeoutMs: 600_000 };
  const init = await lasting(() => client.ask(InitProducerId, 4, request));
  assertEquals(init.errorCode, ErrorCode.NONE);
  const producer = { producerId: Number(init.producerId), producerEpoch: init.producerEpoch };
  const records = batchOf([id], { ...producer, baseSequence: 0, isTransactional: true });
  const produced = { topic, records, transactionalId: id, version: 12 };
  const { errorCode } = await lasting(() => produceTo(client, produced));
  assertEquals(errorCode, ErrorCode.NONE);
  const group = { transactionalId: id, ...producer, groupId: id };
  const added = await lasting(() => client.ask(AddOffsetsToTxn, 3, group));
  assertEquals(added.errorCode, ErrorCode.NONE);
  const committed = await lasting(async () => {
    const { topics } = await client.ask(TxnOffsetCommit, 3, {
      ...group,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      topics: [{
        name: topic,
        partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: "" }],
      }],
    });
    return topics[0].partitions[0];
  });
  assertEquals(committed.errorCode, ErrorCode.NONE);
  return producer;
}

/** Whether a transaction is open, and what of the group's offset can be seen. */
async function describe(client: RawClient, id: string, topic: string) {
  const state = await lasting(async () =>
    (await client.ask(DescribeTransactions, 0, { transactionalIds: [id] })).transactionStates[0]
  );
  const { groups } = await client.ask(OffsetFetch, 8, {
    groups: [{ groupId: id, topics: [{ name: topic, partitionIndexes: [0] }] }],
    requireStable: true,
  });
  const [{ errorCode, committedOffset }] = groups[0].topics[0].partitions;
  return [state.transactionState, errorCode, Number(committedOffset)];
}

const skip = targetFromEnvironment() === "kafka"
  ? "the target is Kafka itself"
  : await reasonToSkip();
if (skip) console.log(`a folder of Kafka's with transactions is skipped: ${skip}`);

Deno.test({
  name: "transactions that Kafka left open go on here, and end as their producers say",
  ignore: skip !== undefined,
  fn: async () => {
    await using kafka = await BrokerProcess.start({ target: "kafka" });
    let topic = "";
    const producers = new Map<string, Producer>();
    {
      using client = await RawClient.connect(kafka);
      topic = (await makeTopic(client)).name;
      for (const id of ids) producers.set(id, await leaveOpen(client, { id, topic }));
    }
    await kafka.stop();
    await using ottla = await BrokerProcess.start({ dataDir: kafka.logFolder });
    using client = await RawClient.connect(ottla);
    for (const id of ids) {
      await find(client, id, 1);
      const unstable = ErrorCode.UNSTABLE_OFFSET_COMMIT;
      assertEquals(await describe(client, id, topic), ["Ongoing", unstable, -1]);
      const producer = producers.get(id)!;
      const request = { transactionalId: id, ...producer, committed: id === "to-commit" };
      assertEquals((await client.ask(EndTxn, 5, request)).errorCode, ErrorCode.NONE);
    }
    for (
      const [id, state, offset] of [
        ["to-commit", "CompleteCommit", 7],
        ["to-abort", "CompleteAbort", -1],
      ] as const
    ) {
      let seen = await describe(client, id, topic);
      while (`${seen[0]}`.startsWith("Prepare")) seen = await describe(client, id, topic);
      assertEquals(seen, [state, ErrorCode.NONE, offset]);
    }
    const answer = await fetchFrom(client, { topic, isolationLevel: 1 });
    assertEquals(Number(answer.lastStableOffset), Number(answer.highWatermark));
    assertEquals(answer.abortedTransactions?.map(({ producerId }) => Number(producerId)), [
      producers.get("to-abort")?.producerId,
    ]);
  },
});
