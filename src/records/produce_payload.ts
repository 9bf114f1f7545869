// What a producer sent for one partition, after Kafka's LogValidator: judged whole, and brought
// into the form in which it is stored.
//
//   v2 batch, codec as the topic wants it   checked, passed through as it is
//   v2 batch, another codec                 its records packed again under the same header
//   message set (magic 0 and 1)             up_conversion.ts makes a v2 batch of it
//
// Cost of the first: the header, one CRC pass, and a walk over the records, which for a compressed
// batch means to unpack them, bounded. Only the batch's largest timestamp is set right in place.
//
// Differs from Kafka: a batch that claims the broker's time, an unknown compression, or data that
// does not unpack, gets an error of its own; Kafka clears the claim, and has no other word than
// UNKNOWN_SERVER_ERROR.
//
// Differs from Kafka: records that unpack to more than socket.request.max.bytes are refused with
// MESSAGE_TOO_LARGE; Kafka has no bound.
//
// Differs from Kafka: wrong offset deltas are set right in uncompressed batches, too; Kafka does so
// for compressed ones alone.

import { DecodeFault } from "../base/faults.ts";
import {
  attributeBits,
  type BatchHeader,
  batchOverheadBytes,
  batchSizeOf,
  compressionOf,
  magicOf,
  readBatchHeader,
  setMaxTimestamp,
} from "./batch.ts";
import { withRecords } from "./build.ts";
import { storedCompression } from "./codec_choice.ts";
import { type CompressionType, decompress } from "./compression.ts";
import { framingRefusal } from "./framing.ts";
import {
  anyProduceRules,
  type ProduceRules,
  refuseRecords,
  refuseUnpacking,
  sizeRefusal,
} from "./produce_rules.ts";
import { renumberRecords, type WalkOptions, walkRecords } from "./record_walk.ts";
import { upConvert } from "./up_conversion.ts";
import { checkBatch, payloadErrors, type RecordError, type Refusal, refuse } from "./validation.ts";

/** The one batch to store: the payload itself, or what was made of it. */
export type ProducePayload =
  | { readonly header: BatchHeader; readonly batch: Uint8Array }
  | { readonly refusal: Refusal };

/**
 * Checks a producer's payload against the topic's `rules`. Bytes of a batch that passes through may
 * be changed in place. snappy and lz4 must be loaded where `codecToLoad` names them.
 */
export function checkProducePayload(
  payload: Uint8Array,
  rules: ProduceRules = anyProduceRules,
): ProducePayload {
  const refusal = framingRefusal(payload, { oldFormats: true });
  if (refusal !== undefined) return { refusal };
  if (magicOf(payload) === 2) return checkV2(payload, rules);
  const result = upConvert(payload, rules);
  return "refusal" in result ? result : converted(result.batch, rules);
}

function checkV2(batch: Uint8Array, rules: ProduceRules): ProducePayload {
  const { INVALID_RECORD } = payloadErrors;
  const size = batchSizeOf(batch);
  const isTooLarge = sizeRefusal(size, rules);
  if (isTooLarge !== undefined) return isTooLarge;
  const check = checkBatch(batch);
  if ("refusal" in check) return check;
  const { header } = check;
  const refusal = headerRefusal(header);
  if (refusal !== undefined) return refusal;
  const compression = compressionOf(header.attributes);
  if (compression === undefined) return refuse(INVALID_RECORD, "unknown compression");
  const unpacked = compression === "none" ? batch : unpack(batch, compression, rules);
  if (!(unpacked instanceof Uint8Array)) return unpacked;
  const start = compression === "none" ? batchOverheadBytes : 0;
  const { recordCount, baseTimestamp } = header;
  const options = { start, recordCount, baseTimestamp, rules };
  const walk = walkRecords(unpacked, options);
  if (typeof walk === "string") return refuse(INVALID_RECORD, walk);
  if (walk.breaksRules) return refuseRecords(errorsOf(unpacked, options));
  const { maxTimestamp } = walk;
  const stored = storedCompression(rules.compression, compression);
  if (stored === compression && walk.consecutive) {
    if (maxTimestamp === header.maxTimestamp) return { header, batch };
    setMaxTimestamp(batch, maxTimestamp);
    return { header: readBatchHeader(batch), batch };
  }
  const asTheyCame = unpacked.subarray(start);
  const records = walk.consecutive ? asTheyCame : renumberRecords(asTheyCame, recordCount);
  const { codecs, compressionLevel: level } = rules;
  const packed = withRecords(batch, { records, compression: stored, maxTimestamp, codecs, level });
  return converted(packed, rules);
}

function headerRefusal(header: BatchHeader): { refusal: Refusal } | undefined {
  const { INVALID_RECORD, INVALID_TIMESTAMP } = payloadErrors;
  if (header.isControl) {
    return refuse(INVALID_RECORD, "clients may not write control records");
  }
  if (header.baseOffset !== 0) {
    return refuse(INVALID_RECORD, `producers must send base offset 0, not ${header.baseOffset}`);
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
  return undefined;
}

/** The records of a compressed batch, or why they cannot be had. */
function unpack(
  batch: Uint8Array,
  type: CompressionType,
  rules: ProduceRules,
): Uint8Array | { refusal: Refusal } {
  const { codecs, unpackedBytesMax: bytesMax } = rules;
  try {
    return decompress(batch.subarray(batchOverheadBytes), { type, codecs, bytesMax });
  } catch (error) {
    if (error instanceof DecodeFault) return refuseUnpacking(error);
    throw error;
  }
}

function errorsOf(unpacked: Uint8Array, options: WalkOptions): RecordError[] {
  const errors: RecordError[] = [];
  walkRecords(unpacked, { ...options, errors });
  return errors;
}

/** What was made of a payload, unless it has become too large. */
function converted(batch: Uint8Array, rules: ProduceRules): ProducePayload {
  return sizeRefusal(batch.length, rules) ?? { header: readBatchHeader(batch), batch };
}
