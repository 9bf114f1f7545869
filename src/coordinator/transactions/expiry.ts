// What time brings: transactions that are open for too long are aborted, and transactional ids that
// nobody has used for a week are forgotten.
//
// A look at more than there should be in one batch goes on in the next tick.

import { saturated } from "../../base/int64.ts";
import { preparedAbort } from "./end_txn.ts";
import { isAtRest, type Transaction } from "./transaction.ts";
import type { Plan, View } from "./turn.ts";

/** What a look has found, and whether there may be more. */
export interface Looked {
  readonly plan: Plan;
  readonly isOver: boolean;
}

/** So many changes are decided at once. */
const changesMax = 500;

/** Aborts those of `ongoing` that have been open for longer than their producers asked for. */
export function decideTimeouts(view: View, ongoing: Iterable<string>): Looked {
  const { nowMs, config, entries } = view;
  const timedOut: Transaction[] = [];
  let isOver = true;
  for (const transactionalId of ongoing) {
    const transaction = entries.get(transactionalId)?.transaction;
    if (transaction === undefined) continue;
    if (saturated(transaction.startMs) + transaction.timeoutMs > nowMs) continue;
    if (timedOut.length === changesMax) {
      isOver = false;
      break;
    }
    timedOut.push(transaction);
  }
  const plan: Plan = {
    records: timedOut.map((transaction) => ({
      transactionalId: transaction.transactionalId,
      transaction: preparedAbort(transaction, view),
    })),
    settle(turn) {
      for (const before of timedOut) {
        const { transactionalId, producerId, timeoutMs } = before;
        const entry = turn.entries.get(transactionalId);
        if (entry !== undefined) {
          // In the second protocol it may go on, by asking who it is (KIP-588).
          entry.lastProducerEpoch = config.transactionVersion >= 2 ? before.producerEpoch : -1;
        }
        turn.prepared.add(transactionalId);
        turn.notes.push({
          message: "a transaction was open for too long and is aborted",
          fields: { transactionalId, producerId: String(producerId), timeoutMs },
        });
      }
    },
    // They are looked at again when the time comes.
    refuse: () => {},
  };
  return { plan, isOver };
}

/** Forgets ids that were not used for long. */
export function decideExpiry({ nowMs, config, entries }: View): Looked {
  const expired: string[] = [];
  let isOver = true;
  for (const [transactionalId, { transaction }] of entries) {
    if (!isAtRest(transaction)) continue;
    if (saturated(transaction.updatedMs) > nowMs - config.expirationMs) continue;
    if (expired.length === changesMax) {
      isOver = false;
      break;
    }
    expired.push(transactionalId);
  }
  const plan: Plan = {
    records: expired.map((transactionalId) => ({ transactionalId, transaction: null })),
    settle({ notes }) {
      for (const transactionalId of expired) {
        notes.push({ message: "a transactional id has expired", fields: { transactionalId } });
      }
    },
    refuse: () => {},
  };
  return { plan, isOver };
}
