// Batches for the scenarios: good ones, and ones that are wrong in a single way.
//
// Invariant: without a timestamp of its own a batch has `startedAtMs`, so that both brokers get the
// same bytes.

import { utf8 } from "../../../src/base/bytes.ts";
import { renewCrc } from "../../../src/records/batch.ts";
import { type BatchInput, buildBatch } from "../../../src/records/mod.ts";
import { zlibCodecs } from "../../../src/runtime/codecs.ts";

/** The time of every batch that has none of its own. */
export const startedAtMs = Date.now();

/** A batch with a record for each value. */
export function batch(values: readonly string[], input: Partial<BatchInput> = {}): Uint8Array {
  return buildBatch({
    records: values.map((value) => ({ key: utf8("key"), value: utf8(value) })),
    timestamp: startedAtMs,
    ...input,
  }, zlibCodecs);
}

/** A change of header bytes: how wide, where, to what. */
export interface Change {
  readonly at: number;
  readonly int8?: number;
  readonly int16?: number;
  readonly int32?: number;
  readonly int64?: number;
  /** Leaves the checksum as it was. */
  readonly keepCrc?: boolean;
}

/** `bytes` with another value in its header. */
export function changed(bytes: Uint8Array, change: Change): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (change.int8 !== undefined) view.setInt8(change.at, change.int8);
  if (change.int16 !== undefined) view.setInt16(change.at, change.int16);
  if (change.int32 !== undefined) view.setInt32(change.at, change.int32);
  if (change.int64 !== undefined) view.setBigInt64(change.at, BigInt(change.int64));
  if (!change.keepCrc) renewCrc(copy);
  return copy;
}

/** A message set of one message, of magic 0 or 1, as clients of before Kafka 0.11 sent. */
export function messageSet(magic: 0 | 1): Uint8Array {
  const value = utf8("old");
  const body = magic === 1 ? 22 : 14;
  const bytes = new Uint8Array(12 + body + value.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, body + value.length);
  view.setInt8(16, magic);
  if (magic === 1) view.setBigInt64(18, BigInt(startedAtMs));
  const after = magic === 1 ? 26 : 18;
  view.setInt32(after, -1);
  view.setInt32(after + 4, value.length);
  bytes.set(value, after + 8);
  view.setInt32(12, crc32(bytes.subarray(16)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}
