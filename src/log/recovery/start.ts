// Where checking begins within a segment, so that what an unclean stop costs grows with what was
// not synced, and not with the segment.
//
//   segment  |-- batches --|e|-- batches --|S|---|R|----- end
//             index entries ^               ^     ^ recovery point: all below it is on disk
//                                           newest usable producer snapshot, at or below R
//
// Checking begins at e, the last index entry below both. The index file was written, not synced,
// while the segment was active, so it is believed only where the entry leads to the very batch
// that it names; a file that is torn does not decode, and then checking begins at 0.

import type { Offset } from "../../base/ids.ts";
import { batchOverheadBytes, readBatchHeader } from "../../records/mod.ts";
import type { FileWindow } from "./scan.ts";
import type { Segment } from "../segment/segment.ts";

/** A batch to begin at. */
export interface RecoveryStart {
  readonly position: number;
  readonly baseOffset: Offset;
  /** Markers below it are not applied again: what they said of aborted transactions stays. */
  readonly markersFrom?: Offset;
}

/** The place in `segment` to begin at, below an offset; undefined for its start. */
export async function findRecoveryStart(
  segment: Segment,
  { below: offset, window }: { readonly below: Offset; readonly window: FileWindow },
): Promise<RecoveryStart | undefined> {
  if (segment.size === 0 || offset <= segment.baseOffset) return undefined;
  // What was aborted before that place is told by its file alone.
  if (!segment.abortedHold()) return undefined;
  const index = segment.indexes.offsets;
  let i = index.entryCount - 1;
  while (i >= 0 && segment.baseOffset + index.entry(i).relativeOffset >= offset) i--;
  if (i < 0) return undefined;
  const { relativeOffset, position } = index.entry(i);
  const head = await window.view(position, batchOverheadBytes);
  if (head.length < batchOverheadBytes) return undefined;
  const { magic, sizeBytes, baseOffset, lastOffset } = readBatchHeader(head);
  const isThere = magic === 2 && lastOffset === segment.baseOffset + relativeOffset &&
    baseOffset >= segment.baseOffset && baseOffset <= lastOffset &&
    sizeBytes >= batchOverheadBytes && sizeBytes <= window.size - position;
  return isThere ? { position, baseOffset } : undefined;
}
