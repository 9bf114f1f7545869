// The transaction coordinator's face: its machine, and what it says to its shell (src/broker).

export { undescribed, unknownStates } from "./listing.ts";
export { transactionCoordinator } from "./coordinator.ts";
export type { TransactionRecord } from "./record_codec.ts";
export type { PartitionsByTopic, Transaction } from "./transaction.ts";
export { type TransactionConfig, transactionConfigDefaults } from "./transaction_config.ts";
export type { TransactionTable } from "./transaction_table.ts";
export type {
  PlainResponse,
  PreparedResponse,
  PreparedTransaction,
  ProducerResponse,
  TransactionResponse,
} from "./turn.ts";
