// Reading whole batches from a segment, at most one file read for the usual request.
//
//   position known (the consumer goes on where it stopped)    read maxBytes from there
//   position from the index                                    read an index interval more, skip
//                                                              to the batch
//
// takeBatches cuts what was read to whole batches within the request; when the first one is larger
// than what was read it says so, and one more read gets it. Positions where readers stopped are
// remembered in a small bounded map. Invariant: bytes given out begin and end at a batch.

import type { FilePart } from "../../base/file_part.ts";
import type { Offset } from "../../base/ids.ts";
import {
  baseOffsetOf,
  batchOverheadBytes,
  batchSizeOf,
  checkMessage,
  lastOffsetOf,
  magicOf,
} from "../../records/mod.ts";
import { oldMessagesReason } from "../recovery/old_messages.ts";
import type { Segment } from "../segment/segment.ts";

export interface ReadOptions {
  readonly offset: Offset;
  /** Exclusive: the high watermark or the last stable offset. */
  readonly endOffset: Offset;
  readonly maxBytes: number;
  /** Gives the first batch even when it is larger than `maxBytes` (KIP-74). */
  readonly minOneBatch: boolean;
  /** Whether a part of a file may come in place of bytes. */
  readonly takesFileParts?: boolean | undefined;
}

/**
 * Whole batches. `bytes` may be shared with other readers: not to be written to. Who is done with
 * them may say so (`ReadBuffers.release`), and their memory is used again.
 */
export interface ReadResult {
  readonly bytes: Uint8Array;
  /** In place of `bytes`, which is empty then. */
  readonly filePart?: FilePart;
  /** Where a reader goes on: behind the last batch, or the offset asked for when there is none. */
  readonly nextOffset: Offset;
  /** What makes the log unreadable at this offset; then `bytes` is empty. */
  readonly damage?: string;
}

/** A place in a segment. `exact`: a batch that holds the wanted offset begins there. */
export interface Spot {
  readonly segment: Segment;
  readonly position: number;
  readonly exact: boolean;
  /** In a dense log, the base offset of the batch there, where that is known. */
  readonly due?: Offset;
  /** The last offset of that batch is not above it, where that is known. */
  readonly lastOffsetMax?: Offset;
}

/** What must hold of a chunk of a file, besides that it begins at a batch. */
export interface ChunkRules extends Pick<Spot, "due" | "lastOffsetMax"> {
  /** Whether each batch begins where the one before it ended. */
  readonly isDense: boolean;
}

/** How a chunk of a file answers a request. */
export type Taken =
  | { readonly kind: "batches"; readonly start: number; readonly end: number; nextOffset: Offset }
  /** Nothing that may be given out: the end offset or the bound is reached. */
  | { readonly kind: "nothing" }
  /** Go on reading at `position` (from the chunk's start), at least `bytes`. */
  | { readonly kind: "more"; readonly position: number; readonly bytes: number }
  | { readonly kind: "damaged"; readonly position: number; readonly reason: string };

/**
 * Cuts `chunk`, which begins at a batch, to what `options` asks for. What a CRC does not cover is
 * checked here, since readers cannot: in a dense log each batch begins where the last one ended.
 */
export function takeBatches(chunk: Uint8Array, options: ReadOptions & ChunkRules): Taken {
  let position = 0;
  let start = -1;
  let nextOffset = options.offset;
  let { due, lastOffsetMax } = options;
  while (true) {
    if (chunk.length - position < batchOverheadBytes) {
      if (start >= 0) break;
      return { kind: "more", position, bytes: batchOverheadBytes };
    }
    const size = batchSizeOf(chunk, position);
    const baseOffset = baseOffsetOf(chunk, position);
    const lastOffset = lastOffsetOf(chunk, position);
    if (magicOf(chunk, position) !== 2 || size < batchOverheadBytes || lastOffset < baseOffset) {
      if (start >= 0) break;
      const isOld = "message" in checkMessage(chunk, position);
      const reason = isOld ? oldMessagesReason : "no batch where one is due";
      return { kind: "damaged", position, reason };
    }
    const reason = misplaced(options, { baseOffset, lastOffset, due, lastOffsetMax });
    if (reason !== undefined) {
      if (start >= 0) break;
      return { kind: "damaged", position, reason };
    }
    due = lastOffset + 1;
    lastOffsetMax = undefined;
    if (lastOffset >= options.endOffset) break;
    if (lastOffset >= options.offset) {
      const first = start < 0;
      const end = position + size - (first ? position : start);
      if (end > options.maxBytes && !(first && options.minOneBatch)) break;
      if (size > chunk.length - position) {
        if (!first) break;
        return { kind: "more", position, bytes: size };
      }
      if (first) start = position;
      nextOffset = lastOffset + 1;
    }
    position += size;
  }
  if (start < 0) return { kind: "nothing" };
  return { kind: "batches", start, end: position, nextOffset };
}

/** Why a batch cannot be where it is; undefined when it can. */
function misplaced(
  { offset, endOffset, isDense }: ReadOptions & ChunkRules,
  batch: { baseOffset: Offset; lastOffset: Offset } & Pick<Spot, "due" | "lastOffsetMax">,
): string | undefined {
  const { baseOffset, lastOffset, due, lastOffsetMax = Infinity } = batch;
  if (due !== undefined && (isDense ? baseOffset !== due : baseOffset < due)) {
    return `base offset ${baseOffset} where ${due} is due`;
  }
  if (lastOffset > lastOffsetMax || (baseOffset < endOffset && lastOffset >= endOffset)) {
    const end = Math.min(lastOffsetMax + 1, endOffset);
    return `a batch of offsets ${baseOffset} to ${lastOffset} that should end below ${end}`;
  }
  if (isDense && baseOffset > offset && (due ?? baseOffset) <= offset) {
    return `base offset ${baseOffset} where ${offset} is due`;
  }
  return undefined;
}

const rememberedMax = 16;

/** Where readers stopped: the offset they will ask for next. */
export class ReadPositions {
  #spots: Map<Offset, Spot> | undefined;

  get(offset: Offset): Spot | undefined {
    const spot = this.#spots?.get(offset);
    return spot === undefined || spot.segment.retired ? undefined : spot;
  }

  remember(offset: Offset, spot: Spot): void {
    const spots = this.#spots ??= new Map();
    spots.delete(offset);
    if (spots.size >= rememberedMax) {
      for (const oldest of spots.keys()) {
        spots.delete(oldest);
        break;
      }
    }
    spots.set(offset, spot);
  }

  clear(): void {
    this.#spots = undefined;
  }
}
