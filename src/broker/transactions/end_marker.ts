// The marker that ends a transaction in one partition (KIP-98).

import type { ProducerId } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { buildEndTransactionMarker } from "../../records/mod.ts";
import type { Partition } from "../logs/partition.ts";

/** A transaction whose end is decided. */
export interface EndedTransaction {
  readonly producerId: ProducerId;
  /** Of version 2: the one above that of the transaction's records. */
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
  /** Of the protocol: 0 and 1, or 2 with an epoch of its own for each transaction (KIP-890). */
  readonly transactionVersion: number;
}

/** Appends the marker of `transaction` at once; NONE, or why it may not be. */
export function appendEndMarker(
  partition: Partition,
  transaction: EndedTransaction,
  nowMs: number,
): ErrorCode {
  const { transactionVersion, ...marker } = transaction;
  const batch = buildEndTransactionMarker({ ...marker, timestamp: nowMs });
  const result = partition.append(batch, "coordinator", { transactionVersion });
  return result.ok ? ErrorCode.NONE : result.errorCode as ErrorCode;
}
