// The formats before v2: message sets of magic 0 (Kafka 0.8) and magic 1 (0.10, KIP-32). A set is
// messages one behind the other, without a header of its own:
//
//    0 offset int64           16 magic int8         18 timestamp int64 (magic 1 only)
//    8 size int32 (from 12)   17 attributes int8    .. key: int32 length (-1: null), bytes
//   12 crc uint32 (CRC-32 from 16 on)               .. value: likewise
//
//   attributes: 0-2 compression, 3 LogAppendTime (magic 1)
//
// A compressed message, the wrapper, has no key, and a whole message set as its value. Its offset
// is that of the last message in it; those inside count from 0 in magic 1 and are their own in
// magic 0. Invariant: nothing is read past a message's own size.

import { BytesReader, type BytesWriter } from "../base/bytes.ts";
import { crc32 } from "../base/crc.ts";
import { DecodeFault } from "../base/faults.ts";
import type { Offset } from "../base/ids.ts";
import type { Int64 } from "../base/int64.ts";
import { attributeBits, logOverheadBytes, magicOf } from "./batch.ts";
import { payloadErrors, type Refusal, refuse } from "./validation.ts";

/** The formats that old clients know. */
export type LegacyMagic = 0 | 1;

/** One message as it stands in a set, a wrapper perhaps. `timestamp` is -1 in magic 0. */
export interface Message {
  /** As it was sent, which means nothing. */
  readonly offset: Int64;
  readonly magic: LegacyMagic;
  readonly attributes: number;
  readonly timestamp: Int64;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Bytes of the whole message, with offset and size. */
  readonly sizeBytes: number;
}

/** A message that passed, or why it did not. */
export type MessageCheck = { readonly message: Message } | { readonly refusal: Refusal };

/** Bytes of a message without those of its key and value, with offset and size. */
function messageOverhead(magic: LegacyMagic): number {
  return magic === 0 ? 26 : 34;
}

/** Where the CRC's coverage begins, from the start of the message. */
const crcStart = 16;

/** The message at `position` of `bytes`, checked whole. */
export function checkMessage(bytes: Uint8Array, position: number): MessageCheck {
  const { CORRUPT_MESSAGE, INVALID_RECORD } = payloadErrors;
  try {
    const reader = new BytesReader(bytes, position);
    const offset = reader.int64();
    const size = reader.int32();
    const sizeBytes = size + logOverheadBytes;
    if (sizeBytes < messageOverhead(0)) {
      return refuse(CORRUPT_MESSAGE, `a message cannot have ${size} bytes`);
    }
    if (size > reader.remaining) return refuse(INVALID_RECORD, "the last message breaks off");
    const end = position + sizeBytes;
    if (magicOf(bytes, position) === 2) {
      return refuse(INVALID_RECORD, "a v2 batch among messages of the old formats");
    }
    if (reader.uint32() !== crc32(bytes, position + crcStart, end)) {
      return refuse(CORRUPT_MESSAGE, "message checksum does not match");
    }
    const magic = reader.int8();
    if (magic !== 0 && magic !== 1) {
      return refuse(CORRUPT_MESSAGE, `there is no message format ${magic}`);
    }
    const body = new BytesReader(bytes, reader.position, end);
    const attributes = body.uint8();
    const timestamp = magic === 0 ? -1 : body.int64();
    const key = nullableBytes(body);
    const value = nullableBytes(body);
    if (body.remaining > 0) return refuse(INVALID_RECORD, "a message is longer than its parts");
    return { message: { offset, magic, attributes, timestamp, key, value, sizeBytes } };
  } catch (error) {
    if (error instanceof DecodeFault) return refuse(INVALID_RECORD, error.message);
    throw error;
  }
}

function nullableBytes(reader: BytesReader): Uint8Array | null {
  const length = reader.int32();
  if (length < -1) throw new DecodeFault(`a message has a part of length ${length}`);
  return length === -1 ? null : reader.slice(length);
}

/** What is needed to write a message. */
export interface MessageInput {
  readonly offset: Offset;
  readonly magic: LegacyMagic;
  /** The codec's id, for a wrapper. */
  readonly compression?: number;
  /** Only magic 1 has it, and the time. */
  readonly isLogAppendTime?: boolean;
  readonly timestamp: Int64;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** Bytes that {@link writeMessage} will add. */
export function messageSize({ magic, key, value }: MessageInput): number {
  return messageOverhead(magic) + (key?.length ?? 0) + (value?.length ?? 0);
}

const head = new DataView(new ArrayBuffer(14));
const headBytes = new Uint8Array(head.buffer);
const lengthField = new DataView(new ArrayBuffer(4));
const lengthBytes = new Uint8Array(lengthField.buffer);

/** Appends one message to `writer`. */
export function writeMessage(writer: BytesWriter, message: MessageInput): void {
  const { magic, key, value } = message;
  const stamped = magic === 1 && message.isLogAppendTime === true;
  head.setInt8(0, magic);
  head.setInt8(1, (message.compression ?? 0) | (stamped ? attributeBits.logAppendTime : 0));
  if (magic === 1) head.setBigInt64(2, BigInt(message.timestamp));
  const keyLengthAt = magic === 0 ? 2 : 10;
  head.setInt32(keyLengthAt, key?.length ?? -1);
  lengthField.setInt32(0, value?.length ?? -1);
  let crc = crc32(headBytes, 0, keyLengthAt + 4);
  if (key !== null) crc = crc32(key, 0, key.length, crc);
  crc = crc32(lengthBytes, 0, 4, crc);
  if (value !== null) crc = crc32(value, 0, value.length, crc);
  writer.int64(message.offset);
  writer.int32(messageSize(message) - logOverheadBytes);
  writer.uint32(crc);
  writer.bytes(headBytes.subarray(0, keyLengthAt + 4));
  if (key !== null) writer.bytes(key);
  writer.bytes(lengthBytes);
  if (value !== null) writer.bytes(value);
}
