// What a batch must satisfy before it may enter a log, after Kafka's LogValidator, in two layers:
// the structure of any batch (also applied to files in recovery), and a producer's payload.
//
// Cost: the header, one CRC pass, and for uncompressed batches a walk over the record lengths,
// which must tile the batch exactly; records are not decoded, and compressed ones are not unpacked.
// Differs from Kafka: records inside a compressed batch are not looked at, so that a batch passes
// through at the speed of its checksum; a consumer's own checks find a producer that lies about
// them.

import { attributeBits, batchOverheadBytes, compressionOf, crcHolds } from "./batch.ts";
import { type BatchHeader, batchSizeOf, magicOf, readBatchHeader } from "./batch.ts";

/** Kafka's error codes that a payload can earn. */
export const payloadErrors = {
  CORRUPT_MESSAGE: 2,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  INVALID_RECORD: 87,
} as const;

/** Why bytes are refused: a Kafka error code and a sentence. */
export interface Refusal {
  readonly errorCode: number;
  readonly message: string;
}

/** A header that passed, or why it did not. */
export type BatchCheck = { readonly header: BatchHeader } | { readonly refusal: Refusal };

function refuse(errorCode: number, message: string): { refusal: Refusal } {
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
  const header = readBatchHeader(bytes, position);
  if (header.lastOffsetDelta < 0) {
    return refuse(CORRUPT_MESSAGE, `last offset delta ${header.lastOffsetDelta} is negative`);
  }
  if (!Number.isSafeInteger(header.baseOffset) || !Number.isSafeInteger(header.producerId)) {
    return refuse(CORRUPT_MESSAGE, "offset or producer id outside the safe integer range");
  }
  if (options.skipCrc !== true && !crcHolds(bytes, position)) {
    return refuse(CORRUPT_MESSAGE, "record batch checksum does not match");
  }
  return { header };
}

/**
 * Checks what a producer sent for one partition: exactly one batch, nothing behind it, no control
 * batch, consecutive offsets from 0, and record lengths that fit. `keysRequired` is for compacted
 * topics.
 */
export function checkProducePayload(
  bytes: Uint8Array,
  options: { keysRequired?: boolean } = {},
): BatchCheck {
  const { INVALID_RECORD, INVALID_TIMESTAMP } = payloadErrors;
  if (bytes.length === 0) return refuse(INVALID_RECORD, "the request has no record batch");
  const check = checkBatch(bytes);
  if ("refusal" in check) return check;
  const { header } = check;
  if (header.sizeBytes !== bytes.length) {
    return refuse(INVALID_RECORD, "the request must hold exactly one record batch per partition");
  }
  if (header.isControl) {
    return refuse(INVALID_RECORD, "clients may not write control records");
  }
  if (header.recordCount <= 0 || header.recordCount !== header.lastOffsetDelta + 1) {
    return refuse(
      INVALID_RECORD,
      `batch of ${header.recordCount} records has last offset delta ${header.lastOffsetDelta}`,
    );
  }
  if (header.producerId >= 0 && (header.baseSequence < 0 || header.producerEpoch < 0)) {
    return refuse(
      INVALID_RECORD,
      `producer ${header.producerId} sent epoch ${header.producerEpoch}, ` +
        `sequence ${header.baseSequence}`,
    );
  }
  if (header.isTransactional && header.producerId < 0) {
    return refuse(INVALID_RECORD, "a transactional batch needs a producer id");
  }
  if (
    !Number.isSafeInteger(header.baseTimestamp) || !Number.isSafeInteger(header.maxTimestamp) ||
    (header.attributes & attributeBits.logAppendTime) !== 0
  ) {
    return refuse(INVALID_TIMESTAMP, "producers must set a create time in milliseconds");
  }
  const compression = compressionOf(header.attributes);
  if (compression === undefined) return refuse(INVALID_RECORD, "unknown compression");
  if (compression === "none") {
    const fault = walkRecords(bytes, { header, keysRequired: options.keysRequired === true });
    if (fault !== undefined) return refuse(INVALID_RECORD, fault);
  }
  return check;
}

/** Steps over the records of an uncompressed batch; a sentence when they do not tile it. */
function walkRecords(
  bytes: Uint8Array,
  options: { header: BatchHeader; keysRequired: boolean },
): string | undefined {
  const end = bytes.length;
  let position = batchOverheadBytes;
  for (let i = 0; i < options.header.recordCount; i++) {
    let length = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (shift > 28 || position >= end) return `record ${i} has no valid length`;
      byte = bytes[position++];
      length |= (byte & 0x7f) << shift;
    }
    length = (length >>> 1) ^ -(length & 1);
    // attributes, timestamp, offset, key, value and header count take a byte each at least
    if (length < 6 || length > end - position) return `record ${i} has length ${length}`;
    if (options.keysRequired && hasNullKey(bytes, { position, end: position + length })) {
      return `record ${i} has no key, which a compacted topic requires`;
    }
    position += length;
  }
  return position === end ? undefined : "the records do not fill their batch";
}

/** Whether the record body at `position` has a key of length -1. */
function hasNullKey(bytes: Uint8Array, range: { position: number; end: number }): boolean {
  let position = range.position + 1;
  for (let field = 0; field < 2; field++) {
    while (position < range.end && bytes[position] >= 0x80) position++;
    position++;
  }
  return position < range.end && bytes[position] === 1;
}
