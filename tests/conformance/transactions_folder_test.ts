// Folders with transactions, both ways: those that are open go on in the other broker, by the same
// producer, and are committed or aborted; their offsets and records count, or do not. What was
// aborted before is no record there either.

import { assertEquals } from "@std/assert";
import { AddOffsetsToTxn } from "../../src/protocol/apis/25_add_offsets_to_txn.ts";
import { EndTxn } from "../../src/protocol/apis/26_end_txn.ts";
import { TxnOffsetCommit } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import { DescribeTransactions } from "../../src/protocol/apis/65_describe_transactions.ts";
import { ErrorCode, FindCoordinator, InitProducerId, OffsetFetch } from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { carriedBothWays, lasting } from "./carried_folder.ts";

const ids = ["to-commit", "to-abort"];
const abortedBefore = "aborted-before";

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
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
  const { topics } = await lasting(async () => {
    const { groups } = await client.ask(OffsetFetch, 8, {
      groups: [{ groupId: id, topics: [{ name: topic, partitionIndexes: [0] }] }],
      requireStable: true,
    });
    return groups[0];
  });
  const [{ errorCode, committedOffset }] = topics[0].partitions;
  return [state.transactionState, errorCode, Number(committedOffset)];
}

interface Begun {
  readonly topic: string;
  readonly producers: ReadonlyMap<string, Producer>;
}

/** Ends a transaction; resolves once its markers are written. */
async function end(
  client: RawClient,
  { id, topic, producer }: { id: string; topic: string; producer: Producer },
) {
  const request = { transactionalId: id, ...producer, committed: id === "to-commit" };
  const { errorCode } = await lasting(() => client.ask(EndTxn, 5, request));
  assertEquals(errorCode, ErrorCode.NONE);
  let seen = await describe(client, id, topic);
  while (`${seen[0]}`.startsWith("Prepare")) seen = await describe(client, id, topic);
  return seen;
}

/** One transaction that is aborted, and two that are open. */
async function begin(client: RawClient): Promise<Begun> {
  const { name: topic } = await makeTopic(client);
  const producers = new Map<string, Producer>();
  for (const id of [abortedBefore, ...ids]) {
    const producer = await leaveOpen(client, { id, topic });
    producers.set(id, producer);
    if (id === abortedBefore) await end(client, { id, topic, producer });
  }
  return { topic, producers };
}

/** The other broker goes on with what it finds. */
async function goOn(client: RawClient, { topic, producers }: Begun): Promise<void> {
  for (const id of [abortedBefore, ...ids]) {
    await find(client, id, 1);
    await find(client, id, 0);
  }
  assertEquals(await describe(client, abortedBefore, topic), ["CompleteAbort", 0, -1]);
  for (const id of ids) {
    const unstable = ErrorCode.UNSTABLE_OFFSET_COMMIT;
    assertEquals(await describe(client, id, topic), ["Ongoing", unstable, -1]);
  }
  for (
    const [id, state, offset] of [
      ["to-commit", "CompleteCommit", 7],
      ["to-abort", "CompleteAbort", -1],
    ] as const
  ) {
    const producer = producers.get(id)!;
    assertEquals(await end(client, { id, topic, producer }), [state, ErrorCode.NONE, offset]);
  }
  const answer = await lasting(() => fetchFrom(client, { topic, isolationLevel: 1 }));
  assertEquals(Number(answer.lastStableOffset), Number(answer.highWatermark));
  assertEquals(
    answer.abortedTransactions?.map(({ producerId }) => Number(producerId)).sort(),
    [abortedBefore, "to-abort"].map((id) => producers.get(id)?.producerId).sort(),
  );
}

await carriedBothWays({
  what: "transactions",
  toOttla: "transactions that Kafka left open go on here, and end as their producers say",
  toKafka: "transactions that were left open here go on in Kafka",
  begin,
  goOn,
});
