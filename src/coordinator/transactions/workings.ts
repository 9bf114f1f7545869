// How the transaction coordinator works: its machine, and its records as bytes.

import type { Workings } from "../coordinator.ts";
import {
  decodeTransaction,
  encodeTransactionKey,
  encodeTransactionValue,
  type TransactionRecord,
  transactionRecordKinds,
} from "./record_codec.ts";
import { TransactionTable } from "./transaction_table.ts";
import type { TransactionResponse } from "./turn.ts";

export const transactionWorkings: Workings<
  TransactionTable,
  TransactionRecord,
  TransactionResponse
> = {
  kinds: transactionRecordKinds,
  newMachine: ({ transactions }) => new TransactionTable({ config: transactions }),
  decode: decodeTransaction,
  encodeKey: encodeTransactionKey,
  encodeValue: (record, { transactions }) =>
    encodeTransactionValue(record, transactions().transactionVersion),
  namesIn: ({ transactionalId }) => ({ transactionalId }),
};
