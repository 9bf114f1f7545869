// What a topic asks of what producers send, and the words in which it refuses: shared by the v2
// path (produce_payload.ts) and the old formats (up_conversion.ts).

import type { DecodeFault } from "../base/faults.ts";
import { itemAt } from "../base/items.ts";
import type { TopicCompression } from "./codec_choice.ts";
import type { RuntimeCodecs } from "./compression.ts";
import type { RecordRules } from "./record_walk.ts";
import { payloadErrors, type RecordError, type Refusal, refuse } from "./validation.ts";

export interface ProduceRules extends RecordRules {
  readonly compression: TopicCompression;
  /** The codec's own where it is undefined. */
  readonly compressionLevel: number | undefined;
  /** The largest batch, as it comes and as it is stored. */
  readonly batchBytesMax: number;
  /** Records of one payload may not unpack to more than this. */
  readonly unpackedBytesMax: number;
  readonly codecs: RuntimeCodecs | undefined;
}

/** Of a topic that asks for nothing. */
export const anyProduceRules: ProduceRules = {
  keysRequired: false,
  timestampMin: -Infinity,
  timestampMax: Infinity,
  compression: "producer",
  compressionLevel: undefined,
  batchBytesMax: Infinity,
  unpackedBytesMax: 100 * 1024 * 1024,
  codecs: undefined,
};

/** Why records that `fault` kept from unpacking are refused. */
export function refuseUnpacking(fault: DecodeFault): { refusal: Refusal } {
  const { INVALID_RECORD, MESSAGE_TOO_LARGE } = payloadErrors;
  return refuse(fault.isPastBound ? MESSAGE_TOO_LARGE : INVALID_RECORD, fault.message);
}

/** A refusal for the sake of single records. One bad timestamp gives all of it that name. */
export function refuseRecords(recordErrors: readonly RecordError[]): { refusal: Refusal } {
  const { INVALID_RECORD, INVALID_TIMESTAMP } = payloadErrors;
  if (recordErrors.some(({ isTimestamp }) => isTimestamp)) {
    // Kafka's own words, which its tools and tests look for.
    const message = "One or more records have been rejected due to invalid timestamp";
    return { refusal: { errorCode: INVALID_TIMESTAMP, message, recordErrors } };
  }
  const { message } = itemAt(recordErrors, 0);
  const others = recordErrors.length === 1 ? "" : ` (and ${recordErrors.length - 1} more)`;
  return { refusal: { errorCode: INVALID_RECORD, message: message + others, recordErrors } };
}

/** Why a batch of `size` bytes is refused; undefined when it is not. */
export function sizeRefusal(
  size: number,
  { batchBytesMax }: ProduceRules,
): { refusal: Refusal } | undefined {
  if (size <= batchBytesMax) return undefined;
  return refuse(
    payloadErrors.MESSAGE_TOO_LARGE,
    `batch of ${size} bytes exceeds max.message.bytes ${batchBytesMax}`,
  );
}
