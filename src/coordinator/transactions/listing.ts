// Transactions as tools see them: DescribeTransactions and ListTransactions (KIP-664).
//
// The partitions of a prepared transaction are those whose marker is still to be written.

import type { ProducerId } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { DescribeTransactionsResponse } from "../../protocol/apis/65_describe_transactions.ts";
import type { ListTransactionsResponse } from "../../protocol/apis/66_list_transactions.ts";
import { type Entry, isPrepared, transactionStates } from "./transaction.ts";

export type DescribedTransaction = DescribeTransactionsResponse["transactionStates"][number];
export type ListedTransaction = ListTransactionsResponse["transactionStates"][number];

/** What ListTransactions asks for; an empty set, -1 or undefined: all. */
export interface TransactionFilters {
  readonly states: ReadonlySet<string>;
  readonly producerIds: ReadonlySet<ProducerId>;
  /** Those that began longer ago than this. */
  readonly durationMs: number;
  readonly matches: ((transactionalId: string) => boolean) | undefined;
}

/** Describes the transaction of `transactionalId`. */
export function describeTransaction(
  entry: Entry | undefined,
  transactionalId: string,
): DescribedTransaction {
  if (entry === undefined) {
    const errorCode = transactionalId === ""
      ? ErrorCode.INVALID_REQUEST
      : ErrorCode.TRANSACTIONAL_ID_NOT_FOUND;
    return undescribed(transactionalId, errorCode);
  }
  const { transaction, unmarked } = entry;
  const partitions = isPrepared(transaction) ? unmarked : transaction.partitions;
  return {
    errorCode: ErrorCode.NONE,
    transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    topics: [...partitions].map(([topic, ids]) => ({ topic, partitions: [...ids] })),
  };
}

/** The answer for an id of which nothing can be told. */
export function undescribed(transactionalId: string, errorCode: ErrorCode): DescribedTransaction {
  return {
    errorCode,
    transactionalId,
    transactionState: "",
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}

/** Lists the transactions that pass all filters. */
export function listTransactions(
  entries: Iterable<Entry>,
  { states, producerIds, durationMs, matches }: TransactionFilters,
  nowMs: number,
): ListedTransaction[] {
  const listed: ListedTransaction[] = [];
  for (const { transaction: { transactionalId, state, producerId, startMs } } of entries) {
    if (states.size > 0 && !states.has(state)) continue;
    if (producerIds.size > 0 && !producerIds.has(producerId)) continue;
    if (durationMs >= 0 && nowMs - saturated(startMs) <= durationMs) continue;
    if (matches !== undefined && !matches(transactionalId)) continue;
    listed.push({ transactionalId, producerId, transactionState: state });
  }
  return listed;
}

/** Those of `states` that are no state of a transaction. */
export function unknownStates(states: readonly string[]): string[] {
  const known: ReadonlySet<string> = new Set(transactionStates);
  return states.filter((state) => !known.has(state));
}
