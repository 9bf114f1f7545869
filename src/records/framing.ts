// The first look at what a producer sent, and the only one at its frame: whether it is one whole v2
// batch, or with old versions begins with a message. What it finds goes along with the bytes, to
// whoever plans, checks and stores them.
//
//   baseOffset int64 | batchLength int32 | 4 bytes | magic int8 | ...     in every format alike
//
// What breaks off before its end counts as "no batch", which is INVALID_RECORD; what cannot be a
// batch is CORRUPT_MESSAGE. Kafka makes the difference, and clients retry the second one only.
// Differs from Kafka: bytes after the last whole batch are refused; Kafka drops them.

import { byteAt } from "../base/items.ts";
import {
  type BatchHeader,
  batchOverheadBytes,
  batchSizeOf,
  compressionOf,
  logOverheadBytes,
  magicOf,
  readBatchHeader,
} from "./batch.ts";
import type { CompressionType } from "./compression.ts";
import type { LegacyMagic } from "./legacy.ts";
import { payloadErrors, type Refusal, refuse } from "./validation.ts";

/** Bytes up to and with the format version, which stands at the same place in every format. */
const magicEnd = 17;
const brokenOff = "the request must hold exactly one record batch per partition: this breaks off";
/** The smallest record that Kafka ever had: of format 0. */
const legacyRecordBytesMin = 14;
/** An old message's attributes stand right behind its magic. */
const messageAttributesAt = 17;

/** One whole v2 batch; what is in it was not looked at. */
export interface FramedBatch {
  readonly magic: 2;
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  /** Undefined for an id that no codec has. */
  readonly compression: CompressionType | undefined;
}

/** A message set, as far as its first message tells. */
export interface FramedSet {
  readonly magic: LegacyMagic;
  readonly bytes: Uint8Array;
  readonly compression: CompressionType | undefined;
}

/** What a producer sent for a partition, its frame checked. */
export type FramedPayload = FramedBatch | FramedSet;

/** What the version of a Produce request may carry. */
export interface PayloadFormats {
  /** Message sets. */
  readonly sets: boolean;
  /** Batches that are packed with zstd. */
  readonly zstd: boolean;
}

/** What a log takes, whoever sends it. */
const allFormats: PayloadFormats = { sets: true, zstd: true };

/** Takes `bytes` for a payload, or says why they are none. */
export function framePayload(
  bytes: Uint8Array,
  { sets, zstd }: PayloadFormats = allFormats,
): FramedPayload | { readonly refusal: Refusal } {
  const { CORRUPT_MESSAGE, INVALID_RECORD, UNSUPPORTED_COMPRESSION_TYPE } = payloadErrors;
  if (bytes.length < logOverheadBytes) return refuse(INVALID_RECORD, brokenOff);
  const size = batchSizeOf(bytes);
  if (size - logOverheadBytes < legacyRecordBytesMin) {
    return refuse(CORRUPT_MESSAGE, `a batch cannot have ${size} bytes`);
  }
  if (bytes.length < magicEnd) return refuse(INVALID_RECORD, brokenOff);
  const magic = magicOf(bytes);
  if (magic < 0 || magic > 2) return refuse(CORRUPT_MESSAGE, `there is no message format ${magic}`);
  if (size > bytes.length) return refuse(INVALID_RECORD, brokenOff);
  if (magic < 2) {
    if (sets) {
      const compression = compressionOf(byteAt(bytes, messageAttributesAt));
      return { magic: magic as LegacyMagic, bytes, compression };
    }
    return refuse(INVALID_RECORD, `message format ${magic}: this version takes format 2 alone`);
  }
  if (size < batchOverheadBytes) {
    return refuse(CORRUPT_MESSAGE, `${size} bytes are too few for a record batch`);
  }
  const header = readBatchHeader(bytes);
  const compression = compressionOf(header.attributes);
  if (compression === "zstd" && !zstd) {
    return refuse(UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7");
  }
  if (size < bytes.length) {
    return refuse(INVALID_RECORD, "the request must hold exactly one record batch per partition");
  }
  return { magic: 2, bytes, header, compression };
}
