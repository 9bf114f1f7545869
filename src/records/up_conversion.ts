// From a message set that an old producer sent (Produce 0-2) to the one v2 batch that is stored.
//
//   message, message, ...  -->  batch of as many records, uncompressed or as the topic wants it
//   wrapper                -->  its messages unpacked, in a batch of the same codec
//
// Offsets in the set mean nothing: some clients send 0 for all of them. Magic 0 has no times: -1.
// Records are written as they are read, so that memory is bounded by bytes, not by their number.
// What may take long is left to whoever runs it (heavy_steps.ts).
//
// Differs from Kafka: a message set (of old producers) whose last message is cut short is refused;
// Kafka drops that message.

import { BytesWriter } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { type Int64, maxInt64, subtractInt64 } from "../base/int64.ts";
import { attributeBits, compressionOf } from "./batch.ts";
import { batchOfPacked } from "./build.ts";
import { storedCompression } from "./codec_choice.ts";
import type { CompressionType } from "./compression.ts";
import type { HeavySteps } from "./heavy_steps.ts";
import { checkMessage, type Message } from "./legacy.ts";
import { type ProduceRules, refuseRecords, refuseUnpacking, sizeRefusal } from "./produce_rules.ts";
import { writeRecord } from "./record.ts";
import { recordError, recordErrorsMax } from "./record_walk.ts";
import { payloadErrors, type RecordError, type Refusal, refuse } from "./validation.ts";

/** The records of a set so far, written as a v2 batch has them. */
class Conversion {
  readonly rules: ProduceRules;
  readonly errors: RecordError[] = [];
  readonly #records = new BytesWriter(1024);
  #count = 0;
  #baseTimestamp: Int64 = -1;
  #maxTimestamp: Int64 = -1;

  constructor(rules: ProduceRules) {
    this.rules = rules;
  }

  get count(): number {
    return this.#count;
  }

  add({ timestamp, key, value }: Message): void {
    const index = this.#count++;
    if (index === 0) this.#baseTimestamp = timestamp;
    this.#maxTimestamp = maxInt64(this.#maxTimestamp, timestamp);
    const { keysRequired, timestampMin, timestampMax } = this.rules;
    const noKey = keysRequired && key === null;
    const badTime = (timestamp < timestampMin || timestamp > timestampMax) && timestamp !== -1;
    if ((noKey || badTime) && this.errors.length < recordErrorsMax) {
      this.errors.push(recordError(index, noKey ? undefined : timestamp, this.rules));
    }
    const timestampDelta = subtractInt64(timestamp, this.#baseTimestamp);
    writeRecord(this.#records, { body: { key, value }, timestampDelta, offsetDelta: index });
  }

  *finish(source: CompressionType): HeavySteps<Uint8Array> {
    const type = storedCompression(this.rules.compression, source);
    const packed = (yield { pack: this.#records.finish(), type }) as Uint8Array;
    return batchOfPacked(packed, {
      recordCount: this.#count,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      compression: type,
    });
  }
}

/** About what a message weighs beside its bytes, of which each is looked at twice. */
const messageWeight = 512;
const byteWeight = 2;

export type UpConversion = { readonly batch: Uint8Array } | { readonly refusal: Refusal };

/** A v2 batch of what `set` holds, or why it is refused. The topic's rules hold for its records. */
export function* upConvert(set: Uint8Array, rules: ProduceRules): HeavySteps<UpConversion> {
  const { INVALID_RECORD } = payloadErrors;
  const conversion = new Conversion(rules);
  let source: CompressionType = "none";
  let magic: number | undefined;
  for (let position = 0; position < set.length;) {
    const check = checkMessage(set, position);
    if ("refusal" in check) return check;
    const { message } = check;
    const isTooLarge = sizeRefusal(message.sizeBytes, rules);
    if (isTooLarge !== undefined) return isTooLarge;
    magic ??= message.magic;
    if (message.magic !== magic) return refuse(INVALID_RECORD, "messages of two formats in a set");
    const compression = compressionOf(message.attributes);
    const isWrapper = compression !== "none";
    if (isWrapper && message.sizeBytes !== set.length) {
      return refuse(INVALID_RECORD, "a compressed message must be the only one of its set");
    }
    const refusal = isWrapper
      ? yield* addInner(message, conversion)
      : addPlain(message, conversion);
    if (refusal !== undefined) return { refusal };
    source = compression ?? source;
    position += message.sizeBytes;
    yield messageWeight + message.sizeBytes * byteWeight;
  }
  if (conversion.errors.length > 0) return refuseRecords(conversion.errors);
  return { batch: yield* conversion.finish(source) };
}

/** A message that claims the broker's time. */
const stamped: Refusal = {
  errorCode: payloadErrors.INVALID_TIMESTAMP,
  message: "producers must not set a log append time",
};

function isStamped({ magic, attributes }: Message): boolean {
  return magic === 1 && (attributes & attributeBits.logAppendTime) !== 0;
}

function addPlain(message: Message, conversion: Conversion): Refusal | undefined {
  if (isStamped(message)) return stamped;
  conversion.add(message);
  return undefined;
}

/** Adds the messages inside of `wrapper`. */
function* addInner(wrapper: Message, conversion: Conversion): HeavySteps<Refusal | undefined> {
  const { INVALID_RECORD } = payloadErrors;
  const type = compressionOf(wrapper.attributes);
  if (type === undefined || type === "zstd" || wrapper.value === null) {
    const message = `a message of format ${wrapper.magic} with compression ${type ?? "unknown"}` +
      (wrapper.value === null ? " and no value" : "");
    return { errorCode: INVALID_RECORD, message };
  }
  if (isStamped(wrapper)) return stamped;
  let inner: Uint8Array;
  try {
    const form = wrapper.magic === 0 ? "magic 0" : "usual";
    // What is unpacked, the records, and those packed.
    inner = (yield { unpack: wrapper.value, type, form, arrays: 3 }) as Uint8Array;
  } catch (error) {
    if (error instanceof DecodeFault) return refuseUnpacking(error).refusal;
    throw error;
  }
  for (let position = 0; position < inner.length;) {
    const check = checkMessage(inner, position);
    if ("refusal" in check) return check.refusal;
    const { message } = check;
    if (message.magic !== wrapper.magic || compressionOf(message.attributes) !== "none") {
      return { errorCode: INVALID_RECORD, message: "a wrapper holds what is not a plain message" };
    }
    const refusal = addPlain(message, conversion);
    if (refusal !== undefined) return refusal;
    position += message.sizeBytes;
    yield messageWeight + message.sizeBytes * byteWeight;
  }
  if (conversion.count === 0) return { errorCode: INVALID_RECORD, message: "an empty wrapper" };
  return undefined;
}
