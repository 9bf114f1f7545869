// The frames of zstd data (RFC 8878), found without unpacking any:
//
//   28 b5 2f fd | descriptor | [window] | [dictionary id] | [content size] |
//   blocks: uint24le last, type, size | data | ... | [checksum]
//   5? 2a 4d 18 | uint32le length | bytes to skip
//
// The runtimes differ in what they do with several frames, with a skippable one, and with one that
// is cut; so each frame is given to them alone. No frame unpacks to more than its blocks can hold,
// which bounds what is reserved for it, whatever it claims.
//
// Differs from Kafka: zstd data that ends in a cut frame is refused, where Kafka's reader may take
// whole frames before it for all there is; so is a frame whose content is not as long as its header
// says, which Kafka's reader notices in most cases.

import { PlatformFault } from "../base/faults.ts";

const frameMagic = 0xfd2f_b528;
const skippableMagic = 0x184d_2a50;
/** A compressed block holds this much at most. */
const blockBytesMax = 128 * 1024;
/** In a frame; the window stands where there is no single segment. */
const [descriptorAt, windowAt] = [4, 5];
/** Its byte: an exponent above this one, then eighths of that. */
const windowExponentMin = 10;
/** Decoders refuse more than 128 MiB. */
const windowMax = (27 - windowExponentMin) << 3;
const blockTypes = { raw: 0, runLength: 1, compressed: 2 } as const;

/** A frame that is no skippable one. */
export interface ZstdFrame {
  readonly bytes: Uint8Array;
  /** What its blocks can hold at most; less when it says that it holds less. */
  readonly roomBytes: number;
  /** What it says that it holds; it is corrupt when it does not. */
  readonly contentBytes: number | undefined;
}

/** The frames in `bytes`. PlatformFault Io when there is anything else, or one is cut. */
export function zstdFrames(bytes: Uint8Array): ZstdFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ZstdFrame[] = [];
  let position = 0;
  while (position < bytes.length) {
    if (position + 8 > bytes.length) throw zstdFault("unexpected end of data");
    const magic = view.getUint32(position, true);
    if ((magic & 0xffff_fff0) >>> 0 === skippableMagic) {
      position += 8 + view.getUint32(position + 4, true);
      if (position > bytes.length) throw zstdFault("unexpected end of data");
      continue;
    }
    if (magic !== frameMagic) throw zstdFault("unknown frame descriptor");
    const { end, ...frame } = frameAt(view, position);
    if (end > bytes.length) throw zstdFault("unexpected end of data");
    frames.push({ ...frame, bytes: bytes.subarray(position, end) });
    position = end;
  }
  return frames;
}

/** The frame at `start`; one that is cut ends past the end. */
function frameAt(view: DataView, start: number) {
  const descriptor = view.getUint8(start + descriptorAt);
  const sizeBytes = sizeBytesOf(descriptor);
  let position = blocksAt(view, start);
  const sizeAt = position - sizeBytes;
  const cut = { end: view.byteLength + 1, roomBytes: 0, contentBytes: undefined };
  if (position > view.byteLength) return cut;
  const contentBytes = contentSize(view, { at: sizeAt, length: sizeBytes });
  let room = 0;
  for (;;) {
    if (position + 3 > view.byteLength) return cut;
    const block = blockAt(view, position);
    room += block.roomBytes;
    position = block.end;
    if (block.isLast) break;
  }
  const end = position + ((descriptor >> 2) & 1) * 4;
  return { end, roomBytes: Math.min(room, contentBytes ?? room), contentBytes };
}

/**
 * What `unpack` makes of `frame` while that asks for no more window than it can fill. Nothing in it
 * refers to what comes before it, so it means the same; but a decoder reserves the whole window,
 * the 2 MiB of Java's frames for the few hundred KB in them, in pages that are new each time.
 */
export function inLeastWindow<T>({ bytes, roomBytes }: ZstdFrame, unpack: () => T): T {
  const own = bytes[windowAt] ?? 0;
  const least = leastWindow(roomBytes);
  const isLarger = own > least && own <= windowMax && !isSingleSegment(bytes[descriptorAt] ?? 0);
  if (!isLarger) return unpack();
  bytes[windowAt] = least;
  try {
    return unpack();
  } finally {
    bytes[windowAt] = own;
  }
}

/** The byte that says the smallest window of at least so many bytes, and of a block. */
function leastWindow(bytes: number): number {
  const wanted = Math.max(bytes, blockBytesMax);
  const exponent = Math.floor(Math.log2(wanted));
  const eighths = Math.ceil((wanted / 2 ** exponent - 1) * 8);
  return ((exponent - windowExponentMin) << 3) + eighths;
}

/**
 * Where `frame` can be cut so that no part makes more than `bytesMax`, or else is one block: the
 * ends of the parts.
 */
export function* zstdCuts({ bytes }: ZstdFrame, bytesMax: number): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = blocksAt(view, 0);
  let room = 0;
  while (position + 3 <= bytes.length) {
    const { isLast, roomBytes, end } = blockAt(view, position);
    if (room > 0 && room + roomBytes > bytesMax) {
      yield position;
      room = 0;
    }
    room += roomBytes;
    position = end;
    if (isLast) break;
  }
  yield bytes.length;
}

function blocksAt(view: DataView, start: number): number {
  const descriptor = view.getUint8(start + descriptorAt);
  const windowBytes = isSingleSegment(descriptor) ? 0 : 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return start + windowAt + windowBytes + dictionaryBytes + sizeBytesOf(descriptor);
}

/** Whether its window is as large as its content. */
function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

/** How many bytes say the size of the content. */
function sizeBytesOf(descriptor: number): number {
  return [isSingleSegment(descriptor) ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
}

function blockAt(view: DataView, position: number) {
  const header = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
  const type = (header >> 1) & 3;
  const size = header >> 3;
  const roomBytes = type === blockTypes.compressed ? blockBytesMax : size;
  const end = position + 3 + (type === blockTypes.runLength ? 1 : size);
  return { isLast: (header & 1) !== 0, roomBytes, end };
}

function contentSize(
  view: DataView,
  { at, length }: { at: number; length: number },
): number | undefined {
  if (length === 0) return undefined;
  if (length === 1) return view.getUint8(at);
  if (length === 2) return view.getUint16(at, true) + 256;
  const low = view.getUint32(at, true);
  return length === 4 ? low : low + view.getUint32(at + 4, true) * 2 ** 32;
}

export function zstdFault(what: string): PlatformFault {
  return new PlatformFault("Io", `cannot decompress zstd data: ${what}`);
}
