// What a producer sent for one partition, after Kafka's LogValidator: judged whole, and brought
// into the form in which it is stored.
//
//   v2 batch, codec as the topic wants it   checked, passed through as it is
//   v2 batch, another codec                 its records packed again under the same header
//   message set (magic 0 and 1)             up_conversion.ts makes a v2 batch of it
//
// Cost of the first: the header, one CRC pass, and a walk over the records, which for a compressed
// batch means to unpack them, bounded. Only the batch's largest timestamp is set right in place.
// A heavy one is unpacked in chunks, of which a window is in memory, and whole only where its
// records are packed again. What that takes is claimed before, and given back before more is.
//
// Differs from Kafka: a batch whose compression is unknown, whose data does not unpack, or that is
// marked as having log append times gets an error that says so; Kafka answers the first two with
// UNKNOWN_SERVER_ERROR, and clears the mark.
//
// Differs from Kafka: a batch that unpacks to more than socket.request.max.bytes is refused with
// MESSAGE_TOO_LARGE; Kafka has no such bound.
//
// Differs from Kafka: wrong offset deltas are corrected in uncompressed batches, too; Kafka
// corrects them only in compressed ones.

import { DecodeFault } from "../base/faults.ts";
import { MemoryShare } from "../base/memory_share.ts";
import {
  attributeBits,
  type BatchHeader,
  batchOverheadBytes,
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
import { type PackedScan, scanPacked, scanPackedNow } from "./packed_scan.ts";
import { type FramedBatch, type FramedPayload, type FramedSet, framePayload } from "./framing.ts";
import { runNow, runSliced } from "./heavy_steps.ts";
import { sliced, type WorkSlices } from "../base/pieces.ts";
import {
  anyProduceRules,
  type ProduceRules,
  refuseRecords,
  refuseUnpacking,
  sizeRefusal,
} from "./produce_rules.ts";
import { renumberRecords, type WalkOptions, walkPieces, walkRecords } from "./record_walk.ts";
import { type UpConversion, upConvert } from "./up_conversion.ts";
import { unpackingMemory } from "./unpacking_memory.ts";
import { checkWhole, payloadErrors, type RecordError, type Refusal, refuse } from "./validation.ts";

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
  const framed = framePayload(payload);
  return "refusal" in framed ? framed : checkFramed(framed, rules);
}

/** The same for a payload whose frame was checked. */
export function checkFramed(framed: FramedPayload, rules: ProduceRules): ProducePayload {
  if (framed.magic === 2) return checkV2(framed, rules);
  return convertedSet(runNow(upConvert(framed.bytes, rules), stepOptions(rules)), rules);
}

function stepOptions(
  { codecs, compressionLevel: level, unpackedBytesMax: bytesMax }: ProduceRules,
) {
  return { codecs, level, bytesMax };
}

function convertedSet(result: UpConversion, rules: ProduceRules): ProducePayload {
  return "refusal" in result ? result : converted(result.batch, rules);
}

/** Where looking at them takes longer than others should wait. */
const largeBytes = 16 * 1024;
/** What gzip says that it holds may be a lie, by which no more than some megabytes come out. */
const believedGzipBytes = 4 * 1024;
/** Half a millisecond of unpacking. */
const largeUnpackedBytes = 512 * 1024;
const manyRecords = 20_000;

/** Whether `payload` had better be checked by {@link checkFramedSliced}. */
export function isHeavyPayload(payload: FramedPayload, rules: ProduceRules): boolean {
  return payload.magic === 2 ? isHeavyBatch(payload, rules) : isHeavySet(payload);
}

function isHeavyBatch(batch: FramedBatch, rules: ProduceRules): boolean {
  const { bytes, header, compression } = batch;
  if (compression === undefined) return false;
  if (compression === "none" && bytes.length <= largeBytes) return false;
  const isKept = storedCompression(rules.compression, compression) === compression;
  if (compression === "none" && isKept) return header.recordCount > manyRecords;
  if (compression === "gzip" && bytes.length > believedGzipBytes) return true;
  if (!isKept && bytes.length > largeBytes) return true;
  return unpackedBytesMost(batch) > largeUnpackedBytes;
}

/** What a packed batch unpacks to at most; 0 of what is not packed. */
export function unpackedBytesMost({ magic, bytes, compression }: FramedPayload): number {
  if (magic !== 2 || compression === undefined || compression === "none") return 0;
  return unpackingMemory(bytes.subarray(batchOverheadBytes), compression).unpackedBytes;
}

function isHeavySet({ bytes, compression }: FramedSet): boolean {
  return bytes.length > (compression === "none" ? largeBytes : believedGzipBytes);
}

/** What heavy work is done with. */
export interface HeavyWork {
  readonly rules: ProduceRules;
  readonly slices: WorkSlices;
  /** What is unpacked and packed is claimed here. Without it nothing is claimed. */
  readonly memory?: MemoryShare;
}

/** As {@link checkFramed} for what is heavy, in slices. */
export async function checkFramedSliced(
  framed: FramedPayload,
  work: HeavyWork,
): Promise<ProducePayload> {
  if (framed.magic !== 2) return await convertSliced(framed, work);
  const judged = judgeV2(framed, work.rules);
  let step = judged.next();
  while (!step.done) {
    let result: StepResult;
    try {
      result = await claimed(step.value, work);
    } catch (error) {
      step = judged.throw(error);
      continue;
    }
    if (work.slices.isOver) await work.slices.next();
    step = judged.next(result);
  }
  return step.value;
}

async function convertSliced(
  { bytes: set, compression }: FramedSet,
  work: HeavyWork,
): Promise<ProducePayload> {
  const { rules, slices, memory = new MemoryShare(() => Infinity) } = work;
  try {
    // Plain messages are copied into records, and those packed.
    const claimBytes = compression === "none" ? 2 * set.length : 0;
    const options = { ...stepOptions(rules), slices, memory, claimBytes };
    return convertedSet(await runSliced(upConvert(set, rules), options), rules);
  } catch (error) {
    if (error instanceof DecodeFault) return refuseUnpacking(error);
    throw error;
  }
}

function checkV2(framed: FramedBatch, rules: ProduceRules): ProducePayload {
  const judged = judgeV2(framed, rules);
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
  /** To look at all records: `start` is where they begin in what is not packed. */
  | { readonly scan: Uint8Array; readonly type: CompressionType; readonly options: WalkOptions }
  /** To pack them again. */
  | {
    readonly repack: Uint8Array;
    readonly from: CompressionType;
    readonly to: CompressionType;
    readonly unpackedBytes: number;
    /** How many there are, where their offset deltas are to be set right. */
    readonly renumber: number | undefined;
  };
type StepResult = PackedScan | Uint8Array | string;

function doNow(step: Step, rules: ProduceRules): StepResult {
  const { codecs, compressionLevel: level, unpackedBytesMax: bytesMax } = rules;
  if ("repack" in step) {
    const { repack, from, to, renumber } = step;
    const records = decompress(repack, { type: from, codecs, bytesMax });
    const numbered = renumber === undefined ? records : renumberRecords(records, renumber);
    return compress(numbered, { type: to, codecs, level });
  }
  const { scan, type, options } = step;
  if (type !== "none") return scanPackedNow(scan, { type, codecs, bytesMax, options });
  const walk = walkRecords(scan, options);
  if (typeof walk === "string") return walk;
  const errors = walk.breaksRules ? errorsOf(scan, options) : [];
  return { walk, errors, unpackedBytes: scan.length - options.start };
}

/** {@link doSliced} with the memory that it takes. */
async function claimed(step: Step, work: HeavyWork): Promise<StepResult> {
  const { memory } = work;
  if (memory === undefined) return await doSliced(step, work);
  const bytes = memoryOf(step);
  if (bytes > memory.bytesMax) {
    throw new DecodeFault(
      `the batch takes ${bytes} bytes of memory to unpack, which are not here`,
      { isPastBound: true },
    );
  }
  await memory.claim(bytes);
  try {
    return await doSliced(step, work);
  } finally {
    memory.give(bytes);
  }
}

function memoryOf(step: Step): number {
  if ("scan" in step) return unpackingMemory(step.scan, step.type).windowBytes;
  const { from, renumber, unpackedBytes } = step;
  const arrays = (from === "none" ? 0 : 1) + (renumber === undefined ? 0 : 1);
  // What is packed has another array, and a third while it is joined.
  return (arrays + 2) * unpackedBytes;
}

async function doSliced(step: Step, { rules, slices }: HeavyWork): Promise<StepResult> {
  const { codecs, compressionLevel: level, unpackedBytesMax: bytesMax } = rules;
  if ("repack" in step) {
    const { repack, from, to, renumber } = step;
    const records = await decompressSliced(repack, { type: from, codecs, bytesMax, slices });
    const numbered = renumber === undefined ? records : renumberRecords(records, renumber);
    return await compressSliced(numbered, { type: to, codecs, level, slices });
  }
  const { scan, type, options } = step;
  if (type !== "none") return await scanPacked(scan, { type, codecs, bytesMax, slices, options });
  const walk = await sliced(walkPieces(scan, options), slices);
  if (typeof walk === "string") return walk;
  const errors = walk.breaksRules ? errorsOf(scan, options) : [];
  return { walk, errors, unpackedBytes: scan.length - options.start };
}

/** The judgement, which leaves what may take long to whoever runs it. */
function* judgeV2(
  { bytes: batch, header, compression: type }: FramedBatch,
  rules: ProduceRules,
): Generator<Step, ProducePayload, StepResult> {
  const { INVALID_RECORD } = payloadErrors;
  const isTooLarge = sizeRefusal(header.sizeBytes, rules);
  if (isTooLarge !== undefined) return isTooLarge;
  const check = checkWhole(batch, { header });
  if ("refusal" in check) return check;
  const refusal = headerRefusal(header);
  if (refusal !== undefined) return refusal;
  if (type === undefined) return refuse(INVALID_RECORD, "unknown compression");
  const { recordCount, baseTimestamp } = header;
  const payload = batch.subarray(batchOverheadBytes);
  try {
    const options = { start: 0, recordCount, baseTimestamp, rules };
    const scan = (yield { scan: payload, type, options }) as PackedScan | string;
    if (typeof scan === "string") return refuse(INVALID_RECORD, scan);
    const { walk: { maxTimestamp, consecutive, breaksRules }, errors, unpackedBytes } = scan;
    if (breaksRules) return refuseRecords(errors);
    const stored = storedCompression(rules.compression, type);
    if (stored === type && consecutive) {
      if (maxTimestamp === header.maxTimestamp) return { header, batch };
      setMaxTimestamp(batch, maxTimestamp);
      return { header: readBatchHeader(batch), batch };
    }
    const isTooLargeUnpacked = stored === "none" && consecutive
      ? sizeRefusal(batchOverheadBytes + unpackedBytes, rules)
      : undefined;
    if (isTooLargeUnpacked !== undefined) return isTooLargeUnpacked;
    const renumber = consecutive ? undefined : recordCount;
    const repack = { repack: payload, from: type, to: stored, unpackedBytes, renumber };
    const packed = (yield repack) as Uint8Array;
    const made = withRecords(batch, { records: packed, compression: stored, maxTimestamp });
    return converted(made, rules);
  } catch (error) {
    if (error instanceof DecodeFault) return refuseUnpacking(error);
    throw error;
  }
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
