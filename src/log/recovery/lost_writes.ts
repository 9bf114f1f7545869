// What the bytes of a bad stretch tell of how it came about, which decides whether recovery may cut
// there.
//
//   a sector of zeros     a write that the machine lost with its power: a file system gives the
//                         space out before the data is there, and what never came reads as zeros
//   a whole batch, but    at most one field is wrong, and nothing is missing: it was there once,
//   for one field         and was changed since. An append that did not finish is short instead
//   anything else         no evidence
//
// Invariant: pure reading; the file is not changed.

import type { Offset } from "../../base/ids.ts";
import { batchOverheadBytes, readBatchHeader } from "../../records/mod.ts";
import { crcOf, type FileWindow } from "./scan.ts";

/** What disks write as a whole or not at all. */
const sectorBytes = 512;

/** Whether some sector's part of `[from, to)` holds nothing but zeros. */
export async function hasLostSector(
  window: FileWindow,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  for (let start = from; start < to;) {
    const end = Math.min(to, start - (start % sectorBytes) + sectorBytes);
    const bytes = (await window.view(start, end - start)).subarray(0, end - start);
    if (bytes.every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

/** Whether the bytes at `position` are a batch that was whole once. */
export async function wasWholeBatch(
  window: FileWindow,
  { position, nextOffset }: { readonly position: number; readonly nextOffset: Offset },
): Promise<boolean> {
  if (position === window.size) return false;
  const head = await window.view(position, batchOverheadBytes);
  if (head.length < batchOverheadBytes) return false;
  const header = readBatchHeader(head);
  const remaining = window.size - position;
  const fits = header.sizeBytes >= batchOverheadBytes && header.sizeBytes <= remaining;
  const holds = async (sizeBytes: number) =>
    await crcOf(window, { position, sizeBytes }) === header.crc;
  // The offset, the epoch or the magic changed: the CRC does not cover them, and holds.
  if (fits && await holds(header.sizeBytes)) return true;
  // The length changed, and the batch was the last one.
  if (await holds(remaining)) return true;
  // Something that the CRC covers changed, or the CRC.
  return fits && header.magic === 2 && header.baseOffset === nextOffset;
}
