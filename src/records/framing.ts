// The first look at what a producer sent: whether it is one whole v2 batch at all.
//
//   baseOffset int64 | batchLength int32 | 4 bytes | magic int8 | ...     in every format alike
//
// What breaks off before its end counts as "no batch", which is INVALID_RECORD; what cannot be a
// batch is CORRUPT_MESSAGE. Kafka makes the difference, and clients retry the second one only.
// Differs from Kafka: bytes behind the batch are refused; Kafka drops what is no whole batch.

import { batchSizeOf, logOverheadBytes, magicOf } from "./batch.ts";
import { payloadErrors, type Refusal } from "./validation.ts";

/** Bytes up to and with the format version, which stands at the same place in every format. */
const magicEnd = 17;
const brokenOff = "the request must hold exactly one record batch per partition: this breaks off";
/** The smallest record that Kafka ever had: of format 0. */
const legacyRecordBytesMin = 14;

/**
 * Why `bytes` are not one whole v2 batch, or with `oldFormats` do not begin with a message;
 * undefined when they are.
 */
export function framingRefusal(
  bytes: Uint8Array,
  options: { oldFormats?: boolean } = {},
): Refusal | undefined {
  const { CORRUPT_MESSAGE, INVALID_RECORD } = payloadErrors;
  if (bytes.length < logOverheadBytes) return refusal(INVALID_RECORD, brokenOff);
  const size = batchSizeOf(bytes);
  if (size - logOverheadBytes < legacyRecordBytesMin) {
    return refusal(CORRUPT_MESSAGE, `a batch cannot have ${size} bytes`);
  }
  if (bytes.length < magicEnd) return refusal(INVALID_RECORD, brokenOff);
  const magic = magicOf(bytes);
  if (magic < 0 || magic > 2) {
    return refusal(CORRUPT_MESSAGE, `there is no message format ${magic}`);
  }
  if (size > bytes.length) return refusal(INVALID_RECORD, brokenOff);
  if (magic === 2 && size < bytes.length) {
    return refusal(INVALID_RECORD, "the request must hold exactly one record batch per partition");
  }
  if (magic < 2 && options.oldFormats !== true) {
    return refusal(INVALID_RECORD, `message format ${magic}: this version takes format 2 alone`);
  }
  return undefined;
}

function refusal(errorCode: number, message: string): Refusal {
  return { errorCode, message };
}
