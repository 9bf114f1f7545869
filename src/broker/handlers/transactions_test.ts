// Handlers about transactions: 22 InitProducerId, 24 AddPartitionsToTxn, 25 AddOffsetsToTxn,
// 26 EndTxn, 27 WriteTxnMarkers, 28 TxnOffsetCommit, 65 DescribeTransactions, 66 ListTransactions.
// What a coordinator decides is told in its own tests, and a transaction's way over the wire in
// tests/integration/transaction_coordinator_test.ts.

import { assertEquals } from "@std/assert";
import { AddPartitionsToTxn } from "../../protocol/apis/24_add_partitions_to_txn.ts";
import { AddOffsetsToTxn } from "../../protocol/apis/25_add_offsets_to_txn.ts";
import { EndTxn } from "../../protocol/apis/26_end_txn.ts";
import { WriteTxnMarkers } from "../../protocol/apis/27_write_txn_markers.ts";
import { TxnOffsetCommit } from "../../protocol/apis/28_txn_offset_commit.ts";
import { DescribeTransactions } from "../../protocol/apis/65_describe_transactions.ts";
import { ListTransactions } from "../../protocol/apis/66_list_transactions.ts";
import { ErrorCode, FindCoordinator, InitProducerId, ListOffsets } from "../../protocol/mod.ts";
import type { RawClient } from "../../../tests/harness/raw_client.ts";
import { makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";
import { missing } from "../../base/items.ts";

const { NONE, INVALID_PRODUCER_ID_MAPPING, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
const transactionalId = "payments";

function withTransactions(scenario: (client: RawClient) => Promise<void>) {
  const settings = { "transaction.state.log.num.partitions": 1, "offsets.topic.num.partitions": 1 };
  return simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator();
    await client.ask(FindCoordinator, 2, { key: transactionalId, keyType: 1 });
    await scenario(client);
  });
}

async function begun(client: RawClient) {
  const request = { transactionalId, transactionTimeoutMs: 60_000 };
  const { producerId, producerEpoch } = await client.ask(InitProducerId, 1, request);
  return { transactionalId, producerId, producerEpoch };
}

Deno.test("InitProducerId gives anybody an id, and each transactional id the same again", () =>
  withTransactions(async (client) => {
    const ask = async (transactionalId: string | null) => {
      const request = { transactionalId, transactionTimeoutMs: 60_000 };
      const { errorCode, producerEpoch } = await client.ask(InitProducerId, 1, request);
      return [errorCode, producerEpoch];
    };
    assertEquals(await ask(null), [NONE, 0]);
    assertEquals(await ask(transactionalId), [NONE, 0]);
    assertEquals(await ask(transactionalId), [NONE, 1]);
    assertEquals(await ask(""), [ErrorCode.INVALID_REQUEST, -1]);
  }));

Deno.test("AddPartitionsToTxn adds all partitions or none, and tells of each why", () =>
  withTransactions(async (client) => {
    const { producerId, producerEpoch } = await begun(client);
    const { name } = await makeTopic(client);
    const add = async (partitions: number[]) => {
      const { resultsByTopicV3AndBelow: [topic = missing()] } = await client.ask(
        AddPartitionsToTxn,
        3,
        {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
          v3AndBelowTopics: [{ name, partitions }],
        },
      );
      return topic.resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode);
    };
    const { OPERATION_NOT_ATTEMPTED } = ErrorCode;
    assertEquals(await add([0, 9]), [OPERATION_NOT_ATTEMPTED, UNKNOWN_TOPIC_OR_PARTITION]);
    assertEquals(await add([0]), [NONE]);
  }));

Deno.test("AddPartitionsToTxn looks at partitions before it looks at an empty id", () =>
  withTransactions(async (client) => {
    const { name } = await makeTopic(client);
    const { resultsByTopicV3AndBelow: told } = await client.ask(AddPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: "",
      v3AndBelowProducerId: 1,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: [
        { name, partitions: [0] },
        { name: "absent", partitions: [0] },
        { name: "none", partitions: [] },
      ],
    });
    const codes = told.map(({ name, resultsByPartition }) => [
      name,
      ...resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
    ]);
    assertEquals(codes, [
      [name, ErrorCode.OPERATION_NOT_ATTEMPTED],
      ["absent", UNKNOWN_TOPIC_OR_PARTITION],
    ]);
  }));

Deno.test("who is not the producer of a transactional id may neither add to it nor end it", () =>
  withTransactions(async (client) => {
    const claim = { ...await begun(client), producerId: 999 };
    const added = await client.ask(AddOffsetsToTxn, 3, { ...claim, groupId: "group" });
    assertEquals(added.errorCode, INVALID_PRODUCER_ID_MAPPING);
    const ended = await client.ask(EndTxn, 3, { ...claim, committed: true });
    assertEquals(ended.errorCode, INVALID_PRODUCER_ID_MAPPING);
  }));

Deno.test("TxnOffsetCommit stores offsets beside partitions that are not there", () =>
  withTransactions(async (client) => {
    const claim = await begun(client);
    const { name } = await makeTopic(client);
    await client.ask(AddOffsetsToTxn, 3, { ...claim, groupId: "group" });
    const partitions = [0, 9].map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 5,
      committedMetadata: null,
    }));
    const topics = [{ name, partitions }];
    const answer = await client.ask(TxnOffsetCommit, 3, { ...claim, groupId: "group", topics });
    assertEquals(answer.topics[0]!.partitions.map(({ errorCode }) => errorCode), [
      NONE,
      UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  }));

Deno.test("WriteTxnMarkers ends what producers have open, partition by partition", () =>
  withTransactions(async (client) => {
    const { name } = await makeTopic(client);
    const { markers: [marker = missing()] } = await client.ask(WriteTxnMarkers, 1, {
      markers: [{
        producerId: 5,
        producerEpoch: 0,
        transactionResult: false,
        topics: [{ name, partitionIndexes: [0, 9] }],
        coordinatorEpoch: 0,
      }],
    });
    assertEquals(marker.topics[0]!.partitions.map(({ errorCode }) => errorCode), [
      NONE,
      UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  }));

Deno.test("WriteTxnMarkers writes none for a producer or an epoch that is none", () =>
  withTransactions(async (client) => {
    const { name } = await makeTopic(client);
    const codes: number[] = [];
    for (const [producerId, producerEpoch] of [[5, -1], [-1, 0]] as const) {
      const { markers: [marker = missing()] } = await client.ask(WriteTxnMarkers, 1, {
        markers: [{
          producerId,
          producerEpoch,
          transactionResult: true,
          topics: [{ name, partitionIndexes: [0] }],
          coordinatorEpoch: 0,
        }],
      });
      codes.push(...marker.topics[0]!.partitions.map(({ errorCode }) => errorCode));
    }
    const { INVALID_PRODUCER_EPOCH } = ErrorCode;
    assertEquals(codes, [INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_EPOCH]);
    const { topics } = await client.ask(ListOffsets, 5, {
      replicaId: -1,
      topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    assertEquals(topics[0]!.partitions.map(({ offset }) => offset), [0]);
  }));

Deno.test("DescribeTransactions knows each transactional id for itself", () =>
  withTransactions(async (client) => {
    await begun(client);
    const { transactionStates } = await client.ask(DescribeTransactions, 0, {
      transactionalIds: [transactionalId, "missing", ""],
    });
    assertEquals(
      transactionStates.map(({ errorCode, transactionState }) => [errorCode, transactionState]),
      [
        [NONE, "Empty"],
        [ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, ""],
        [ErrorCode.INVALID_REQUEST, ""],
      ],
    );
  }));

Deno.test("ListTransactions filters by state, and tells which states there are none of", () =>
  withTransactions(async (client) => {
    await begun(client);
    const list = async (stateFilters: string[]) => {
      const answer = await client.ask(ListTransactions, 0, { stateFilters, producerIdFilters: [] });
      const ids = answer.transactionStates.map((each) => each.transactionalId);
      return [ids, answer.unknownStateFilters];
    };
    assertEquals(await list([]), [[transactionalId], []]);
    assertEquals(await list(["Ongoing"]), [[], []]);
    assertEquals(await list(["Empty", "Sleeping"]), [[transactionalId], ["Sleeping"]]);
  }));
