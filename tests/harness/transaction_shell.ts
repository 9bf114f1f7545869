// A transaction table on a log in memory.

import type {
  TransactionConfig,
  TransactionRecord,
  TransactionResponse,
} from "../../src/coordinator/mod.ts";
import {
  decodeTransaction,
  encodeTransactionKey,
  encodeTransactionValue,
} from "../../src/coordinator/transactions/record_codec.ts";
import { TransactionTable } from "../../src/coordinator/transactions/transaction_table.ts";
import { MachineShell } from "./machine_shell.ts";

export type TransactionShell = MachineShell<
  TransactionTable,
  TransactionRecord,
  TransactionResponse
>;

/** A table that works by `config`, read at each decision; `mutation` may make another of it. */
export function transactionShell(
  config: () => TransactionConfig,
  mutation: (table: TransactionTable) => TransactionTable = (table) => table,
): TransactionShell {
  return new MachineShell({
    newMachine: () => mutation(new TransactionTable({ config })),
    encode: (record) => ({
      key: encodeTransactionKey(record),
      value: encodeTransactionValue(record, config().transactionVersion),
    }),
    decode: ({ key, value }) => decodeTransaction(key, value),
  });
}
