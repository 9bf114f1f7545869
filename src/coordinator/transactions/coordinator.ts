// The transaction coordinator: who writes as which transactional id, in __transaction_state.

import { loading } from "../../base/loading.ts";
import type { Coordinator } from "../coordinator.ts";
import type { TransactionRecord } from "./record_codec.ts";
import type { TransactionTable } from "./transaction_table.ts";
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
  load: async () => (await loading(import("./workings.ts"))).transactionWorkings,
};
