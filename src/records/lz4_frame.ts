// The LZ4 frame format (lz4_Frame_format.md 1.6), as Kafka's v2 batches carry it.
//
//   magic 04 22 4d 18 | FLG | BD | [content size, 8] | HC = byte 1 of xxh32(FLG..size)
//   blocks: uint32le length (top bit: stored) | data | [xxh32 of data]
//   uint32le 0 | [xxh32 of the content]
//
// HC in messages of magic 0 is the checksum of the magic as well: Kafka's first writers took it so,
// and their readers ignored it, which is why it is not checked there (KIP-57).
//
// Written with independent blocks of 64 KiB. Read as Kafka's Lz4BlockInputStream reads, which is
// what every Java consumer has: one frame of independent blocks, no dictionary, no reserved bit, no
// block past its size. The checksums of header and blocks hold; the content's checksum and size are
// not looked at, nor what stands behind the end mark.
//
// Differs from Kafka: an empty lz4 block is refused; most of Kafka's consumers fail on it.

import { DecodeFault } from "../base/faults.ts";
import type { BlockPacking } from "./block_packing.ts";
import { byteAt, int32LittleAt, itemAt } from "../base/items.ts";
import type { Pieces } from "../base/pieces.ts";
import { compressBlock, unpackedLength } from "./lz4_block.ts";
import { takeUnpacker } from "./lz4_unpacker.ts";
import { xxh32 } from "./xxh32.ts";

const magic = 0x184d2204;
const storedBit = 0x8000_0000;
const flags = {
  version: 0x40,
  versionMask: 0xc0,
  independent: 0x20,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  /** A dictionary's id, and a bit without a meaning. */
  refused: 0x03,
} as const;
/** Bytes that one block may hold, by the three bits of BD. */
const blockBytesById: readonly number[] = [0, 0, 0, 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22];
const writtenBlockId = 4;
/** Of the frames that are written. */
const headerBytes = 7;
/** How much heavier than looking at a byte it is to pack or unpack one. */
const packWeight = 12;
const unpackWeight = 4;

interface CompressFrame {
  readonly brokenHeaderChecksum?: boolean;
}

/** How blocks come into a frame one by one. */
export const framePacking: BlockPacking = {
  blockBytes: blockBytesById[writtenBlockId]!,
  head: () => {
    const head = new Uint8Array(headerBytes);
    writeHeader(head, {});
    return head;
  },
  block: (bytes) => {
    const out = new Uint8Array(4 + bytes.length);
    return [out.subarray(0, writeBlock(out, 0, bytes))];
  },
  tail: new Uint8Array(4),
};

function writeHeader(out: Uint8Array, { brokenHeaderChecksum }: CompressFrame): void {
  new DataView(out.buffer).setUint32(0, magic, true);
  out[4] = flags.version | flags.independent;
  out[5] = writtenBlockId << 4;
  out[6] = xxh32(out.subarray(brokenHeaderChecksum ? 0 : 4, 6)) >>> 8;
}

/** Writes a block at `position`; returns where it ends. */
function writeBlock(out: Uint8Array, position: number, block: Uint8Array): number {
  const target = out.subarray(position + 4, position + 4 + block.length - 1);
  const length = compressBlock(block, target);
  if (length === 0) out.set(block, position + 4);
  const written = length === 0 ? block.length : length;
  const word = length === 0 ? storedBit | written : written;
  new DataView(out.buffer).setUint32(out.byteOffset + position, word, true);
  return position + 4 + written;
}

/** `bytes` as one frame, a block a piece. */
export function* framePieces(bytes: Uint8Array, options: CompressFrame): Pieces<Uint8Array> {
  const blockBytes = itemAt(blockBytesById, writtenBlockId);
  const blockCount = Math.ceil(bytes.length / blockBytes);
  const out = new Uint8Array(15 + bytes.length + blockCount * 4);
  writeHeader(out, options);
  let position = headerBytes;
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = bytes.subarray(start, start + blockBytes);
    position = writeBlock(out, position, block);
    yield block.length * packWeight;
  }
  return out.subarray(0, position + 4);
}

interface DecompressFrame {
  readonly bytesMax: number;
  readonly anyHeaderChecksum?: boolean;
}

/** What the frame holds, at most `bytesMax` bytes; a block a piece. */
export function* unframePieces(bytes: Uint8Array, options: DecompressFrame): Pieces<Uint8Array> {
  const room = yield* roomFor(bytes, readFrameHeader(bytes, options));
  const into = new Uint8Array(Math.min(room, options.bytesMax));
  let out = 0;
  for (const chunk of unframedChunks(bytes, options)) {
    into.set(chunk, out);
    out += chunk.length;
    yield chunk.length * unpackWeight;
  }
  return into.subarray(0, out);
}

/** The same, handed out block by block; each is good until the next is asked for. */
export function* unframedChunks(
  bytes: Uint8Array,
  options: DecompressFrame,
): Generator<Uint8Array> {
  const frame = readFrameHeader(bytes, options);
  const unpacker = takeUnpacker(frame.blockBytes);
  let left = options.bytesMax;
  try {
    for (let block = blockAt(bytes, frame.start, frame); block; block = blockAfter(bytes, block)) {
      const data = bytes.subarray(block.start, block.end);
      checkBlock(bytes, block);
      const length = block.isStored ? data.length : unpacker.unpack(data);
      if (length === 0) throw new DecodeFault("lz4 block of no content");
      left -= length;
      if (left < 0) throw pastBound();
      yield block.isStored ? data : unpacker.content.subarray(0, length);
    }
  } finally {
    unpacker.release();
  }
}

/** More comes out than the reader allows. */
function pastBound(): DecodeFault {
  return new DecodeFault("lz4 frame is larger than allowed", { isPastBound: true });
}

/** A block counts as well filled, and its room is not measured, down to this part of it. */
const wellFilled = 4;

/**
 * The bytes that surely hold what the frame unpacks to, without trust in what it claims: a large
 * block may hold little. DecodeFault where the frame is cut.
 */
function* roomFor(bytes: Uint8Array, frame: Frame): Pieces<number> {
  let room = 0;
  let block = blockAt(bytes, frame.start, frame);
  for (; block; block = blockAfter(bytes, block)) {
    const length = block.end - block.start;
    if (block.isStored) room += length;
    else if (length * wellFilled >= frame.blockBytes) room += frame.blockBytes;
    else {
      room += Math.min(frame.blockBytes, unpackedLength(bytes.subarray(block.start, block.end)));
    }
    yield length;
  }
  return room;
}

interface Frame {
  readonly flg: number;
  /** Bytes that one block may hold. */
  readonly blockBytes: number;
  /** Where the first block's length stands. */
  readonly start: number;
}

interface Block {
  readonly frame: Frame;
  readonly isStored: boolean;
  /** Where its data is. */
  readonly start: number;
  readonly end: number;
}

/** The block whose length stands at `position`; undefined for the end mark. */
function blockAt(bytes: Uint8Array, position: number, frame: Frame): Block | undefined {
  const word = uint32(bytes, position);
  const length = (word & ~storedBit) >>> 0;
  if (length === 0) {
    if (frame.flg & flags.contentChecksum) uint32(bytes, position + 4);
    return undefined;
  }
  if (length > frame.blockBytes) throw new DecodeFault("lz4 block is larger than its frame says");
  const start = position + 4;
  if (length > bytes.length - start) throw new DecodeFault("lz4 block is cut");
  return { frame, isStored: (word & storedBit) !== 0, start, end: start + length };
}

function checkBlock(bytes: Uint8Array, { frame, start, end }: Block): void {
  if (!(frame.flg & flags.blockChecksum)) return;
  const data = bytes.subarray(start, end);
  if (uint32(bytes, end) !== xxh32(data)) throw new DecodeFault("lz4 block checksum");
}

function blockAfter(bytes: Uint8Array, { frame, end }: Block): Block | undefined {
  return blockAt(bytes, end + (frame.flg & flags.blockChecksum ? 4 : 0), frame);
}

function readFrameHeader(
  bytes: Uint8Array,
  options: { anyHeaderChecksum?: boolean },
): Frame {
  if (bytes.length < 7 || uint32(bytes, 0) !== magic) throw new DecodeFault("not an lz4 frame");
  const [flg, bd] = [byteAt(bytes, 4), byteAt(bytes, 5)];
  const blockBytes = itemAt(blockBytesById, (bd >> 4) & 7);
  if ((flg & flags.versionMask) !== flags.version || blockBytes === 0 || (bd & 0x8f) !== 0) {
    throw new DecodeFault("lz4 frame of an unknown version");
  }
  if (flg & flags.refused) throw new DecodeFault("lz4 dictionaries are not supported");
  if (!(flg & flags.independent)) {
    throw new DecodeFault("lz4 frame has dependent blocks, which Java clients cannot read");
  }
  const end = 6 + (flg & flags.contentSize ? 8 : 0);
  if (end >= bytes.length) throw new DecodeFault("lz4 frame header is cut");
  const checksum = (xxh32(bytes.subarray(4, end)) >>> 8) & 0xff;
  if (checksum !== bytes[end] && options.anyHeaderChecksum !== true) {
    throw new DecodeFault("lz4 header checksum does not match");
  }
  return { flg, blockBytes, start: end + 1 };
}

function uint32(bytes: Uint8Array, position: number): number {
  if (position + 4 > bytes.length) throw new DecodeFault("lz4 frame is cut");
  return int32LittleAt(bytes, position) >>> 0;
}
