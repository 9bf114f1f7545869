// What the file of a journal consists of: batches of any log of a data directory, one behind the
// other.
//
//   int32 length | uint32 crc32c | topic id, 16 bytes | int32 partition | the batch, as in its log
//                                 \_________________ length, checksum of it ____________________/
//
// Invariant: reading ends at the first entry that is not whole: what lies behind it was written by
// the same round, and promised to nobody.

import { crc32c } from "../../base/crc.ts";
import { type Uuid, uuidFromBytes, uuidToBytes } from "../../base/ids.ts";
import type { PartitionId } from "../../base/ids.ts";

const headBytes = 8;
const nameBytes = 20;

/** A batch and the log that it is of. */
export interface JournalEntry {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly batch: Uint8Array;
}

/** How many bytes the entry of a batch has. */
export function entryBytes(batch: Uint8Array): number {
  return headBytes + nameBytes + batch.length;
}

/** Writes an entry into `bytes` at `start`; returns its end. */
export function writeEntry(
  bytes: Uint8Array,
  { start, entry }: { readonly start: number; readonly entry: JournalEntry },
): number {
  const { topicId, partition, batch } = entry;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const body = start + headBytes;
  const end = start + entryBytes(batch);
  uuidToBytes(topicId, bytes, body);
  view.setInt32(body + 16, partition);
  bytes.set(batch, body + nameBytes);
  view.setInt32(start, end - body);
  view.setUint32(start + 4, crc32c(bytes, body, end));
  return end;
}

/** The entries that `bytes` begin with; their batches are views of it. */
export function* readEntries(bytes: Uint8Array): Generator<JournalEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let start = 0; bytes.length - start > headBytes + nameBytes;) {
    const body = start + headBytes;
    const length = view.getInt32(start);
    if (length <= nameBytes || length > bytes.length - body) return;
    const end = body + length;
    if (crc32c(bytes, body, end) !== view.getUint32(start + 4)) return;
    yield {
      topicId: uuidFromBytes(bytes, body),
      partition: view.getInt32(body + 16),
      batch: bytes.subarray(body + nameBytes, end),
    };
    start = end;
  }
}
