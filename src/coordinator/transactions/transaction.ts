// One transactional id: its producer, the state of its transaction, the partitions in it.
//
// A Transaction is what one record of __transaction_state says, and never changes: the next record
// brings the next one. What is forgotten with the process lies beside it, in an Entry.

import type { PartitionId, ProducerId } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";

/** The states as tools see them, in the order of the numbers that records have for them. */
export const transactionStates = [
  "Empty",
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
  "Dead",
  "PrepareEpochFence",
] as const;

/** The last two are Kafka's names for what is under way there; here an append has no such time. */
export type TransactionState = typeof transactionStates[number];

/** Partitions by their topic. */
export type PartitionsByTopic = ReadonlyMap<string, ReadonlySet<PartitionId>>;

/** What a record says. */
export interface Transaction {
  readonly transactionalId: string;
  readonly state: TransactionState;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  /** The id before the last change: a producer that has not heard of its new id says this one. */
  readonly previousProducerId: ProducerId;
  /** The id that the producer goes on with once a transaction has used up its epochs; else -1. */
  readonly nextProducerId: ProducerId;
  readonly nextProducerEpoch: number;
  readonly timeoutMs: number;
  readonly partitions: PartitionsByTopic;
  /** When the transaction began, in milliseconds since the epoch; -1 where there is none. */
  readonly startMs: Int64;
  readonly updatedMs: Int64;
  /** The producer's version of the protocol: 2 has an epoch for each transaction (KIP-890). */
  readonly clientVersion: number;
}

/** A transactional id, with what is known of it until the process ends. */
export interface Entry {
  readonly transaction: Transaction;
  /** The producer's epoch before this one, if it may not have heard of this one yet; else -1. */
  lastProducerEpoch: number;
  /** Of a prepared transaction: the partitions whose marker is not known to be written. */
  unmarked: PartitionsByTopic;
  /** The number under which a prepared transaction was given to who writes its markers. */
  handedOut: number;
}

/** The largest epoch that a producer is given. */
const producerEpochMax = 32_766;
/** The largest there is: it fences a producer of the largest epoch, and nobody gets it. */
const fencingEpochMax = 32_767;

export const noPartitions: PartitionsByTopic = new Map();

/** Whether there is no epoch left to give after `epoch`. */
export function isExhausted(epoch: number): boolean {
  return epoch >= producerEpochMax;
}

/** The epoch that fences a producer of `epoch`. */
export function epochAfter(epoch: number): number {
  return Math.min(epoch + 1, fencingEpochMax);
}

/** Whether a transaction is decided, and its markers are on the way. */
export function isPrepared({ state }: Transaction): boolean {
  return state === "PrepareCommit" || state === "PrepareAbort";
}

/** Whether nothing is open under the id, so that it may be forgotten. */
export function isAtRest({ state }: Transaction): boolean {
  return state === "Empty" || state === "CompleteCommit" || state === "CompleteAbort";
}

/** Whether each of `some` is among `all`. */
export function includesAll(all: PartitionsByTopic, some: PartitionsByTopic): boolean {
  for (const [topic, partitions] of some) {
    const known = all.get(topic);
    for (const id of partitions) if (known?.has(id) !== true) return false;
  }
  return true;
}

/** Those of `a` and those of `b`. */
export function union(a: PartitionsByTopic, b: PartitionsByTopic): PartitionsByTopic {
  const result = new Map(a);
  for (const [topic, partitions] of b) {
    result.set(topic, new Set([...result.get(topic) ?? [], ...partitions]));
  }
  return result;
}

/** Those of `all` that are not among `some`. */
export function without(all: PartitionsByTopic, some: PartitionsByTopic): PartitionsByTopic {
  const result = new Map(all);
  for (const [topic, partitions] of some) {
    const left = [...result.get(topic) ?? []].filter((id) => !partitions.has(id));
    if (left.length > 0) result.set(topic, new Set(left));
    else result.delete(topic);
  }
  return result;
}
