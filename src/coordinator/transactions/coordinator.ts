// The transaction coordinator: who writes as which transactional id, in __transaction_state.

import type { Coordinator } from "../coordinator.ts";
import {
  decodeTransaction,
  encodeTransactionKey,
  encodeTransactionValue,
  type TransactionRecord,
  transactionRecordKinds,
} from "./record_codec.ts";
import { TransactionTable } from "./transaction_table.ts";
import type { TransactionResponse } from "./turn.ts";

export const transactionCoordinator: Coordinator<
  TransactionTable,
  TransactionRecord,
  TransactionResponse
> = {
  name: "transactions",
  topic: "__transaction_state",
  created: {
    partitionCount: "transaction.state.log.num.partitions",
    replicationFactor: "transaction.state.log.replication.factor",
    configs: {
      "cleanup.policy": "compact",
      "compression.type": "uncompressed",
      "max.message.bytes": "2147483647",
      "min.insync.replicas": { setting: "transaction.state.log.min.isr" },
      "segment.bytes": { setting: "transaction.state.log.segment.bytes" },
      "unclean.leader.election.enable": "false",
    },
  },
  keyType: 1,
  kinds: transactionRecordKinds,
  newMachine: ({ transactions }) => new TransactionTable({ config: transactions }),
  decode: decodeTransaction,
  encodeKey: encodeTransactionKey,
  encodeValue: (record, { transactions }) =>
    encodeTransactionValue(record, transactions().transactionVersion),
  namesIn: ({ transactionalId }) => ({ transactionalId }),
};
