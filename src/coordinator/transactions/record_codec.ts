// The records of __transaction_state, and what they say of a transactional id.
//
//   id -> its transaction        no value is a tombstone: the id is forgotten
//
// Version 0 of the value can be read by any Kafka; version 1 adds what the second protocol needs
// (KIP-890), and is written from transaction.version 1 on.

import { DecodeFault } from "../../base/faults.ts";
import type { MessageOf } from "../../protocol/schema.ts";
import { decodeKind, encodeKeyOf, encodeValueOf, type RecordKind } from "../record_framing.ts";
import { TransactionLogKey, TransactionLogValue } from "./records.ts";
import { noPartitions, type Transaction, transactionStates } from "./transaction.ts";

/** A transactional id as its log has it; without value, its tombstone. */
export interface TransactionRecord {
  readonly transactionalId: string;
  readonly transaction: Transaction | null;
}

/** The kinds of record in __transaction_state. */
export const transactionRecordKinds: ReadonlyMap<number, RecordKind> = new Map([
  [TransactionLogKey.key, {
    name: "TransactionLog",
    key: TransactionLogKey,
    value: TransactionLogValue,
  }],
]);

/** The key bytes of `record`. */
export function encodeTransactionKey({ transactionalId }: TransactionRecord): Uint8Array {
  return encodeKeyOf(TransactionLogKey, { transactionalId });
}

/** The value bytes of `record`, as transaction.version has them; null for a tombstone. */
export function encodeTransactionValue(
  { transaction }: TransactionRecord,
  transactionVersion: number,
): Uint8Array | null {
  if (transaction === null) return null;
  const version = transactionVersion >= 1 ? 1 : 0;
  const fields = valueOf(transaction);
  return encodeValueOf(TransactionLogValue, version === 0 ? withoutTags(fields) : fields, version);
}

/**
 * The record with these key and value bytes; undefined for one of another kind. Throws DecodeFault
 * when they do not parse.
 */
export function decodeTransaction(
  key: Uint8Array,
  value: Uint8Array | null,
): TransactionRecord | undefined {
  const stored = decodeKind(transactionRecordKinds, key, value);
  if (stored === undefined) return undefined;
  const { transactionalId } = stored.key as MessageOf<typeof TransactionLogKey>;
  if (stored.value === null) return { transactionalId, transaction: null };
  const fields = stored.value as MessageOf<typeof TransactionLogValue>;
  return { transactionalId, transaction: transactionOf(transactionalId, fields) };
}

function valueOf(transaction: Transaction): MessageOf<typeof TransactionLogValue> {
  const { state, partitions } = transaction;
  return {
    producerId: transaction.producerId,
    previousProducerId: transaction.previousProducerId,
    nextProducerId: transaction.nextProducerId,
    producerEpoch: transaction.producerEpoch,
    nextProducerEpoch: transaction.nextProducerEpoch,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStatus: transactionStates.indexOf(state),
    transactionPartitions: state === "Empty" ? null : [...partitions].map(([topic, ids]) => ({
      topic,
      partitionIds: [...ids],
    })),
    transactionLastUpdateTimestampMs: transaction.updatedMs,
    transactionStartTimestampMs: transaction.startMs,
    clientTransactionVersion: transaction.clientVersion,
  };
}

/** What version 0 has no place for: producers of the first protocol have none of it. */
function withoutTags(
  fields: MessageOf<typeof TransactionLogValue>,
): MessageOf<typeof TransactionLogValue> {
  return {
    ...fields,
    previousProducerId: -1,
    nextProducerId: -1,
    nextProducerEpoch: -1,
    clientTransactionVersion: 0,
  };
}

function transactionOf(
  transactionalId: string,
  fields: MessageOf<typeof TransactionLogValue>,
): Transaction {
  const { transactionStatus: status, transactionPartitions } = fields;
  const state = transactionStates[status];
  if (state === undefined) throw new DecodeFault(`there is no transaction state ${status}`);
  return {
    transactionalId,
    state,
    producerId: fields.producerId,
    producerEpoch: fields.producerEpoch,
    previousProducerId: fields.previousProducerId,
    nextProducerId: fields.nextProducerId,
    nextProducerEpoch: fields.nextProducerEpoch,
    timeoutMs: fields.transactionTimeoutMs,
    partitions: transactionPartitions === null ? noPartitions : new Map(
      transactionPartitions.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]),
    ),
    startMs: fields.transactionStartTimestampMs,
    updatedMs: fields.transactionLastUpdateTimestampMs,
    clientVersion: fields.clientTransactionVersion,
  };
}
