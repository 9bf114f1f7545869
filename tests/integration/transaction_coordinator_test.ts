// The transaction coordinator over the wire, in simulated time: producers and their epochs, what
// belongs to a transaction, its end, and its markers, which come though the broker stops on the way
// or a partition is not there.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { AddOffsetsToTxn } from "../../src/protocol/apis/25_add_offsets_to_txn.ts";
import { AddPartitionsToTxn } from "../../src/protocol/apis/24_add_partitions_to_txn.ts";
import { UpdateFeatures } from "../../src/protocol/apis/57_update_features.ts";
import { DescribeTransactions } from "../../src/protocol/apis/65_describe_transactions.ts";
import { WriteTxnMarkers } from "../../src/protocol/apis/27_write_txn_markers.ts";
import { TxnOffsetCommit } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import { EndTxn } from "../../src/protocol/apis/26_end_txn.ts";
import { ListTransactions } from "../../src/protocol/apis/66_list_transactions.ts";
import {
  ApiVersions,
  DeleteTopics,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  Metadata,
  OffsetFetch,
} from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo, recordsOf } from "../harness/raw_requests.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";

const { NONE, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE, PRODUCER_FENCED } = ErrorCode;

const settings = {
  "transaction.state.log.num.partitions": 2,
  "offsets.topic.num.partitions": 1,
};

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Takes `transactionalId` over, and asks again while its last transaction is being ended. */
async function init(
  scene: SimulatedScene,
  client: RawClient,
  o: { transactionalId: string; timeoutMs?: number },
): Promise<Producer> {
  const { transactionalId, timeoutMs: transactionTimeoutMs = 60_000 } = o;
  const found = await client.ask(FindCoordinator, 4, {
    keyType: 1,
    coordinatorKeys: [transactionalId],
  });
  assertEquals(found.coordinators[0].errorCode, NONE);
  for (;;) {
    const request = { transactionalId, transactionTimeoutMs };
    const { errorCode, producerId, producerEpoch } = await client.ask(InitProducerId, 4, request);
    if (errorCode === NONE) return { producerId: Number(producerId), producerEpoch };
    assertEquals(errorCode, CONCURRENT_TRANSACTIONS);
    await scene.pass(20);
  }
}

async function add(
  client: RawClient,
  transactionalId: string,
  { producerId, producerEpoch, topics }: Producer & { topics: Record<string, number[]> },
): Promise<ErrorCode[]> {
  const { resultsByTopicV3AndBelow } = await client.ask(AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: Object.entries(topics).map(([name, partitions]) => ({ name, partitions })),
  });
  return resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
    resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode as ErrorCode)
  );
}

/** EndTxn 5: the epoch is the next one from then on. */
async function end(
  client: RawClient,
  transactionalId: string,
  { committed, ...producer }: Producer & { committed: boolean },
): Promise<Producer> {
  const answer = await client.ask(EndTxn, 5, { transactionalId, ...producer, committed });
  assertEquals(answer.errorCode, NONE);
  return { producerId: Number(answer.producerId), producerEpoch: answer.producerEpoch };
}

async function describe(client: RawClient, transactionalId: string) {
  const { transactionStates } = await client.ask(DescribeTransactions, 0, {
    transactionalIds: [transactionalId],
  });
  return transactionStates[0];
}

/** What a read_committed reader is given of partition 0 of `topic`, and what of it was aborted. */
async function committed(client: RawClient, topic: string) {
  const answer = await fetchFrom(client, { topic, isolationLevel: 1 });
  const records = answer.records?.length ? recordsOf(answer) : [];
  const values = records.map(([, value]) => value).filter((value) => value.startsWith("sent"));
  const aborted = answer.abortedTransactions ?? [];
  return [values, aborted.map(({ producerId }) => Number(producerId))];
}

/** Produces as the second protocol has it: nothing was added before. */
async function send(
  client: RawClient,
  o: Producer & { transactionalId: string; topic: string; value: string; baseSequence?: number },
): Promise<ErrorCode> {
  const { transactionalId, topic, value, baseSequence = 0, ...producer } = o;
  const records = batchOf([value], { ...producer, baseSequence, isTransactional: true });
  const answer = await produceTo(client, { topic, records, transactionalId, version: 12 });
  return answer.errorCode as ErrorCode;
}

/** Resolves once the transaction is in `state`. */
async function until(scene: SimulatedScene, client: RawClient, o: { id: string; state: string }) {
  for (;;) {
    const { transactionState } = await describe(client, o.id);
    if (transactionState === o.state) return;
    await scene.pass(10);
  }
}

Deno.test("a producer takes its id, adds partitions and commits; its next epoch is told", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client, { partitions: 2 });
    const first = await init(scene, client, { transactionalId: "t" });
    assertEquals(first.producerEpoch, 0);
    assertEquals(await add(client, "t", { ...first, topics: { [topic]: [0, 1] } }), [NONE, NONE]);
    const open = await describe(client, "t");
    assertEquals([open.transactionState, open.producerEpoch], ["Ongoing", 0]);
    assertEquals(open.topics, [{ topic, partitions: [0, 1] }]);
    const next = await end(client, "t", { ...first, committed: true });
    assertEquals(next, { ...first, producerEpoch: 1 });
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    assertEquals((await describe(client, "t")).topics, []);
  }));

Deno.test("a second instance fences the first, and its transaction is aborted", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const old = await init(scene, client, { transactionalId: "t" });
    await add(client, "t", { ...old, topics: { [topic]: [0] } });
    const present = await init(scene, client, { transactionalId: "t" });
    assertEquals(present, { ...old, producerEpoch: 2 });
    const topics = { [topic]: [0] };
    assertEquals(await add(client, "t", { ...old, topics }), [PRODUCER_FENCED]);
    assertEquals(await add(client, "t", { ...present, topics }), [NONE]);
    // Below version 2 the word is another one.
    const request = { transactionalId: "t", ...old, committed: true };
    const { errorCode } = await client.ask(EndTxn, 1, request);
    assertEquals(errorCode, ErrorCode.INVALID_PRODUCER_EPOCH);
  }));

Deno.test("all partitions are added or none, and the cluster's own topics never", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const producer = await init(scene, client, { transactionalId: "t" });
    assertEquals(await add(client, "t", { ...producer, topics: { [topic]: [0, 7] } }), [
      ErrorCode.OPERATION_NOT_ATTEMPTED,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    const internal = { [topic]: [0], __transaction_state: [0] };
    assertEquals(await add(client, "t", { ...producer, topics: internal }), [
      ErrorCode.OPERATION_NOT_ATTEMPTED,
      ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ]);
    assertEquals((await describe(client, "t")).transactionState, "Empty");
    const group = { transactionalId: "t", ...producer, groupId: "g" };
    assertEquals((await client.ask(AddOffsetsToTxn, 3, group)).errorCode, NONE);
    const { topics } = await describe(client, "t");
    assertEquals(topics, [{ topic: "__consumer_offsets", partitions: [0] }]);
  }));

Deno.test("brokers add for many producers at once, or only ask", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name } = await makeTopic(client, { partitions: 2 });
    const producer = await init(scene, client, { transactionalId: "t" });
    const of = (partitions: number[], verifyOnly: boolean) => ({
      transactionalId: "t",
      ...producer,
      verifyOnly,
      topics: [{ name, partitions }],
    });
    const ask = async (version: number, transactions: ReturnType<typeof of>[]) => {
      const answer = await client.ask(AddPartitionsToTxn, version, { transactions });
      return answer.resultsByTransaction.map(({ topicResults }) =>
        topicResults[0].resultsByPartition.map((each) => each.partitionErrorCode)
      );
    };
    assertEquals(await ask(5, [of([0], false), of([0, 1], true)]), [
      [NONE],
      [NONE, ErrorCode.TRANSACTION_ABORTABLE],
    ]);
    assertEquals(await ask(4, [of([1], true)]), [[INVALID_TXN_STATE]]);
  }));

Deno.test("what is open for too long is aborted, and what nobody uses is forgotten", () =>
  simulated({
    settings: { ...settings, "transactional.id.expiration.ms": 1_000_000 },
  }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const producer = await init(scene, client, { transactionalId: "t", timeoutMs: 30_000 });
    await add(client, "t", { ...producer, topics: { [topic]: [0] } });
    await scene.pass(29_000);
    assertEquals((await describe(client, "t")).transactionState, "Ongoing");
    await scene.pass(12_000);
    assertEquals((await describe(client, "t")).transactionState, "CompleteAbort");
    await scene.pass(4_000_000);
    // The first connection was idle for long, and was closed.
    using later = await scene.connect();
    assertEquals((await describe(later, "t")).errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
  }));

Deno.test("a deleted topic keeps no transaction from completing", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: gone } = await makeTopic(client);
    const { name: kept } = await makeTopic(client);
    const producer = await init(scene, client, { transactionalId: "t" });
    await add(client, "t", { ...producer, topics: { [gone]: [0], [kept]: [0] } });
    await client.ask(DeleteTopics, 5, { topicNames: [gone], timeoutMs: 1_000 });
    await end(client, "t", { ...producer, committed: true });
    await until(scene, client, { id: "t", state: "CompleteCommit" });
  }));

Deno.test("transactions are listed by state, producer and duration", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const a = await init(scene, client, { transactionalId: "a" });
    await init(scene, client, { transactionalId: "b" });
    await add(client, "a", { ...a, topics: { [topic]: [0] } });
    await scene.pass(1_000);
    const list = async (filters: Record<string, unknown>) => {
      const base = { stateFilters: [], producerIdFilters: [] };
      const answer = await client.ask(ListTransactions, 1, { ...base, ...filters });
      const ids = answer.transactionStates.map(({ transactionalId }) => transactionalId).sort();
      return [ids, answer.unknownStateFilters];
    };
    assertEquals(await list({}), [["a", "b"], []]);
    assertEquals(await list({ stateFilters: ["Ongoing", "Odd"] }), [["a"], ["Odd"]]);
    assertEquals(await list({ stateFilters: ["Odd"] }), [[], ["Odd"]]);
    const like = async (transactionalIdPattern: string | null) => {
      const base = { stateFilters: [], producerIdFilters: [], durationFilter: -1 };
      const answer = await client.ask(ListTransactions, 2, { ...base, transactionalIdPattern });
      return [answer.errorCode, answer.transactionStates.length];
    };
    assertEquals(await like("[ac]+"), [NONE, 1]);
    assertEquals(await like(null), [NONE, 2]);
    assertEquals(await like("[a"), [ErrorCode.INVALID_REGULAR_EXPRESSION, 0]);
    assertEquals(await list({ producerIdFilters: [a.producerId] }), [["a"], []]);
    assertEquals(await list({ stateFilters: ["Ongoing"], durationFilter: 60_000 }), [[], []]);
    assertEquals(await list({ stateFilters: ["Ongoing"], durationFilter: 500 }), [["a"], []]);
  }));

Deno.test("the level of the protocol is a feature, which clients of before cannot read", () =>
  simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    const software = { clientSoftwareName: "raw", clientSoftwareVersion: "1" };
    const featuresAt = async (version: number) => {
      const answer = await client.ask(ApiVersions, version, software);
      const supported = answer.supportedFeatures.map(({ name }) => name);
      const level = answer.finalizedFeatures.find(({ name }) => name === "transaction.version");
      return [supported.includes("transaction.version"), level?.maxVersionLevel];
    };
    assertEquals(await featuresAt(4), [true, 2]);
    assertEquals(await featuresAt(3), [false, 2]);
    const change = { feature: "transaction.version", maxVersionLevel: 1, upgradeType: 2 };
    const lowered = await client.ask(UpdateFeatures, 1, {
      timeoutMs: 1_000,
      featureUpdates: [change],
      validateOnly: false,
    });
    assertEquals(lowered.errorCode, NONE);
    assertEquals(await featuresAt(4), [true, 1]);
  }));

Deno.test("the topic of transactions is made when an id needs it, as it is configured", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const names = async () => {
      const { topics } = await client.ask(Metadata, 9, { topics: null });
      return topics.map((
        { name, partitions, isInternal },
      ) => [name, partitions.length, isInternal]);
    };
    assertEquals(await names(), []);
    await init(scene, client, { transactionalId: "t" });
    assertEquals(await names(), [["__transaction_state", 2, true]]);
    assert(scene.bugs.length === 0);
  }));

Deno.test("a reader of committed records sees a transaction once it has committed", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const transactionalId = "t";
    const first = await init(scene, client, { transactionalId });
    assertEquals(await send(client, { ...first, transactionalId, topic, value: "sent 1" }), NONE);
    assertEquals(await committed(client, topic), [[], []]);
    const second = await end(client, "t", { ...first, committed: true });
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    assertEquals(await committed(client, topic), [["sent 1"], []]);
    // At once: the broker waits for the one before to be complete.
    assertEquals(await send(client, { ...second, transactionalId, topic, value: "sent 2" }), NONE);
    const third = await end(client, "t", { ...second, committed: false });
    assertEquals(await send(client, { ...third, transactionalId, topic, value: "sent 3" }), NONE);
    await end(client, "t", { ...third, committed: true });
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    const { producerId } = first;
    assertEquals(await committed(client, topic), [["sent 1", "sent 2", "sent 3"], [producerId]]);
    // An epoch that was left behind.
    const late = { ...first, transactionalId, topic, value: "sent 4", baseSequence: 1 };
    assertEquals(await send(client, late), ErrorCode.INVALID_PRODUCER_EPOCH);
  }));

Deno.test("many transactions one after the other, each with an epoch of its own", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const transactionalId = "t";
    let producer = await init(scene, client, { transactionalId });
    for (let i = 0; i < 30; i++) {
      const value = `sent ${i}`;
      assertEquals(await send(client, { ...producer, transactionalId, topic, value }), NONE);
      producer = await end(client, "t", { ...producer, committed: i % 3 !== 0 });
    }
    assertEquals(producer.producerEpoch, 30);
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    const [, aborted] = await committed(client, topic);
    assertEquals(aborted.length, 10);
  }));

Deno.test("offsets of a transaction count once it has committed", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic, ...made } = await makeTopic(client);
    let { topicId } = made;
    await client.findCoordinator("g");
    let producer = await init(scene, client, { transactionalId: "t" });
    const commit = async (committedOffset: number, version: number) => {
      const partitions = [
        { partitionIndex: 0, committedOffset, committedMetadata: "" },
        { partitionIndex: 7, committedOffset, committedMetadata: "" },
      ];
      const { topics } = await client.ask(TxnOffsetCommit, version, {
        transactionalId: "t",
        groupId: "g",
        ...producer,
        generationIdOrMemberEpoch: -1,
        memberId: "",
        groupInstanceId: null,
        topics: [{ name: topic, topicId, partitions }],
      });
      return topics[0].partitions.map(({ errorCode }) => errorCode);
    };
    const fetched = async (requireStable: boolean) => {
      const { groups } = await client.ask(OffsetFetch, 8, {
        groups: [{ groupId: "g", topics: [{ name: topic, partitionIndexes: [0] }] }],
        requireStable,
      });
      const [{ errorCode, committedOffset }] = groups[0].topics[0].partitions;
      return [errorCode, Number(committedOffset)];
    };
    const done = [NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION];
    assertEquals(await commit(5, 5), done);
    assertEquals(await fetched(false), [NONE, -1]);
    assertEquals(await fetched(true), [ErrorCode.UNSTABLE_OFFSET_COMMIT, -1]);
    producer = await end(client, "t", { ...producer, committed: true });
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    assertEquals(await fetched(true), [NONE, 5]);
    assertEquals(await commit(9, 5), done);
    producer = await end(client, "t", { ...producer, committed: false });
    await until(scene, client, { id: "t", state: "CompleteAbort" });
    assertEquals(await fetched(true), [NONE, 5]);
    // An older producer adds the group before.
    const notAdded = [ErrorCode.INVALID_TXN_STATE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION];
    assertEquals(await commit(11, 3), notAdded);
    const group = { transactionalId: "t", ...producer, groupId: "g" };
    assertEquals((await client.ask(AddOffsetsToTxn, 3, group)).errorCode, NONE);
    assertEquals(await commit(11, 3), done);
    const ended = await client.ask(EndTxn, 3, {
      transactionalId: "t",
      ...producer,
      committed: true,
    });
    assertEquals(ended.errorCode, NONE);
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    assertEquals(await fetched(true), [NONE, 11]);
    // From version 6 on topics go by their ids.
    assertEquals(await commit(12, 6), done);
    producer = await end(client, "t", { ...producer, committed: true });
    await until(scene, client, { id: "t", state: "CompleteCommit" });
    assertEquals(await fetched(true), [NONE, 12]);
    topicId = ZERO_UUID;
    const unknown = ErrorCode.UNKNOWN_TOPIC_ID;
    assertEquals(await commit(13, 6), [unknown, unknown]);
  }));

Deno.test("a tool ends a transaction in one partition by hand", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const transactionalId = "t";
    const producer = await init(scene, client, { transactionalId });
    assertEquals(await send(client, { ...producer, transactionalId, topic, value: "sent" }), NONE);
    const marker = { ...producer, transactionResult: false, coordinatorEpoch: 0 };
    const { markers } = await client.ask(WriteTxnMarkers, 1, {
      markers: [{ ...marker, topics: [{ name: topic, partitionIndexes: [0, 7] }] }],
    });
    assertEquals(markers[0].topics[0].partitions.map(({ errorCode }) => errorCode), [
      NONE,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    assertEquals(await committed(client, topic), [["sent"], [producer.producerId]]);
  }));

Deno.test("a commit of nobody's group, or of nothing that is there, begins no transaction", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    await client.findCoordinator("g");
    const producer = await init(scene, client, { transactionalId: "t" });
    const commit = async (groupId: string, partitionIndex: number) => {
      const partitions = [{ partitionIndex, committedOffset: 5, committedMetadata: "" }];
      const { topics } = await client.ask(TxnOffsetCommit, 5, {
        transactionalId: "t",
        groupId,
        ...producer,
        generationIdOrMemberEpoch: -1,
        memberId: "",
        groupInstanceId: null,
        topics: [{ name: topic, partitions }],
      });
      return topics[0].partitions[0].errorCode;
    };
    assertEquals(await commit("", 0), ErrorCode.INVALID_GROUP_ID);
    assertEquals(await commit("g", 7), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assertEquals((await describe(client, "t")).transactionState, "Empty");
  }));

Deno.test("without verification an older producer's offsets are taken as they come", () =>
  simulated({
    settings: { ...settings, "transaction.partition.verification.enable": "false" },
  }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    await client.findCoordinator("g");
    const producer = await init(scene, client, { transactionalId: "t" });
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: "" }];
    const { topics } = await client.ask(TxnOffsetCommit, 3, {
      transactionalId: "t",
      groupId: "g",
      ...producer,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      topics: [{ name: topic, partitions }],
    });
    assertEquals(topics[0].partitions[0].errorCode, NONE);
  }));
