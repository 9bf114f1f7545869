// Where `ottla produce` sends its records: each for itself, or all of an input in one transaction.
//
//   send ... send --end()---------> sent; a transaction is committed
//               \--end(failure)--> what came before is sent; a transaction is aborted

import type { Producer, ProducerOptions, ProducerRecord } from "../../client/mod.ts";
import { ArgumentFault, type Values } from "../arguments.ts";

/** The options of a transaction. */
export const transactionOptions = {
  "transactional-id": {
    kind: "text",
    value: "ID",
    about: "all of it in one transaction of this id, or none of it",
  },
  "transaction-timeout-ms": {
    kind: "number",
    value: "MS",
    about: "the broker aborts a transaction that takes longer (default 60000)",
  },
} as const;

/** The options of a transactional producer; undefined without one. Throws ArgumentFault. */
export function transactionOf(
  options: Values<typeof transactionOptions>,
  acks: ProducerOptions["acks"],
): Pick<ProducerOptions, "transactionalId" | "transactionTimeoutMs"> | undefined {
  const { "transactional-id": transactionalId, "transaction-timeout-ms": timeoutMs } = options;
  if (transactionalId === undefined) {
    if (timeoutMs === undefined) return undefined;
    throw new ArgumentFault("--transaction-timeout-ms needs --transactional-id ID");
  }
  if (acks !== "all") throw new ArgumentFault("a transaction waits for all: drop --acks");
  return { transactionalId, ...timeoutMs !== undefined && { transactionTimeoutMs: timeoutMs } };
}

/** Where records go. */
export interface Outlet {
  /** Whether half of the input is worse than none of it. */
  readonly isTransaction: boolean;
  send(record: ProducerRecord): Promise<unknown>;
  /** That was all; or it was not, because of `failure`. Throws what goes wrong with it. */
  end(failure: unknown): Promise<void>;
}

/** Each record for itself. */
export function plainly(producer: Producer): Outlet {
  return {
    isTransaction: false,
    send: (record) => producer.send(record),
    end: () => producer.close(),
  };
}

/** Records that are read together, or not at all. */
export async function inTransaction(producer: Producer): Promise<Outlet> {
  const transaction = await producer.begin();
  return {
    isTransaction: true,
    send: (record) => transaction.send(record),
    async end(failure) {
      const cause = failure instanceof Error ? failure : undefined;
      try {
        await (failure === undefined ? transaction.commit() : transaction.abort(cause));
      } finally {
        await producer.close();
      }
    },
  };
}
