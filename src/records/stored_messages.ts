// From messages that a broker before Kafka 0.11 has stored (legacy.ts) to v2 batches in their
// place, for logs that are older than the format.
//
//   message 4, message 5, message 9   -->  batch 4-5, batch 9
//   wrapper of 10-12                  -->  batch 10-12 of the same codec
//
// Invariant: every record keeps its offset, key, value and time. A batch has no gaps, so one begins
// anew where offsets are missing, as compaction leaves them.

import { DecodeFault } from "../base/faults.ts";
import { addInt64, type Int64, subtractInt64 } from "../base/int64.ts";
import { itemAt } from "../base/items.ts";
import { attributeBits, compressionOf, stampLogAppendTime } from "./batch.ts";
import { BatchWriter } from "./build.ts";
import { type CompressionType, decompress, type RuntimeCodecs } from "./compression.ts";
import { checkMessage, type Message } from "./legacy.ts";

/** Messages without compression share a batch up to so many bytes. */
const batchBytes = 16 * 1024;

/** What a batch is of, besides its records. */
interface Kind {
  readonly compression: CompressionType;
  /** The broker's time, which all of them have. */
  readonly appendTime: Int64 | undefined;
}

/** Makes batches of stored messages, in the order in which they are added. */
export class StoredMessages {
  readonly #codecs: RuntimeCodecs;
  readonly #write: (batch: Uint8Array) => void;
  #open: { batch: BatchWriter; baseOffset: number; kind: Kind } | undefined;

  /** `write` takes each batch as it is full; codecs of wrappers must be loaded. */
  constructor(codecs: RuntimeCodecs, write: (batch: Uint8Array) => void) {
    this.#codecs = codecs;
    this.#write = write;
  }

  /** Throws DecodeFault where a wrapper cannot be unpacked. */
  add(message: Message): void {
    const compression = compressionOf(message.attributes);
    const isStamped = message.magic === 1 &&
      (message.attributes & attributeBits.logAppendTime) !== 0;
    const appendTime = isStamped ? message.timestamp : undefined;
    if (compression === "none") return this.#addRecord(message, { compression, appendTime });
    if (compression === undefined || message.value === null) {
      throw new DecodeFault(`a wrapper at offset ${message.offset} holds no messages`);
    }
    this.end();
    const inner = this.#unpacked(message, { value: message.value, type: compression });
    for (const each of inner) this.#addRecord(each, { compression, appendTime });
    this.end();
  }

  /** Writes what is left. */
  end(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { batch, baseOffset, kind: { compression, appendTime } } = open;
    const about = { baseOffset, partitionLeaderEpoch: 0, compression };
    const bytes = batch.finish(about, this.#codecs);
    if (appendTime !== undefined) {
      stampLogAppendTime(bytes, { position: 0, timestampMs: Number(appendTime) });
    }
    this.#write(bytes);
  }

  #addRecord({ offset, timestamp, key, value }: Message, kind: Kind): void {
    const at = Number(offset);
    const isNext = this.#open !== undefined &&
      at === this.#open.baseOffset + this.#open.batch.recordCount &&
      kind.compression === this.#open.kind.compression &&
      kind.appendTime === this.#open.kind.appendTime &&
      (kind.compression !== "none" || this.#open.batch.sizeBytes < batchBytes);
    if (!isNext) this.end();
    this.#open ??= { batch: new BatchWriter(batchBytes), baseOffset: at, kind };
    this.#open.batch.add({ key, value }, timestamp);
  }

  /** The messages in a wrapper, with offsets of their own. */
  #unpacked(wrapper: Message, packed: { value: Uint8Array; type: CompressionType }): Message[] {
    const form = wrapper.magic === 0 ? "magic 0" : "usual";
    const set = decompress(packed.value, { type: packed.type, codecs: this.#codecs, form });
    const messages: Message[] = [];
    for (let position = 0; position < set.length;) {
      const check = checkMessage(set, position);
      if ("refusal" in check) throw new DecodeFault(check.refusal.message);
      messages.push(check.message);
      position += check.message.sizeBytes;
    }
    if (wrapper.magic === 0 || messages.length === 0) return messages;
    const last = itemAt(messages, messages.length - 1).offset;
    const base = subtractInt64(wrapper.offset, last);
    return messages.map((each) => ({ ...each, offset: addInt64(base, each.offset) }));
  }
}
