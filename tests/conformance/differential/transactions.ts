// Questions about transactions: to their coordinator, of both protocols, by producers of every age.

import { AddOffsetsToTxn } from "../../../src/protocol/apis/25_add_offsets_to_txn.ts";
import { AddPartitionsToTxn } from "../../../src/protocol/apis/24_add_partitions_to_txn.ts";
import { DescribeTransactions } from "../../../src/protocol/apis/65_describe_transactions.ts";
import { EndTxn } from "../../../src/protocol/apis/26_end_txn.ts";
import { ListTransactions } from "../../../src/protocol/apis/66_list_transactions.ts";
import { TxnOffsetCommit } from "../../../src/protocol/apis/28_txn_offset_commit.ts";
import {
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import { within } from "../../harness/deadline.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

const settledWithinMs = 20_000;

/** Finds the coordinator of the talk's transactional id, which is called as its group is. */
async function find(talk: Talk): Promise<void> {
  const look = async () => {
    for (;;) {
      const request = { keyType: 1, coordinatorKeys: [talk.group] };
      const { coordinators } = await talk.need(FindCoordinator, request, { version: 4 });
      if (coordinators[0].errorCode === ErrorCode.NONE) return;
    }
  };
  await within(look(), { ms: settledWithinMs, what: () => "a coordinator" });
}

/** Becomes the producer; asks again while the coordinator loads, or a transaction is ended. */
async function init(talk: Talk): Promise<Producer> {
  const request = { transactionalId: talk.group, transactionTimeoutMs: 60_000 };
  const passing: readonly number[] = [
    ErrorCode.CONCURRENT_TRANSACTIONS,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
  ];
  const look = async () => {
    for (;;) {
      const answer = await talk.need(InitProducerId, request, { version: 4 });
      if (!passing.includes(answer.errorCode)) return answer;
    }
  };
  const { producerId, producerEpoch } = await within(look(), {
    ms: settledWithinMs,
    what: () => "a producer id",
  });
  return { producerId: Number(producerId), producerEpoch };
}

/** Resolves once no marker is on its way. */
async function settled(talk: Talk): Promise<void> {
  const look = async () => {
    for (;;) {
      const request = { transactionalIds: [talk.group] };
      const { transactionStates } = await talk.need(DescribeTransactions, request, { version: 0 });
      if (!transactionStates[0].transactionState.startsWith("Prepare")) return;
    }
  };
  await within(look(), { ms: settledWithinMs, what: () => "the end of the transaction" });
}

async function add(
  talk: Talk,
  producer: Producer,
  o: { version?: number; id?: string; partitions?: number[]; topic?: string } = {},
): Promise<void> {
  const { id = talk.group, partitions = [0], topic = talk.topic, version } = o;
  await talk.ask(AddPartitionsToTxn, {
    v3AndBelowTransactionalId: id,
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: [{ name: topic, partitions }],
  }, {
    ...version === undefined ? {} : { version },
    // Kafka's order is that of a hash.
    look: ({ resultsByTopicV3AndBelow }: ResponseOf<typeof AddPartitionsToTxn>) =>
      resultsByTopicV3AndBelow.map(({ name, resultsByPartition }) => [
        name,
        sortedBy(resultsByPartition, ({ partitionIndex }) => partitionIndex),
      ]),
  });
}

async function end(talk: Talk, producer: Producer, committed: boolean): Promise<Producer> {
  const request = { transactionalId: talk.group, ...producer, committed };
  const answer = await talk.ask(EndTxn, request, {
    look: ({ errorCode, producerEpoch, producerId }: ResponseOf<typeof EndTxn>) => ({
      errorCode,
      producerEpoch,
      isSame: Number(producerId) === producer.producerId,
    }),
  });
  await settled(talk);
  if (answer.errorCode !== ErrorCode.NONE || talk.version < 5) return producer;
  return { producerId: Number(answer.producerId), producerEpoch: answer.producerEpoch };
}

const describeState = (talk: Talk) =>
  talk.ask(DescribeTransactions, { transactionalIds: [talk.group, "", "nobody"] }, {
    version: 0,
    look: ({ transactionStates }: ResponseOf<typeof DescribeTransactions>) =>
      transactionStates.map((each) => [
        each.errorCode,
        each.transactionState,
        each.producerEpoch,
        each.transactionTimeoutMs,
        Number(each.transactionStartTimeMs) > 0,
        each.topics.map(({ topic, partitions }) => [topic, partitions.toSorted()]),
      ]),
  });

/** A topic of two partitions, and a producer. */
async function beginning(talk: Talk): Promise<Producer> {
  await talk.createTopic({ partitions: 2 });
  await find(talk);
  return await init(talk);
}

export const transactionScenarios: readonly Scenario[] = [
  {
    about: EndTxn,
    name: "ends, asked for again, the other way, and where nothing is open",
    async run(talk) {
      let producer = await beginning(talk);
      await describeState(talk);
      await end(talk, producer, true);
      await add(talk, producer, { version: 3 });
      await describeState(talk);
      const before = producer;
      producer = await end(talk, producer, true);
      await describeState(talk);
      await end(talk, before, true);
      await end(talk, before, false);
      await end(talk, producer, true);
      await add(talk, producer, { version: 3, partitions: [0, 1] });
      producer = await end(talk, producer, false);
      await describeState(talk);
      producer = await end(talk, producer, false);
      await describeState(talk);
    },
  },
  {
    about: EndTxn,
    name: "of another producer, another epoch, another id",
    async run(talk) {
      const producer = await beginning(talk);
      await add(talk, producer, { version: 3 });
      await end(talk, { ...producer, producerEpoch: producer.producerEpoch + 1 }, true);
      await end(talk, { ...producer, producerEpoch: producer.producerEpoch - 1 }, true);
      await end(talk, { ...producer, producerId: producer.producerId + 777 }, true);
      for (const transactionalId of ["", "nobody"]) {
        const request = { transactionalId, ...producer, committed: true };
        await talk.ask(EndTxn, request);
      }
      const next = await init(talk);
      await end(talk, producer, true);
      await end(talk, next, false);
    },
  },
  {
    about: AddPartitionsToTxn,
    name: "partitions that are there, and that are not",
    versions: { max: 3 },
    async run(talk) {
      const producer = await beginning(talk);
      await add(talk, producer);
      await add(talk, producer);
      await add(talk, producer, { partitions: [0, 1] });
      await add(talk, producer, { partitions: [1, 7] });
      await add(talk, producer, { topic: "nowhere" });
      await add(talk, producer, { topic: "__consumer_offsets" });
      await add(talk, producer, { id: "nobody" });
      await add(talk, { ...producer, producerId: producer.producerId + 777 });
      await add(talk, { ...producer, producerEpoch: 5 });
      await describeState(talk);
    },
  },
  {
    about: InitProducerId,
    name: "with a transactional id",
    versions: { min: 3 },
    async run(talk) {
      await talk.createTopic();
      await find(talk);
      const ask = (o: { expected?: Producer; timeoutMs?: number } = {}) =>
        talk.ask(InitProducerId, {
          transactionalId: talk.group,
          transactionTimeoutMs: o.timeoutMs ?? 60_000,
          ...o.expected,
        }, {
          look: ({ errorCode, producerEpoch }: ResponseOf<typeof InitProducerId>) => ({
            errorCode,
            producerEpoch,
          }),
        });
      const first = await init(talk);
      for (const timeoutMs of [0, -1, 900_001, 900_000]) await ask({ timeoutMs });
      await ask({ expected: { ...first, producerEpoch: first.producerEpoch } });
      const second = await init(talk);
      await ask({ expected: second });
      await ask({ expected: second });
      await ask({ expected: { ...second, producerEpoch: 0 } });
      await ask({ expected: { ...second, producerId: second.producerId + 777 } });
      const third = await init(talk);
      await add(talk, third, { version: 3 });
      await ask();
      await settled(talk);
      await describeState(talk);
      await ask();
      await add(talk, third, { version: 3 });
    },
  },
  {
    about: TxnOffsetCommit,
    name: "offsets of a transaction",
    versions: { max: 5 },
    async run(talk) {
      const producer = await beginning(talk);
      const group = { transactionalId: talk.group, ...producer, groupId: talk.group };
      const commit = (more: Record<string, unknown> = {}, partitionIndex = 0) =>
        talk.ask(TxnOffsetCommit, {
          ...group,
          generationIdOrMemberEpoch: -1,
          memberId: "",
          groupInstanceId: null,
          topics: [{
            name: talk.topic,
            partitions: [{ partitionIndex, committedOffset: 3, committedMetadata: "m" }],
          }],
          ...more,
        });
      if (talk.version < 5) {
        await talk.ask(AddOffsetsToTxn, group, { version: 3 });
        await talk.ask(AddOffsetsToTxn, { ...group, producerEpoch: 7 }, { version: 3 });
      }
      await commit();
      await commit({}, 7);
      if (talk.version >= 3) await commit({ generationIdOrMemberEpoch: 3, memberId: "me" });
      await describeState(talk);
    },
  },
  {
    about: ListTransactions,
    name: "states that there are not",
    async run(talk) {
      await talk.ask(ListTransactions, { stateFilters: ["Odd"], producerIdFilters: [] });
      const states = ["Dead", "PrepareEpochFence", "Odder"];
      await talk.ask(ListTransactions, { stateFilters: states, producerIdFilters: [] });
      const asked = { stateFilters: [], producerIdFilters: [999_999_999] };
      await talk.ask(ListTransactions, asked);
      if (talk.version < 2) return;
      for (const transactionalIdPattern of ["nobody-[0-9]+", "(", "a{,"]) {
        await talk.ask(ListTransactions, { ...asked, transactionalIdPattern });
      }
    },
  },
];
