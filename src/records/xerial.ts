// The framing that snappy-java puts around snappy blocks, which Java clients and kafkajs send:
//
//   82 53 4e 41 50 50 59 00   "\x82SNAPPY\0"
//   int32 version, int32 oldest compatible version (both 1)
//   then, to the end: int32 length, that many bytes of one raw snappy block; or a header again
//
// Read as SnappyInputStream of snappy-java reads it, which every Java consumer has: less bytes than
// a length end it.
//
// Differs from Kafka: snappy data in which a further xerial header begins and is damaged is
// refused; Kafka's reader stops there or goes on, depending on where its reads happen to end.
//
// librdkafka sends a bare raw block instead; what does not begin with the magic is read as that.

import { BytesReader, concatBytes } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { Pieces } from "../base/pieces.ts";
import type { BlockPacking } from "./block_packing.ts";
import { roomOf, slackBytes, uncompressBlock } from "./snappy_block.ts";
import { giveRoom, takeRoom } from "./unpacking_room.ts";

const magic = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
/** Its first four bytes, where a block's length may stand. */
const magicHead = 0x82534e41 | 0;
const versionMin = 1;
const headerBytes = 16;
/** Uncompressed bytes of a block, as in snappy-java. */
const blockBytes = 32 * 1024;

/** How much heavier than looking at a byte it is to pack or unpack one. */
const packWeight = 8;
const unpackWeight = 5;

/** How blocks come into xerial's form one by one, each compressed by `compressBlock`. */
export function xerialPacking(compressBlock: (block: Uint8Array) => Uint8Array): BlockPacking {
  return {
    blockBytes,
    head: xerialHeader,
    block(bytes) {
      const packed = compressBlock(bytes);
      const length = new Uint8Array(4);
      new DataView(length.buffer).setInt32(0, packed.length);
      return [length, packed];
    },
    tail: new Uint8Array(0),
  };
}

function xerialHeader(): Uint8Array {
  const header = new Uint8Array(headerBytes);
  header.set(magic);
  header[11] = 1;
  header[15] = 1;
  return header;
}

/** `bytes` as xerial blocks, each compressed by `compressBlock`, a block a piece. */
export function* wrapXerial(
  bytes: Uint8Array,
  compressBlock: (block: Uint8Array) => Uint8Array,
): Pieces<Uint8Array> {
  const { block } = xerialPacking(compressBlock);
  const chunks: Uint8Array[] = [xerialHeader()];
  for (let start = 0; start < bytes.length; start += blockBytes) {
    chunks.push(...block(bytes.subarray(start, start + blockBytes)));
    yield blockBytes * packWeight;
  }
  return concatBytes(chunks);
}

/**
 * What {@link wrapXerial} or a bare snappy block holds, a block a piece. Throws DecodeFault before
 * more than `bytesMax` bytes come out.
 */
export function* unwrapXerial(
  bytes: Uint8Array,
  options: { bytesMax: number },
): Pieces<Uint8Array> {
  const { total } = unpackedSizes(bytes);
  const outMax = Math.min(total, options.bytesMax);
  const room = roomOf(outMax);
  let out = 0;
  for (const raw of rawBlocks(bytes)) {
    const start = out;
    out = uncompressBlock(raw, { ...room, start, outMax });
    yield (out - start) * unpackWeight;
  }
  return room.into.subarray(0, out);
}

/** The same, handed out block by block; each is good until the next is asked for. */
export function* unwrappedChunks(
  bytes: Uint8Array,
  { bytesMax }: { bytesMax: number },
): Generator<Uint8Array> {
  const { largest } = unpackedSizes(bytes);
  const room = takeRoom(Math.min(largest, bytesMax) + slackBytes);
  let left = bytesMax;
  try {
    for (const raw of rawBlocks(bytes)) {
      const outMax = Math.min(largest, left);
      const out = uncompressBlock(raw, { ...room, start: 0, outMax });
      left -= out;
      yield room.into.subarray(0, out);
    }
  } finally {
    giveRoom(room);
  }
}

/** The longest copy makes 64 bytes of 3. */
const ratioMax = 32;

/** Bytes that the blocks of `bytes` unpack to, as they say themselves and no more than they can. */
export function unpackedSizes(bytes: Uint8Array): { largest: number; total: number } {
  let largest = 0;
  let total = 0;
  for (const raw of rawBlocks(bytes)) {
    const length = Math.min(new BytesReader(raw).uvarint(), raw.length * ratioMax);
    largest = Math.max(largest, length);
    total += length;
  }
  return { largest, total };
}

function* rawBlocks(bytes: Uint8Array): Generator<Uint8Array> {
  if (!isHeader(bytes, 0)) {
    yield bytes;
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let position = headerBytes;
  // Less than a length is no block: it is left alone.
  while (position + 4 <= bytes.length) {
    const length = view.getInt32(position);
    if (length === magicHead) {
      if (bytes.length - position < headerBytes) throw new DecodeFault("snappy header is cut");
      if (!isHeader(bytes, position)) throw new DecodeFault("snappy header is damaged");
      // The first header's version is not looked at.
      const version = view.getInt32(position + magic.length);
      if (version < versionMin) throw new DecodeFault(`snappy stream of version ${version}`);
      position += headerBytes;
      continue;
    }
    const start = position + 4;
    if (length < 0 || length > bytes.length - start) throw new DecodeFault("snappy block is cut");
    yield bytes.subarray(start, start + length);
    position = start + length;
  }
}

function isHeader(bytes: Uint8Array, position: number): boolean {
  return bytes.length - position >= headerBytes &&
    magic.every((byte, i) => bytes[position + i] === byte);
}
