// What can be wrong with a transaction coordinator: each of these breaks a law, and must be caught.
//
// A mutant changes what a table is asked, or what it decides: its records, its answers.

import type { Transaction, TransactionTable } from "../../src/coordinator/mod.ts";
import { mutant, type WalkedKind } from "./kind.ts";
import { type Mutation, TransactionWorld, transactionWorlds } from "./transaction_world.ts";

type Decision = ReturnType<TransactionTable["onTick"]>;
type Change = (transaction: Transaction) => Transaction;

/** `decision` with other records. */
function withRecords(decision: Decision, change: Change): Decision {
  return {
    ...decision,
    records: decision.records.map((record) => ({
      ...record,
      transaction: record.transaction === null ? null : change(record.transaction),
    })),
  };
}

/** `decision`, whose answers tell the epoch before the one that was decided. */
function withEarlierEpoch(decision: Decision): Decision {
  const earlier: Change = (transaction) => ({
    ...transaction,
    producerEpoch: Math.max(0, transaction.producerEpoch - 1),
  });
  return {
    ...withRecords(decision, earlier),
    settle() {
      const effects = decision.settle();
      return {
        ...effects,
        answers: effects.answers.map((answer) => {
          const { response } = answer;
          if (!("producerEpoch" in response)) return answer;
          const producerEpoch = Math.max(0, response.producerEpoch - 1);
          return { ...answer, response: { ...response, producerEpoch } };
        }),
      };
    },
  };
}

/** What is wrong, and the words of the law that it must break. */
export const transactionMutants: Readonly<
  Record<string, { readonly mutation: Mutation; readonly breaks: RegExp }>
> = {
  "a new instance gets the epoch of the old one": {
    mutation: mutant<TransactionTable>((table) => ({
      initProducerId: (input, at) => withEarlierEpoch(table.initProducerId(input, at)),
    })),
    breaks: /is fenced, and writes/,
  },
  "a transaction is complete with its first marker": {
    mutation: mutant<TransactionTable>((table) => ({
      markersWritten: (written, at) =>
        table.markersWritten(
          written.map((each) => ({ ...each, partitions: new Map([["p", new Set([0, 1])]]) })),
          at,
        ),
    })),
    breaks: /open in a partition|torn apart/,
  },
  "a new instance aborts what was to be committed": {
    mutation: mutant<TransactionTable>((table) => ({
      initProducerId(input, at) {
        const { transactionState } = table.describe(input.transactionalId);
        const decision = table.initProducerId(input, at);
        if (transactionState !== "PrepareCommit") return decision;
        // What it would decide had the transaction not been decided yet.
        const { producerId, producerEpoch } = table.describe(input.transactionalId);
        return {
          ...decision,
          records: [{
            transactionalId: input.transactionalId,
            transaction: {
              transactionalId: input.transactionalId,
              state: "PrepareAbort",
              producerId,
              producerEpoch,
              previousProducerId: -1,
              nextProducerId: -1,
              nextProducerEpoch: -1,
              timeoutMs: 1,
              partitions: new Map([["p", new Set([0])]]),
              startMs: 0,
              updatedMs: 0,
              clientVersion: 2,
            },
          }],
        };
      },
    })),
    breaks: /a commit was decided, and did not come/,
  },
  "a complete transaction begins its epochs anew": {
    mutation: mutant<TransactionTable>((table) => ({
      markersWritten: (written, at) =>
        withRecords(table.markersWritten(written, at), (transaction) => ({
          ...transaction,
          producerEpoch: 0,
        })),
    })),
    breaks: /an epoch went back/,
  },
  "what the log refused is taken over": {
    mutation: mutant<TransactionTable>((table) => ({
      addPartitions(input, at) {
        const decision = table.addPartitions(input, at);
        const refuse: Decision["refuse"] = (error) => {
          for (const record of decision.records) table.apply(record);
          return decision.refuse(error);
        };
        return { ...decision, refuse };
      },
    })),
    breaks: /the log says something else/,
  },
  "a transaction that is timed out keeps its epoch": {
    mutation: mutant<TransactionTable>((table) => ({
      onTick: (nowMs) =>
        withRecords(table.onTick(nowMs), (transaction) => ({
          ...transaction,
          producerEpoch: Math.max(0, transaction.producerEpoch - 1),
        })),
    })),
    breaks: /torn apart|is not as its producer was told/,
  },
  "what was prepared is forgotten at a restart": {
    mutation: mutant<TransactionTable>((table) => ({
      onLoaded: (nowMs) => ({
        ...table.onLoaded(nowMs),
        settle: () => ({ answers: [], notes: [], next: undefined }),
      }),
    })),
    breaks: /nobody writes its markers/,
  },
};

export const transactionsKind: WalkedKind = {
  name: "transactions",
  worlds: Object.fromEntries(
    Object.entries(transactionWorlds).map(([name, options]) => {
      const newWorld = () => new TransactionWorld(options);
      return [name, { small: newWorld, wide: newWorld }];
    }),
  ),
  eventsInTests: 5,
  mutants: Object.fromEntries(
    Object.entries(transactionMutants).map(([name, { mutation, breaks }]) => [name, {
      newWorld: () => new TransactionWorld({ ids: ["t", "t"], protocol: 2, mutation }),
      breaks,
    }]),
  ),
};
