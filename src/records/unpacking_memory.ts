// What unpacking will take, told from the packed bytes: the codecs' frames say enough.
//
//   gzip     32 KiB behind it, however much comes out; its trailer says how much, and may lie
//   snappy   a block at a time, each of which begins with its length
//   lz4      a block at a time, of the size that the frame's header names
//   zstd     the window that its frame asks for, and some blocks, each of 128 KiB at most
//
// Invariant: `windowBytes` is never less than what unpacking in chunks holds, whatever is claimed.

import { DecodeFault } from "../base/faults.ts";
import type { CompressionType } from "./compression.ts";
import { unpackedSizes } from "./xerial.ts";

/** Buffers of a codec, and what one of the pieces that it is given may make. */
const codecBytes = 5 * 1024 * 1024;
const zstdBlockBytesMax = 128 * 1024;
/** What the runtimes' zstd has beside its window: tables, and blocks that are on their way. */
const zstdBytes = 1024 * 1024;
const lz4HeaderBytes = 7;
const lz4BlockBytesMax = 4 * 1024 * 1024;
/** No sequence of an lz4 block makes more of a byte. */
const lz4RatioMax = 255;

export interface UnpackingMemory {
  /** What unpacking in chunks holds at once. */
  readonly windowBytes: number;
  /** What comes out, as far as can be told: gzip's is only what it says itself. */
  readonly unpackedBytes: number;
}

/** What it takes to unpack `packed`. What is malformed is found by unpacking it. */
export function unpackingMemory(packed: Uint8Array, type: CompressionType): UnpackingMemory {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  switch (type) {
    case "none":
      return { windowBytes: 0, unpackedBytes: packed.length };
    case "gzip": {
      const unpackedBytes = packed.length < 18 ? 0 : view.getUint32(packed.length - 4, true);
      return { windowBytes: codecBytes, unpackedBytes };
    }
    case "snappy":
      return snappyMemory(packed);
    case "lz4":
      return lz4Memory(view);
    case "zstd":
      return zstdMemory(view);
  }
}

function snappyMemory(packed: Uint8Array): UnpackingMemory {
  try {
    const { largest, total } = unpackedSizes(packed);
    return { windowBytes: largest, unpackedBytes: total };
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    return { windowBytes: 0, unpackedBytes: 0 };
  }
}

/** Walks the blocks of a frame, as far as they are whole. */
function lz4Memory(view: DataView): UnpackingMemory {
  if (view.byteLength < lz4HeaderBytes) return { windowBytes: 0, unpackedBytes: 0 };
  const flags = view.getUint8(4);
  const id = (view.getUint8(5) >> 4) & 7;
  const blockBytes = id < 4 ? 0 : Math.min(lz4BlockBytesMax, 1 << (8 + 2 * id));
  let unpackedBytes = 0;
  let position = lz4HeaderBytes + (flags & 0x08 ? 8 : 0);
  while (position + 4 <= view.byteLength) {
    const length = view.getUint32(position, true) & 0x7fff_ffff;
    if (length === 0) break;
    unpackedBytes += Math.min(blockBytes, length * lz4RatioMax);
    position += 4 + length + (flags & 0x10 ? 4 : 0);
  }
  return { windowBytes: Math.min(blockBytes, unpackedBytes), unpackedBytes };
}

/** Walks the frames of RFC 8878, as far as they are whole. */
function zstdMemory(view: DataView): UnpackingMemory {
  let windowBytes = 0;
  let unpackedBytes = 0;
  let position = 0;
  while (position + 8 <= view.byteLength) {
    const magic = view.getUint32(position, true);
    if ((magic & 0xffff_fff0) >>> 0 === 0x184d_2a50) {
      position += 8 + view.getUint32(position + 4, true);
      continue;
    }
    if (magic !== 0xfd2f_b528) break;
    const frame = zstdFrame(view, position + 4);
    unpackedBytes += frame.unpackedBytes;
    windowBytes = Math.max(windowBytes, Math.min(frame.unpackedBytes, frame.windowBytes));
    position = frame.end;
  }
  return { windowBytes: zstdBytes + windowBytes, unpackedBytes };
}

function zstdFrame(view: DataView, start: number) {
  const descriptor = view.getUint8(start);
  const isSingle = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  // A frame of one segment has all of itself for its window.
  const windowBytes = isSingle || start + 1 >= view.byteLength
    ? Infinity
    : zstdWindow(view.getUint8(start + 1));
  let position = start + 1;
  position += (isSingle ? 0 : 1) + dictionaryBytes + contentSizeBytes;
  let unpackedBytes = 0;
  for (let isLast = false; !isLast;) {
    if (position + 3 > view.byteLength) {
      position = view.byteLength;
      break;
    }
    const header = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    isLast = (header & 1) !== 0;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    unpackedBytes += kind === 2 ? zstdBlockBytesMax : Math.min(size, zstdBlockBytesMax);
    position += 3 + (kind === 1 ? 1 : size);
  }
  const end = position + (descriptor & 4 ? 4 : 0);
  return { unpackedBytes, windowBytes, end };
}

function zstdWindow(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + base / 8 * (descriptor & 7);
}
