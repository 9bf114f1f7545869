// From a decided transaction to a complete one: whoever writes markers is given what is prepared,
// and tells for which partitions they are written, once they are durable there.
//
//   prepared ──> handed out, once its record is durable ──> markers ──> told ──> Complete*
//                    ^                                        │
//                    └── a restart, or the log refused ───────┘
//
// To write a marker twice does no harm; to complete without one leaves records undecided for ever.
// Invariant: a transaction is handed out at most once at a time, under a number of its own, and
// only what is told under that number counts.

import { ErrorCode } from "../../protocol/errors.ts";
import type { At } from "../machine.ts";
import { completedIdentity } from "./end_txn.ts";
import type { TransactionRecord } from "./record_codec.ts";
import {
  type Entry,
  isPrepared,
  noPartitions,
  type PartitionsByTopic,
  type Transaction,
  without,
} from "./transaction.ts";
import {
  answerWhenDurable,
  appendErrorOf,
  type PlainResponse,
  type Plan,
  type PreparedResponse,
  type PreparedTransaction,
  type Turn,
  type View,
} from "./turn.ts";

/** Markers that were written: for these partitions of what was handed out. */
export interface WrittenMarkers {
  readonly transactionalId: string;
  readonly handedOut: number;
  readonly partitions: PartitionsByTopic;
}

/** So many transactions are handed out at once. */
const handedOutMax = 500;

/** Gives what is prepared to who waits for it; `nextNumber` tells hand-outs apart. */
export function handOut(
  turn: Turn,
  to: At<PreparedResponse>["asked"],
  nextNumber: () => number,
): void {
  const transactions: PreparedTransaction[] = [];
  for (const transactionalId of turn.prepared) {
    if (transactions.length === handedOutMax) break;
    turn.prepared.delete(transactionalId);
    const entry = turn.entries.get(transactionalId);
    if (entry === undefined || !isPrepared(entry.transaction)) continue;
    entry.handedOut = nextNumber();
    transactions.push(preparedOf(entry));
  }
  answerWhenDurable(turn, {
    to,
    response: { errorCode: ErrorCode.NONE, transactions },
    failed: (errorCode) => ({ errorCode, transactions: [] }),
  });
}

function preparedOf({ transaction, unmarked, handedOut }: Entry): PreparedTransaction {
  return {
    handedOut,
    transactionalId: transaction.transactionalId,
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    commit: transaction.state === "PrepareCommit",
    transactionVersion: transaction.clientVersion,
    partitions: unmarked,
  };
}

/** Decides what follows from markers that were written. Those without a partition left complete. */
export function decideMarked(
  { entries, nowMs }: View,
  written: readonly WrittenMarkers[],
  at: At<PlainResponse>,
): Plan {
  const records: TransactionRecord[] = [];
  const left: { readonly entry: Entry; readonly unmarked: PartitionsByTopic }[] = [];
  const lastEpochs: { readonly transactionalId: string; readonly epoch: number }[] = [];
  for (const { transactionalId, handedOut, partitions } of written) {
    const entry = entries.get(transactionalId);
    if (entry === undefined || entry.handedOut !== handedOut) continue;
    if (!isPrepared(entry.transaction)) continue;
    const unmarked = without(entry.unmarked, partitions);
    left.push({ entry, unmarked });
    if (unmarked.size > 0) continue;
    records.push({ transactionalId, transaction: completed(entry.transaction, nowMs) });
    lastEpochs.push({ transactionalId, epoch: entry.lastProducerEpoch });
  }
  const noteMarked = (): void => {
    for (const { entry, unmarked } of left) entry.unmarked = unmarked;
  };
  const answer = (turn: Turn, errorCode: ErrorCode): void => {
    turn.answers.push({ to: at.asked, response: { errorCode }, failed: undefined });
  };
  return {
    records,
    settle(turn) {
      noteMarked();
      for (const { transactionalId, epoch } of lastEpochs) {
        const entry = turn.entries.get(transactionalId);
        if (entry !== undefined) entry.lastProducerEpoch = epoch;
      }
      answer(turn, ErrorCode.NONE);
    },
    refuse(turn, error) {
      noteMarked();
      answer(turn, appendErrorOf(error));
    },
  };
}

function completed(transaction: Transaction, nowMs: number): Transaction {
  return {
    ...transaction,
    ...completedIdentity(transaction),
    state: transaction.state === "PrepareCommit" ? "CompleteCommit" : "CompleteAbort",
    previousProducerId: transaction.producerId,
    nextProducerId: -1,
    partitions: noPartitions,
    updatedMs: nowMs,
  };
}
