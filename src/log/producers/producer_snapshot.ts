// Producer snapshots: what the producers' state was when the log ended at the offset in the file's
// name, so that loading need not read the log from its start. Taken when a segment is rolled, now
// and then before a checkpoint (resume_points.ts), and at close.
//
//   int16 version (1) | uint32 crc32c of all that follows | int32 entries | per entry, 46 bytes:
//   int64 producerId | int16 epoch | int32 lastSequence | int64 lastOffset | int32 offsetDelta |
//   int64 timestamp | int32 coordinatorEpoch | int64 currentTxnFirstOffset
//
// Invariant: a snapshot whose CRC does not hold is never used; an older one and the log give the
// same state, unless it is older than the log's first segment.
//
// Differs from Kafka: producer snapshots hold the last fifteen batches of a producer, an entry
// each, so that a batch that is sent again after a restart is recognised as a duplicate. Kafka's
// hold the last one only. Kafka reads these snapshots: it takes the last entry of each producer,
// which says what its own would say.

import { BytesReader, BytesWriter } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { DecodeFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { type Int64, minInt64, safeInt64 } from "../../base/int64.ts";
import type { ProducerBatch, ProducerEntry, ProducerState } from "./producer_state.ts";

const version = 1;
const crcPosition = 2;
const entriesPosition = 6;
const entryBytes = 46;

const noBatch: ProducerBatch = {
  lastSequence: -1,
  lastOffset: -1,
  offsetDelta: 0,
  timestampMs: -1,
};

export function encodeSnapshot(producers: Pick<ProducerState, "entries">): Uint8Array {
  let entryCount = 0;
  for (const { batches } of producers.entries) entryCount += Math.max(1, batches.length);
  const writer = new BytesWriter(entriesPosition + 4 + entryCount * entryBytes);
  writer.int16(version);
  writer.uint32(0);
  writer.int32(entryCount);
  for (const entry of producers.entries) {
    for (const batch of entry.batches.slice(0, -1)) {
      // Kafka drops entries by their age: an earlier batch must not outlive the last one.
      const timestampMs = minInt64(batch.timestampMs, entry.lastTimestampMs);
      writeEntry(writer, entry, { batch, timestampMs, txnFirstOffset: -1 });
    }
    writeEntry(writer, entry, {
      batch: entry.batches.at(-1) ?? noBatch,
      timestampMs: entry.lastTimestampMs,
      txnFirstOffset: entry.currentTxnFirstOffset,
    });
  }
  const bytes = writer.finish();
  const crc = crc32c(bytes, entriesPosition);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(crcPosition, crc);
  return bytes;
}

function writeEntry(
  writer: BytesWriter,
  { producerId, producerEpoch, coordinatorEpoch }: ProducerEntry,
  of: { batch: ProducerBatch; timestampMs: Int64; txnFirstOffset: Offset },
): void {
  writer.int64(producerId);
  writer.int16(producerEpoch);
  writer.int32(of.batch.lastSequence);
  writer.int64(of.batch.lastOffset);
  writer.int32(of.batch.offsetDelta);
  writer.int64(of.timestampMs);
  writer.int32(coordinatorEpoch);
  writer.int64(of.txnFirstOffset);
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
    const lastOffset = safeInt64(reader.int64());
    const offsetDelta = reader.int32();
    const lastTimestampMs = reader.int64();
    const coordinatorEpoch = reader.int32();
    const currentTxnFirstOffset = safeInt64(reader.int64());
    const earlier = entries.at(-1);
    const isNext = earlier?.producerId === producerId && earlier.producerEpoch === producerEpoch;
    if (isNext) entries.pop();
    const batches = isNext ? earlier.batches : [];
    if (lastOffset >= 0) {
      batches.push({ lastSequence, lastOffset, offsetDelta, timestampMs: lastTimestampMs });
    }
    entries.push({
      producerId,
      producerEpoch,
      batches,
      coordinatorEpoch,
      lastTimestampMs,
      currentTxnFirstOffset,
    });
  }
  return entries;
}
