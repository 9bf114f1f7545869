// Transactions, for tools: list, describe, find those that nobody will end, end one by hand.
//
// Loaded when it is asked for: few programs need these tables.

import type { BrokerId, PartitionId, ProducerId } from "../../base/ids.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import { WriteTxnMarkers } from "../../protocol/apis/27_write_txn_markers.ts";
import { DescribeProducers } from "../../protocol/apis/61_describe_producers.ts";
import { DescribeTransactions } from "../../protocol/apis/65_describe_transactions.ts";
import { ListTransactions } from "../../protocol/apis/66_list_transactions.ts";
import type { Client } from "../client.ts";
import { withCoordinator } from "../coordinators.ts";
import { checkCode, onlyAnswer } from "../faults.ts";
import { byTopic, nameOf, type TopicPartition } from "../topic_partition.ts";

/** A leader is asked for so many partitions at a time. */
const partitionsAtOnce = 1_000;

/** A transactional id in a list. */
export interface ListedTransaction {
  /** The name of the producer. */
  readonly transactionalId: string;
  /** Its present id. */
  readonly producerId: ProducerId;
  /** Kafka's words: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort. */
  readonly state: string;
  /** The broker that coordinates it. */
  readonly coordinator: BrokerId;
}

/** A transactional id with its transaction. */
export interface DescribedTransaction extends ListedTransaction {
  /** Its present epoch. */
  readonly producerEpoch: number;
  /** A transaction that is open for longer is aborted. */
  readonly timeoutMs: number;
  /** When the transaction began, in milliseconds since the epoch; -1 where there is none. */
  readonly startMs: Int64;
  /** What is in it. */
  readonly partitions: readonly TopicPartition[];
}

/** A producer that a partition remembers: an idempotent one, in a transaction or not. */
export interface ActiveProducer extends TopicPartition {
  /** Its id. */
  readonly producerId: ProducerId;
  /** The epoch of its records. */
  readonly producerEpoch: number;
  /** The sequence number of its last record. */
  readonly lastSequence: number;
  /** The term of the coordinator that was last heard of; -1 for none. */
  readonly coordinatorEpoch: number;
  /** Where its open transaction begins; undefined where it has none. */
  readonly startOffset: Int64 | undefined;
  /** When it last wrote, in milliseconds since the epoch. */
  readonly lastMs: Int64;
}

/** A producer with a transaction that is open in a partition. */
export interface OpenTransaction extends ActiveProducer {
  /** Where it begins: readers of committed records wait in front of it. */
  readonly startOffset: Int64;
}

/** The transactional ids of every broker, in order; `producerIds`: of these only. */
export async function listTransactions(
  client: Client,
  { producerIds = [] }: { readonly producerIds?: readonly ProducerId[] } = {},
): Promise<ListedTransaction[]> {
  const { brokers } = await client.fetchMetadata([]);
  const listed = await Promise.all(brokers.map(async ({ id }) => {
    const request = {
      stateFilters: [],
      producerIdFilters: [...producerIds],
      durationFilter: -1,
      transactionalIdPattern: null,
    };
    const answer = await client.request(ListTransactions, request, { to: id });
    checkCode(answer.errorCode, "list transactions");
    return answer.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
      transactionalId,
      producerId,
      state: transactionState,
      coordinator: id,
    }));
  }));
  return listed.flat().sort((a, b) => a.transactionalId < b.transactionalId ? -1 : 1);
}

/** One transactional id. Throws TRANSACTIONAL_ID_NOT_FOUND when there is none. */
export async function describeTransaction(
  client: Client,
  transactionalId: string,
): Promise<DescribedTransaction> {
  const about = `describe the transaction of ${transactionalId}`;
  return await withCoordinator(client, async (coordinator) => {
    const request = { transactionalIds: [transactionalId] };
    const answer = await client.request(DescribeTransactions, request, { to: coordinator });
    const state = onlyAnswer(answer.transactionStates, about);
    checkCode(state.errorCode, about);
    return {
      transactionalId,
      producerId: state.producerId,
      producerEpoch: state.producerEpoch,
      state: state.transactionState,
      coordinator,
      timeoutMs: state.transactionTimeoutMs,
      startMs: state.transactionStartTimeMs,
      partitions: state.topics.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition }))
      ),
    };
  }, { key: transactionalId, kind: "transaction" });
}

/** What is open in the partitions of `topics`, as their leaders know it. */
export async function openTransactions(
  client: Client,
  topics: readonly string[],
): Promise<OpenTransaction[]> {
  return (await activeProducers(client, topics)).flatMap(({ startOffset, ...producer }) =>
    startOffset === undefined ? [] : [{ ...producer, startOffset }]
  );
}

/** The producers that the partitions of `topics` remember, as their leaders know them. */
export async function activeProducers(
  client: Client,
  topics: readonly string[],
): Promise<ActiveProducer[]> {
  const metadata = await client.fetchMetadata(topics);
  const asked = metadata.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition, leader }) => ({ topic: name, partition, leader }))
  );
  const active: ActiveProducer[] = [];
  for (const [leader, led] of Map.groupBy(asked, ({ leader }) => leader)) {
    for (let from = 0; from < led.length; from += partitionsAtOnce) {
      const some = led.slice(from, from + partitionsAtOnce);
      active.push(...await producersOf(client, some, { leader }));
    }
  }
  const places = new Map(asked.map((at, i) => [nameOf(at), i]));
  const placeOf = (producer: ActiveProducer) => places.get(nameOf(producer)) ?? 0;
  return active.sort((a, b) => placeOf(a) - placeOf(b));
}

/** The producers of partitions that `leader` leads. */
async function producersOf(
  client: Client,
  asked: readonly TopicPartition[],
  { leader }: { readonly leader: BrokerId },
): Promise<ActiveProducer[]> {
  const topics = [...byTopic(asked)].map(([name, those]) => ({
    name,
    partitionIndexes: those.map(({ partition }) => partition),
  }));
  const answer = await client.request(DescribeProducers, { topics }, { to: leader });
  const told = new Map(
    answer.topics.flatMap(({ name: topic, partitions }) =>
      partitions.map((each) => [nameOf({ topic, partition: each.partitionIndex }), each])
    ),
  );
  return asked.flatMap(({ topic, partition }) => {
    const about = `describe the producers of ${topic}-${partition}`;
    const answered = told.get(nameOf({ topic, partition }));
    const { errorCode, errorMessage, activeProducers: producers } = onlyAnswer(
      answered === undefined ? [] : [answered],
      about,
    );
    checkCode(errorCode, about, errorMessage);
    return producers.map((producer) => ({
      topic,
      partition,
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.lastSequence,
      coordinatorEpoch: producer.coordinatorEpoch,
      startOffset: producer.currentTxnStartOffset < 0 ? undefined : producer.currentTxnStartOffset,
      lastMs: producer.lastTimestamp,
    }));
  });
}

/**
 * Those of `open` that nobody will end: their producer has written nothing for `quietMs`, and no
 * coordinator knows that the partition is in an open transaction of theirs (KIP-664).
 */
export async function hangingTransactions(
  client: Client,
  open: readonly OpenTransaction[],
  { nowMs, quietMs }: { readonly nowMs: number; readonly quietMs: number },
): Promise<OpenTransaction[]> {
  const quiet = open.filter(({ lastMs }) => saturated(lastMs) <= nowMs - quietMs);
  if (quiet.length === 0) return [];
  const producerIds = [...new Set(quiet.map(({ producerId }) => producerId))];
  const known = new Set<string>();
  for (const { transactionalId } of await listTransactions(client, { producerIds })) {
    const { producerId, state, partitions } = await describeTransaction(client, transactionalId);
    const isOpen = state === "Ongoing" || state.startsWith("Prepare");
    if (!isOpen) continue;
    for (const each of partitions) known.add(`${producerId} ${nameOf(each)}`);
  }
  return quiet.filter((each) => !known.has(`${each.producerId} ${nameOf(each)}`));
}

/** Aborts what a producer has open in a partition, whatever its coordinator thinks of it. */
export async function abortTransaction(
  client: Client,
  { topic, partition, producerId, producerEpoch, coordinatorEpoch }: OpenTransaction,
): Promise<void> {
  const metadata = await client.fetchMetadata([topic]);
  const { leader } = leaderOf(metadata.topics, { topic, partition });
  const { markers } = await client.request(WriteTxnMarkers, {
    markers: [{
      producerId,
      producerEpoch,
      transactionResult: false,
      topics: [{ name: topic, partitionIndexes: [partition] }],
      coordinatorEpoch: Math.max(0, coordinatorEpoch),
      transactionVersion: 0,
    }],
  }, { to: leader });
  const about = `abort the transaction of producer ${producerId} in ${topic}-${partition}`;
  const partitions = markers.flatMap(({ topics }) => topics.flatMap((each) => each.partitions));
  checkCode(onlyAnswer(partitions, about).errorCode, about);
}

function leaderOf(
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partition: PartitionId;
      readonly leader: BrokerId;
    }[];
  }[],
  { topic, partition }: TopicPartition,
): { readonly leader: BrokerId } {
  const found = topics.find(({ name }) => name === topic)?.partitions
    .find((each) => each.partition === partition);
  return found ?? { leader: -1 };
}
