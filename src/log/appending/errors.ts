// Kafka's error codes that a log answers with: those that a payload can earn anywhere, and its own.
// The log knows no requests, and so not the protocol's table either; the numbers are Kafka's.

import { payloadErrors } from "../../records/mod.ts";

export const LogError = {
  ...payloadErrors,
  NONE: 0,
  RECORD_LIST_TOO_LARGE: 18,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  TRANSACTION_COORDINATOR_FENCED: 52,
  KAFKA_STORAGE_ERROR: 56,
} as const;
