// Producer snapshots: what the producers' state was when the log ended at the offset in the file's
// name, so that loading need not read the log from its start. Taken when a segment is rolled, now
// and then before a checkpoint (resume_points.ts), and at close.
//
//   int16 version (1) | uint32 crc32c of all that follows | int32 entries | per producer, 46 bytes:
//   int64 producerId | int16 epoch | int32 lastSequence | int64 lastOffset | int32 offsetDelta |
//   int64 timestamp | int32 coordinatorEpoch | int64 currentTxnFirstOffset
//
// Only the last batch of a producer is kept, as in Kafka. Invariant: a snapshot whose CRC does not
// hold is never used; an older one and the log give the same state, unless it is older than the
// log's first segment.

import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { crc32c } from "../base/crc.ts";
import { DecodeFault } from "../base/faults.ts";
import type { ProducerEntry, ProducerState } from "./producer_state.ts";

const version = 1;
const crcPosition = 2;
const entriesPosition = 6;
const entryBytes = 46;

export function encodeSnapshot(producers: ProducerState): Uint8Array {
  const writer = new BytesWriter(entriesPosition + 4 + producers.producerCount * entryBytes);
  writer.int16(version);
  writer.uint32(0);
  writer.int32(producers.producerCount);
  for (const entry of producers.entries) {
    const last = entry.batches.at(-1);
    writer.int64(entry.producerId);
    writer.int16(entry.producerEpoch);
    writer.int32(last?.lastSequence ?? -1);
    writer.int64(last?.lastOffset ?? -1);
    writer.int32(last?.offsetDelta ?? 0);
    writer.int64(entry.lastTimestampMs);
    writer.int32(entry.coordinatorEpoch);
    writer.int64(entry.currentTxnFirstOffset);
  }
  const bytes = writer.finish();
  const crc = crc32c(bytes, entriesPosition);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(crcPosition, crc);
  return bytes;
}

/** Decodes a snapshot; throws DecodeFault when it is damaged. */
export function decodeSnapshot(bytes: Uint8Array): ProducerEntry[] {
  const reader = new BytesReader(bytes);
  const found = reader.int16();
  if (found !== version) throw new DecodeFault(`producer snapshot of version ${found}`);
  if (reader.uint32() !== crc32c(bytes, entriesPosition)) {
    throw new DecodeFault("producer snapshot checksum does not match");
  }
  const count = reader.int32();
  if (count < 0 || count * entryBytes !== reader.remaining) {
    throw new DecodeFault(`producer snapshot of ${count} entries`);
  }
  const entries: ProducerEntry[] = [];
  for (let i = 0; i < count; i++) {
    const producerId = reader.int64();
    const producerEpoch = reader.int16();
    const lastSequence = reader.int32();
    const lastOffset = reader.int64();
    const offsetDelta = reader.int32();
    const lastTimestampMs = reader.int64();
    const coordinatorEpoch = reader.int32();
    const currentTxnFirstOffset = reader.int64();
    const batch = { lastSequence, lastOffset, offsetDelta, timestampMs: lastTimestampMs };
    entries.push({
      producerId,
      producerEpoch,
      batches: lastOffset < 0 ? [] : [batch],
      coordinatorEpoch,
      lastTimestampMs,
      currentTxnFirstOffset,
    });
  }
  return entries;
}
