// The LZ4 frame format (lz4_Frame_format.md 1.6), as Kafka's v2 batches carry it.
//
//   magic 04 22 4d 18 | FLG | BD | [content size, 8] | HC = byte 1 of xxh32(FLG..size)
//   blocks: uint32le length (top bit: stored) | data | [xxh32 of data]
//   uint32le 0 | [xxh32 of the content]
//
// HC in messages of magic 0 is the checksum of the magic as well: Kafka's first writers took it so,
// and their readers ignored it, which is why it is not checked there (KIP-57).
//
// Written with independent blocks of 64 KiB, which Java's reader insists on; read in every form but
// dictionaries. A wrong checksum of header, block or content throws DecodeFault. The packages that
// exist in plain JavaScript check no bounds and write dependent blocks, hence our own.

import { DecodeFault } from "../base/faults.ts";
import { drained, type Pieces } from "./pieces.ts";
import { compressBlock, decompressBlock, pastBound } from "./lz4_block.ts";
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
  dictionary: 0x01,
} as const;
/** Bytes that one block may hold, by the three bits of BD. */
const blockBytesById: readonly number[] = [0, 0, 0, 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22];
const writtenBlockId = 4;
/** How much heavier than looking at a byte it is to pack or unpack one. */
const packWeight = 12;
const unpackWeight = 4;

/** `bytes` as one frame. */
export function compressFrame(bytes: Uint8Array, options: CompressFrame = {}): Uint8Array {
  return drained(framePieces(bytes, options));
}

interface CompressFrame {
  readonly brokenHeaderChecksum?: boolean;
}

/** The same, a block a piece. */
export function* framePieces(bytes: Uint8Array, options: CompressFrame = {}): Pieces<Uint8Array> {
  const blockBytes = blockBytesById[writtenBlockId];
  const blockCount = Math.ceil(bytes.length / blockBytes);
  const out = new Uint8Array(15 + bytes.length + blockCount * 4);
  const view = new DataView(out.buffer);
  view.setUint32(0, magic, true);
  out[4] = flags.version | flags.independent;
  out[5] = writtenBlockId << 4;
  out[6] = xxh32(out.subarray(options.brokenHeaderChecksum ? 0 : 4, 6)) >>> 8;
  let position = 7;
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = bytes.subarray(start, start + blockBytes);
    const target = out.subarray(position + 4, position + 4 + block.length - 1);
    const length = compressBlock(block, target);
    if (length === 0) out.set(block, position + 4);
    const written = length === 0 ? block.length : length;
    view.setUint32(position, length === 0 ? storedBit | written : written, true);
    position += 4 + written;
    yield block.length * packWeight;
  }
  return out.subarray(0, position + 4);
}

interface DecompressFrame {
  readonly bytesMax: number;
  readonly anyHeaderChecksum?: boolean;
}

/** What the frame holds, at most `bytesMax` bytes. */
export function decompressFrame(bytes: Uint8Array, options: DecompressFrame): Uint8Array {
  return drained(unframePieces(bytes, options));
}

/** The same, a block a piece. */
export function* unframePieces(bytes: Uint8Array, options: DecompressFrame): Pieces<Uint8Array> {
  const { bytesMax } = options;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { flg, blockBytes, start } = readFrameHeader(view, options);
  let out = new Uint8Array(Math.min(bytesMax, Math.max(bytes.length * 4, 1024)));
  let outLength = 0;
  let position = start;
  while (true) {
    const word = uint32(view, position);
    position += 4;
    if (word === 0) break;
    const length = (word & ~storedBit) >>> 0;
    if (length > bytes.length - position) throw new DecodeFault("lz4 block is cut");
    const block = bytes.subarray(position, position + length);
    position += length;
    if (flg & flags.blockChecksum) {
      if (uint32(view, position) !== xxh32(block)) throw new DecodeFault("lz4 block checksum");
      position += 4;
    }
    const roomNeeded = Math.min(bytesMax, outLength + blockBytes);
    if (out.length < roomNeeded) out = grown(out, Math.min(bytesMax, roomNeeded * 2));
    const end = Math.min(out.length, outLength + blockBytes);
    if ((word & storedBit) === 0) {
      outLength = decompressBlock(block, { into: out, start: outLength, end });
    } else {
      if (length > end - outLength) throw pastBound();
      out.set(block, outLength);
      outLength += length;
    }
    yield blockBytes * unpackWeight;
  }
  const content = out.subarray(0, outLength);
  if ((flg & flags.contentChecksum) && uint32(view, position) !== xxh32(content)) {
    throw new DecodeFault("lz4 content checksum does not match");
  }
  return content;
}

function readFrameHeader(view: DataView, options: { anyHeaderChecksum?: boolean }) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (bytes.length < 7 || view.getUint32(0, true) !== magic) {
    throw new DecodeFault("not an lz4 frame");
  }
  const flg = bytes[4];
  const blockBytes = blockBytesById[(bytes[5] >> 4) & 7];
  if ((flg & flags.versionMask) !== flags.version || blockBytes === 0) {
    throw new DecodeFault("lz4 frame of an unknown version");
  }
  if (flg & flags.dictionary) throw new DecodeFault("lz4 dictionaries are not supported");
  const end = 6 + (flg & flags.contentSize ? 8 : 0);
  if (end >= bytes.length) throw new DecodeFault("lz4 frame header is cut");
  const checksum = (xxh32(bytes.subarray(4, end)) >>> 8) & 0xff;
  if (checksum !== bytes[end] && options.anyHeaderChecksum !== true) {
    throw new DecodeFault("lz4 header checksum does not match");
  }
  return { flg, blockBytes, start: end + 1 };
}

function uint32(view: DataView, position: number): number {
  if (position + 4 > view.byteLength) throw new DecodeFault("lz4 frame is cut");
  return view.getUint32(position, true);
}

function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
