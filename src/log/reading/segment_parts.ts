// Whole batches as a part of their segment's file, for who sends them on and has no look into
// them. Only their headers are read: of large batches that is next to nothing.
//
//   |header|....records....|header|....records....|  -->  a part
//
// Nothing of it is read where that is not worth it, or might wait for a disk, or where anything is
// not as it should be: the caller reads what there is, and finds out.
// Invariant: a part begins and ends at a batch, and what takeBatches checks of each holds.

import { PlatformFault } from "../../base/faults.ts";
import type { FilePart, PartRange, SendFile } from "../../base/file_part.ts";
import type { Offset } from "../../base/ids.ts";
import { batchOverheadBytes, lastOffsetOf } from "../../records/mod.ts";
import type { OpenFile } from "../../runtime/ports.ts";
import type { SegmentFile } from "../segment/segment_file.ts";
import { type ReadOptions, type Spot, takeBatches } from "./batch_reads.ts";

/** Less is copied for as much. */
const partBytesMin = 32 * 1024;
/** To read the headers of smaller batches takes longer than to read them as a whole. */
const batchBytesMin = 16 * 1024;
/** Behind so much a part may end where smaller batches begin. */
const enoughBytes = 512 * 1024;

const header = new Uint8Array(batchOverheadBytes);

/** A part, and where its reader goes on. */
interface Found {
  readonly filePart: FilePart;
  readonly nextOffset: Offset;
  /** In the segment. */
  readonly endPosition: number;
}

/** Of the batches from `spot` on, which is exact; undefined: to be read. */
export function filePartAt(
  { segment, position, due }: Spot,
  options: ReadOptions & { readonly isDense: boolean },
): Found | undefined {
  const { file, size } = segment;
  const within = Math.min(options.maxBytes, size - position);
  if (within < partBytesMin || !file.isCached(position, within)) return undefined;
  let [end, nextOffset, next] = [position, options.offset, due];
  while (end + batchOverheadBytes <= position + within) {
    if (file.readAt(end, header) < batchOverheadBytes) return undefined;
    const isFirst = end === position;
    const taken = takeBatches(header, {
      ...options,
      offset: nextOffset,
      maxBytes: options.maxBytes - (end - position),
      minOneBatch: isFirst && options.minOneBatch,
      due: next,
      lastOffsetMax: undefined,
    });
    if (taken.kind === "nothing") break;
    // Where a batch is damaged, or ends too far, who reads it is told so.
    if (taken.kind !== "more" || end + taken.bytes > size) return undefined;
    if (taken.bytes < batchBytesMin) {
      if (end - position < enoughBytes) return undefined;
      break;
    }
    end += taken.bytes;
    nextOffset = next = lastOffsetOf(header, 0) + 1;
  }
  const length = end - position;
  if (length < partBytesMin) return undefined;
  return { filePart: new SegmentPart(file, { position, length }), nextOffset, endPosition: end };
}

class SegmentPart implements FilePart {
  readonly length: number;
  readonly #file: SegmentFile;
  readonly #position: number;
  readonly #cuts: number;
  #open: OpenFile | undefined;

  constructor(file: SegmentFile, { position, length }: { position: number; length: number }) {
    this.#file = file;
    this.#position = position;
    this.length = length;
    this.#cuts = file.cuts;
  }

  hold(): void {
    this.#open = this.#file.hold();
  }

  release(): void {
    this.#open = undefined;
    this.#file.letGo();
  }

  sendTo(send: SendFile, { from, bytes }: PartRange): number | undefined {
    const { kernelFile } = this.#checked();
    const position = this.#position + from;
    if (!kernelFile?.isCached(position, bytes)) return undefined;
    return send(kernelFile, { position, bytes });
  }

  read({ from, bytes }: PartRange): Uint8Array | Promise<Uint8Array> {
    const file = this.#checked();
    const into = new Uint8Array(bytes);
    const position = this.#position + from;
    if (!file.kernelFile?.isCached(position, bytes)) return this.#readLater(position, into);
    return this.#whole(into, file.readAt(position, into));
  }

  async #readLater(position: number, into: Uint8Array): Promise<Uint8Array> {
    return this.#whole(into, await this.#checked().readAtAsync(position, into));
  }

  #whole(into: Uint8Array, count: number): Uint8Array {
    this.#checked();
    if (count === into.length) return into;
    throw new PlatformFault("Io", `cannot read ${this.#file.path}: it is shorter than it was`);
  }

  #checked(): OpenFile {
    if (this.#open !== undefined && this.#cuts === this.#file.cuts) return this.#open;
    throw new PlatformFault("Closed", `cannot send from ${this.#file.path}: it was cut`);
  }
}
