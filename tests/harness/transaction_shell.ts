// A transaction table on a log in memory.

import {
  decodeTransaction,
  encodeTransactionKey,
  encodeTransactionValue,
  type TransactionConfig,
  type TransactionRecord,
  type TransactionResponse,
  TransactionTable,
} from "../../src/coordinator/mod.ts";
import { MachineShell } from "./machine_shell.ts";

export type TransactionShell = MachineShell<
  TransactionTable,
  TransactionRecord,
  TransactionResponse
>;

/** A table that works by `config`, which is read at each decision. */
export function transactionShell(config: () => TransactionConfig): TransactionShell {
  return new MachineShell({
    newMachine: () => new TransactionTable({ config }),
    encode: (record) => ({
      key: encodeTransactionKey(record),
      value: encodeTransactionValue(record, config().transactionVersion),
    }),
    decode: ({ key, value }) => decodeTransaction(key, value),
  });
}
