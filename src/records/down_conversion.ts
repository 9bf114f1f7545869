// From stored v2 batches to the message set that an old consumer can read (Fetch 0-3): magic 0 for
// versions 0 and 1, magic 1 for 2 and 3.
//
//   uncompressed batch   a message for each record
//   compressed batch     wrappers of the same codec, each of at most wrapperBytes unpacked
//   control batch        nothing: its offsets are a gap
//   zstd                 cannot be said in these formats: the set ends before it
//
// Offsets stay, headers are dropped, records before the wanted offset are left out. Aborted records
// are given: these consumers know no transactions. Memory is bounded: one unpacked batch, one
// wrapper, and the set, which ends before what would take it past `bytesMax`, its first message (or
// wrapper) excepted. What may take long is left to whoever runs it (heavy_steps.ts).
//
// Differs from Kafka: for old consumers a large compressed batch becomes several compressed
// messages rather than one, and its records before the wanted offset are left out.

import { BytesWriter } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { Offset } from "../base/ids.ts";
import { type Int64, maxInt64 } from "../base/int64.ts";
import {
  attributeBits,
  type BatchHeader,
  batchOverheadBytes,
  compressionOf,
  readBatchHeader,
} from "./batch.ts";
import { type CompressionType, compressionTypes, isCompressionLoaded } from "./compression.ts";
import type { HeavySteps } from "./heavy_steps.ts";
import { type LegacyMagic, type MessageInput, messageSize, writeMessage } from "./legacy.ts";
import { batchPositions, eachUnpacked } from "./record.ts";

/** Unpacked bytes of the messages in a wrapper: it ends with the one that reaches this. */
const wrapperBytes = 256 * 1024;
/** About what a message weighs beside its bytes, of which each is looked at twice. */
const messageWeight = 512;
const byteWeight = 2;

export interface DownConversion {
  readonly magic: LegacyMagic;
  /** Records before it are left out. */
  readonly fromOffset: Offset;
  /** The set is no larger, but for a single message or wrapper. */
  readonly bytesMax: number;
}

/** What an old consumer is given. */
export interface ConvertedSet {
  readonly set: Uint8Array;
  /** Where the consumer goes on: behind the last message, or behind what has none for it. */
  readonly nextOffset: Offset;
  /** Why the set ends at `nextOffset`, where it is for the batch there. */
  readonly ending?: "unsupported codec" | "does not unpack" | "too large";
}

/** A codec to load before {@link downConvert} is called with these batches; undefined: none. */
export function codecToLoadForSet(batches: Uint8Array): CompressionType | undefined {
  for (const position of batchPositions(batches)) {
    const type = compressionOf(readBatchHeader(batches, position).attributes) ?? "none";
    if (!isCompressionLoaded(type)) return type;
  }
  return undefined;
}

/** A message set of what whole `batches` hold. */
export function* downConvert(
  batches: Uint8Array,
  options: DownConversion,
): HeavySteps<ConvertedSet> {
  const set = new MessageSet(options);
  let nextOffset = options.fromOffset;
  for (const position of batchPositions(batches)) {
    const header = readBatchHeader(batches, position);
    if (header.lastOffset < nextOffset) continue;
    const type = compressionOf(header.attributes);
    if (!header.isControl && (type === undefined || type === "zstd")) {
      return { set: set.finish(), nextOffset, ending: "unsupported codec" };
    }
    try {
      const batch = batches.subarray(position, position + header.sizeBytes);
      const fullAt = header.isControl ? undefined : yield* set.addBatch(batch, header);
      if (fullAt !== undefined) return { set: set.finish(), nextOffset: fullAt };
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      const ending = error.isPastBound ? "too large" : "does not unpack";
      return { set: set.finish(), nextOffset, ending };
    }
    nextOffset = header.lastOffset + 1;
  }
  return { set: set.finish(), nextOffset };
}

/** Messages on their way into a wrapper. `offset` is the first one's. */
interface Inner {
  readonly messages: BytesWriter;
  readonly offset: Offset;
  lastOffset: Offset;
  maxTimestamp: Int64;
}

/** A set that grows until it is full. */
class MessageSet {
  readonly #options: DownConversion;
  readonly #writer = new BytesWriter(16 * 1024);

  constructor(options: DownConversion) {
    this.#options = options;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }

  /** Returns the offset of the first message that had no place any more. */
  *addBatch(batch: Uint8Array, header: BatchHeader): HeavySteps<Offset | undefined> {
    const { magic, fromOffset } = this.#options;
    const isCompressed = (header.attributes & attributeBits.compression) !== 0;
    const isLogAppendTime = (header.attributes & attributeBits.logAppendTime) !== 0;
    const type = compressionOf(header.attributes)!;
    const packed = batch.subarray(batchOverheadBytes);
    // What is unpacked, and a wrapper, which may be of one record that is all there is.
    const unpacked = type === "none"
      ? packed
      : (yield { unpack: packed, type, arrays: 2 }) as Uint8Array;
    let inner: Inner | undefined;
    for (const record of eachUnpacked(unpacked, header)) {
      yield messageWeight;
      if (record.offset < fromOffset) continue;
      const { offset, timestamp, key, value } = record;
      const message = { offset, magic, isLogAppendTime, timestamp, key, value };
      if (!isCompressed) {
        if (!this.#add(message)) return offset;
        continue;
      }
      inner ??= { messages: new BytesWriter(4096), offset, lastOffset: -1, maxTimestamp: -1 };
      const innerOffset = magic === 0 ? offset : offset - inner.offset;
      writeMessage(inner.messages, { ...message, offset: innerOffset });
      inner.lastOffset = offset;
      inner.maxTimestamp = maxInt64(inner.maxTimestamp, timestamp);
      if (inner.messages.length < wrapperBytes) continue;
      if (!this.#add(yield* this.#wrap(inner, header))) return inner.offset;
      inner = undefined;
    }
    if (inner === undefined) return undefined;
    return this.#add(yield* this.#wrap(inner, header)) ? undefined : inner.offset;
  }

  /** Whether there was a place for it. */
  #add(message: MessageInput): boolean {
    const { length } = this.#writer;
    if (length > 0 && length + messageSize(message) > this.#options.bytesMax) return false;
    writeMessage(this.#writer, message);
    return true;
  }

  *#wrap(inner: Inner, header: BatchHeader): HeavySteps<MessageInput> {
    const { magic } = this.#options;
    const type = compressionOf(header.attributes)!;
    const form = magic === 0 ? "magic 0" : "usual";
    const messages = inner.messages.finish();
    yield messages.length * byteWeight;
    return {
      offset: inner.lastOffset,
      magic,
      compression: compressionTypes.indexOf(type),
      isLogAppendTime: (header.attributes & attributeBits.logAppendTime) !== 0,
      timestamp: inner.maxTimestamp,
      key: null,
      value: (yield { pack: messages, type, form }) as Uint8Array,
    };
  }
}
