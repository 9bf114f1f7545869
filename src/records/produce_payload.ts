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
import {
  compress,
  type CompressionType,
  compressSliced,
  decompress,
  decompressSliced,
} from "./compression.ts";
import { framingRefusal } from "./framing.ts";
import { sliced, type WorkSlices } from "./pieces.ts";
import {
  anyProduceRules,
  type ProduceRules,
  refuseRecords,
  refuseUnpacking,
  sizeRefusal,
} from "./produce_rules.ts";
import {
  type RecordWalk,
  renumberRecords,
  type WalkOptions,
  walkPieces,
  walkRecords,
} from "./record_walk.ts";
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

/** Where looking at them takes longer than others should wait. */
const largeBytes = 16 * 1024;
const manyRecords = 20_000;

/** Whether `payload` had better be checked by {@link checkProducePayloadSliced}. */
export function isHeavyPayload(payload: Uint8Array, rules: ProduceRules): boolean {
  if (payload.length <= largeBytes || magicOf(payload) !== 2) return false;
  if (payload.length < batchOverheadBytes) return false;
  const { attributes, recordCount } = readBatchHeader(payload);
  const source = compressionOf(attributes);
  if (source === undefined) return false;
  const isPacked = source !== "none" || storedCompression(rules.compression, source) !== source;
  return isPacked || recordCount > manyRecords;
}

/** As {@link checkProducePayload} for a batch that is heavy, in slices. */
export async function checkProducePayloadSliced(
  payload: Uint8Array,
  { rules, slices }: { rules: ProduceRules; slices: WorkSlices },
): Promise<ProducePayload> {
  const refusal = framingRefusal(payload, { oldFormats: false });
  if (refusal !== undefined) return { refusal };
  const judged = judgeV2(payload, rules);
  let step = judged.next();
  while (!step.done) {
    let result: StepResult;
    try {
      result = await doSliced(step.value, { rules, slices });
    } catch (error) {
      step = judged.throw(error);
      continue;
    }
    if (slices.isOver) await slices.next();
    step = judged.next(result);
  }
  return step.value;
}

function checkV2(batch: Uint8Array, rules: ProduceRules): ProducePayload {
  const judged = judgeV2(batch, rules);
  let step = judged.next();
  while (!step.done) {
    let result: StepResult;
    try {
      result = doNow(step.value, rules);
    } catch (error) {
      step = judged.throw(error);
      continue;
    }
    step = judged.next(result);
  }
  return step.value;
}

/** A step that may take long, and whose result the judgement needs. */
type Step =
  | { readonly unpack: Uint8Array; readonly type: CompressionType }
  | { readonly walk: Uint8Array; readonly options: WalkOptions }
  | { readonly pack: Uint8Array; readonly type: CompressionType };
type StepResult = Uint8Array | RecordWalk | string;

function doNow(step: Step, rules: ProduceRules): StepResult {
  const { codecs, compressionLevel: level, unpackedBytesMax: bytesMax } = rules;
  if ("walk" in step) return walkRecords(step.walk, step.options);
  const { type } = step;
  if ("unpack" in step) return decompress(step.unpack, { type, codecs, bytesMax });
  return compress(step.pack, { type, codecs, level });
}

async function doSliced(
  step: Step,
  { rules, slices }: { rules: ProduceRules; slices: WorkSlices },
): Promise<StepResult> {
  const { codecs, compressionLevel: level, unpackedBytesMax: bytesMax } = rules;
  if ("walk" in step) return await sliced(walkPieces(step.walk, step.options), slices);
  const { type } = step;
  if ("unpack" in step) {
    return await decompressSliced(step.unpack, { type, codecs, bytesMax, slices });
  }
  return await compressSliced(step.pack, { type, codecs, level, slices });
}

/** The judgement, which leaves what may take long to whoever runs it. */
function* judgeV2(
  batch: Uint8Array,
  rules: ProduceRules,
): Generator<Step, ProducePayload, StepResult> {
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
  let unpacked = batch;
  if (compression !== "none") {
    try {
      const packed = batch.subarray(batchOverheadBytes);
      unpacked = (yield { unpack: packed, type: compression }) as Uint8Array;
    } catch (error) {
      if (error instanceof DecodeFault) return refuseUnpacking(error);
      throw error;
    }
  }
  const start = compression === "none" ? batchOverheadBytes : 0;
  const { recordCount, baseTimestamp } = header;
  const options = { start, recordCount, baseTimestamp, rules };
  const walk = (yield { walk: unpacked, options }) as RecordWalk | string;
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
  const packed = (yield { pack: records, type: stored }) as Uint8Array;
  const made = withRecords(batch, { records: packed, compression: stored, maxTimestamp });
  return converted(made, rules);
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
  if ((header.attributes & attributeBits.logAppendTime) !== 0) {
    return refuse(INVALID_TIMESTAMP, "producers must not set a log append time");
  }
  return undefined;
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
