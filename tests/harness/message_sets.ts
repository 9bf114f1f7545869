// Message sets as an old consumer reads them: wrappers unpacked, offsets made absolute. The broker
// itself never needs them in this form.

import {
  attributeBits,
  checkMessage,
  compressionOf,
  compressionTypes,
  decompress,
  type Message,
  messageSize,
  writeMessage,
} from "../../src/records/mod.ts";
import { BytesWriter } from "../../src/base/bytes.ts";
import { addInt64, type Int64, maxInt64, subtractInt64 } from "../../src/base/int64.ts";
import { itemAt } from "../../src/base/items.ts";
import { compress, type CompressionType } from "../../src/records/compression.ts";
import type { LegacyMagic } from "../../src/records/legacy.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";

/** A message as its consumer sees it. */
export interface ReadMessage {
  readonly offset: Int64;
  readonly timestamp: Int64;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** The messages of a set, which must be whole and sound; snappy and lz4 must be loaded. */
export function messagesIn(set: Uint8Array): ReadMessage[] {
  return shallowMessages(set).flatMap((message) => {
    const type = compressionOf(message.attributes)!;
    return type === "none" ? [seen(message)] : innerMessages(message, type);
  });
}

/** The messages of a set as they stand in it, wrappers not unpacked. */
export function shallowMessages(set: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let position = 0; position < set.length;) {
    const check = checkMessage(set, position);
    if ("refusal" in check) throw new Error(check.refusal.message);
    messages.push(check.message);
    position += check.message.sizeBytes;
  }
  return messages;
}

function innerMessages(wrapper: Message, type: CompressionType): ReadMessage[] {
  const form = wrapper.magic === 0 ? "magic 0" : "usual";
  const inner = shallowMessages(decompress(wrapper.value!, { type, codecs: zlibCodecs, form }));
  const last = itemAt(inner, inner.length - 1).offset;
  const base = wrapper.magic === 0 ? 0 : subtractInt64(wrapper.offset, last);
  const isStamped = (wrapper.attributes & attributeBits.logAppendTime) !== 0;
  return inner.map((message) => ({
    ...seen(message),
    offset: addInt64(base, message.offset),
    ...(isStamped ? { timestamp: wrapper.timestamp } : {}),
  }));
}

function seen({ offset, timestamp, key, value }: Message): ReadMessage {
  return { offset, timestamp, key, value };
}

/** A message that a producer sends; its offset means nothing. */
export interface SentMessage {
  readonly timestamp?: Int64;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** A set as an old producer sends it, or, with `baseOffset`, as a broker has stored it. */
export function messageSetOf(
  messages: readonly SentMessage[],
  options: { magic: LegacyMagic; compression?: CompressionType; baseOffset?: number },
): Uint8Array {
  const { magic, compression: type = "none", baseOffset = 0 } = options;
  const isRelative = magic === 1 && type !== "none";
  const plain = new BytesWriter(256);
  let maxTimestamp: Int64 = -1;
  messages.forEach(({ timestamp = -1, key, value }, i) => {
    maxTimestamp = maxInt64(maxTimestamp, timestamp);
    const offset = isRelative ? i : baseOffset + i;
    writeMessage(plain, { offset, magic, timestamp, key, value });
  });
  if (type === "none") return plain.finish();
  const form = magic === 0 ? "magic 0" : "usual";
  const wrapper = {
    offset: baseOffset + messages.length - 1,
    magic,
    compression: compressionTypes.indexOf(type),
    timestamp: maxTimestamp,
    key: null,
    value: compress(plain.finish(), { type, codecs: zlibCodecs, form }),
  };
  const set = new BytesWriter(messageSize(wrapper));
  writeMessage(set, wrapper);
  return set.finish();
}
