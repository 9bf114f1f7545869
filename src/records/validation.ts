// The structure of any v2 batch, as one that could stand in a log: what recovery asks of files and
// what comes first for a producer's payload (produce_payload.ts).
//
// Cost: the header and one CRC pass; the records are not looked at.

import {
  type BatchHeader,
  batchOverheadBytes,
  batchSizeOf,
  crcHolds,
  magicOf,
  readBatchHeader,
} from "./batch.ts";

/** Kafka's error codes that a payload can earn. */
export const payloadErrors = {
  CORRUPT_MESSAGE: 2,
  MESSAGE_TOO_LARGE: 10,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  UNSUPPORTED_COMPRESSION_TYPE: 76,
  INVALID_RECORD: 87,
} as const;

/** Why one record of a batch is refused. */
export interface RecordError {
  /** Place of the record in its batch. */
  readonly batchIndex: number;
  readonly message: string;
  /** It is the record's time that is wrong. */
  readonly isTimestamp: boolean;
}

/** Why bytes are refused: a Kafka error code and a sentence. */
export interface Refusal {
  readonly errorCode: number;
  readonly message: string;
  /** The records that are at fault, where single ones are (KIP-467). */
  readonly recordErrors?: readonly RecordError[];
}

/** A header that passed, or why it did not. */
export type BatchCheck = { readonly header: BatchHeader } | { readonly refusal: Refusal };

/** A refusal as the result of a check. */
export function refuse(errorCode: number, message: string): { refusal: Refusal } {
  return { refusal: { errorCode, message } };
}

/**
 * Checks the batch at `position` of `bytes` as one that could stand in a log: whole, magic 2,
 * lengths and counts that fit each other, and, unless `skipCrc`, the CRC.
 */
export function checkBatch(
  bytes: Uint8Array,
  options: { position?: number; skipCrc?: boolean } = {},
): BatchCheck {
  const position = options.position ?? 0;
  const { CORRUPT_MESSAGE, UNSUPPORTED_FOR_MESSAGE_FORMAT } = payloadErrors;
  const remaining = bytes.length - position;
  if (remaining < batchOverheadBytes) {
    if (remaining >= 17 && (magicOf(bytes, position) === 0 || magicOf(bytes, position) === 1)) {
      return refuse(UNSUPPORTED_FOR_MESSAGE_FORMAT, "message format is not v2");
    }
    return refuse(CORRUPT_MESSAGE, `${remaining} bytes are too few for a record batch`);
  }
  const magic = magicOf(bytes, position);
  if (magic !== 2) {
    const known = magic === 0 || magic === 1;
    return refuse(
      known ? UNSUPPORTED_FOR_MESSAGE_FORMAT : CORRUPT_MESSAGE,
      `message format ${magic} is not v2`,
    );
  }
  const size = batchSizeOf(bytes, position);
  if (size < batchOverheadBytes || size > remaining) {
    return refuse(CORRUPT_MESSAGE, `batch of ${size} bytes in ${remaining}`);
  }
  return checkWhole(bytes, { ...options, header: readBatchHeader(bytes, position) });
}

/** The same for a batch that is whole, magic 2, and whose `header` was read. */
export function checkWhole(
  bytes: Uint8Array,
  options: { header: BatchHeader; position?: number; skipCrc?: boolean },
): BatchCheck {
  const { header, position = 0, skipCrc = false } = options;
  const { CORRUPT_MESSAGE, INVALID_RECORD } = payloadErrors;
  if (header.lastOffsetDelta < 0) {
    return refuse(INVALID_RECORD, `last offset delta ${header.lastOffsetDelta} is negative`);
  }
  if (!skipCrc && !crcHolds(bytes, position)) {
    return refuse(CORRUPT_MESSAGE, "record batch checksum does not match");
  }
  return { header };
}
