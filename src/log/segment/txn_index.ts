// Aborted transactions of one segment (`.txnindex`), 34 bytes an entry, in the order of their
// markers:
//
//   int16 version (0) | int64 producerId | int64 firstOffset | int64 lastOffset (of the marker) |
//   int64 lastStableOffset (when the marker was written)
//
// read_committed consumers get the entries that overlap what they fetch and drop those records. The
// file exists only for a segment with an aborted transaction.

import { int64At, offsetAt, putInt64 } from "../../records/batch.ts";
import type { Offset, ProducerId } from "../../base/ids.ts";
import { int16At } from "../../base/items.ts";

const entryBytes = 34;

export interface AbortedTransaction {
  readonly producerId: ProducerId;
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly lastStableOffset: Offset;
}

export function encodeAborted(entries: readonly AbortedTransaction[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * entryBytes);
  entries.forEach((entry, i) => {
    const p = i * entryBytes;
    putInt64(bytes, p + 2, entry.producerId);
    putInt64(bytes, p + 10, entry.firstOffset);
    putInt64(bytes, p + 18, entry.lastOffset);
    putInt64(bytes, p + 26, entry.lastStableOffset);
  });
  return bytes;
}

/** Decodes a `.txnindex` file; undefined when it is damaged. */
export function decodeAborted(bytes: Uint8Array): AbortedTransaction[] | undefined {
  if (bytes.length % entryBytes !== 0) return undefined;
  const entries: AbortedTransaction[] = [];
  let lastOffset = -1;
  for (let p = 0; p < bytes.length; p += entryBytes) {
    const entry = {
      producerId: int64At(bytes, p + 2),
      firstOffset: offsetAt(bytes, p + 10),
      lastOffset: offsetAt(bytes, p + 18),
      lastStableOffset: offsetAt(bytes, p + 26),
    };
    if (int16At(bytes, p) !== 0 || entry.lastOffset <= lastOffset) return undefined;
    lastOffset = entry.lastOffset;
    entries.push(entry);
  }
  return entries;
}
