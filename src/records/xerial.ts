// The framing that snappy-java puts around snappy blocks, which Java clients and kafkajs send:
//
//   82 53 4e 41 50 50 59 00   "\x82SNAPPY\0"
//   int32 version, int32 oldest compatible version (both 1)
//   then, to the end: int32 length, that many bytes of one raw snappy block
//
// librdkafka sends a bare raw block instead; what does not begin with the magic is read as that.

import { BytesReader, concatBytes } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { Pieces } from "./pieces.ts";

const magic = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
const headerBytes = 16;
/** Uncompressed bytes of a block, as in snappy-java. */
const blockBytes = 32 * 1024;

/** How much heavier than looking at a byte it is to pack or unpack one. */
const packWeight = 8;
const unpackWeight = 5;

/** `bytes` as xerial blocks, each compressed by `compressBlock`, a block a piece. */
export function* wrapXerial(
  bytes: Uint8Array,
  compressBlock: (block: Uint8Array) => Uint8Array,
): Pieces<Uint8Array> {
  const header = new Uint8Array(headerBytes);
  header.set(magic);
  header[11] = 1;
  header[15] = 1;
  const chunks: Uint8Array[] = [header];
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = compressBlock(bytes.subarray(start, start + blockBytes));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setInt32(0, block.length);
    chunks.push(length, block);
    yield blockBytes * packWeight;
  }
  return concatBytes(chunks);
}

/**
 * What {@link wrapXerial} or a bare snappy block holds; `block` unpacks one raw block, which is a
 * piece. Throws DecodeFault before more than `bytesMax` bytes come out.
 */
export function* unwrapXerial(
  bytes: Uint8Array,
  options: { bytesMax: number; block: (raw: Uint8Array) => Uint8Array },
): Pieces<Uint8Array> {
  const { block, bytesMax } = options;
  if (!magic.every((byte, i) => bytes[i] === byte)) {
    boundedLength(bytes, bytesMax);
    return block(bytes);
  }
  if (bytes.length < headerBytes) throw new DecodeFault("snappy frame header is cut");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Uint8Array[] = [];
  let remaining = bytesMax;
  let position = headerBytes;
  while (position < bytes.length) {
    if (position + 4 > bytes.length) throw new DecodeFault("snappy block length is cut");
    const length = view.getInt32(position);
    const start = position + 4;
    if (length < 0 || length > bytes.length - start) throw new DecodeFault("snappy block is cut");
    const raw = bytes.subarray(start, start + length);
    remaining -= boundedLength(raw, remaining);
    const unpacked = block(raw);
    chunks.push(unpacked);
    position = start + length;
    yield unpacked.length * unpackWeight;
  }
  return chunks.length === 0 ? new Uint8Array(0) : concatBytes(chunks);
}

/** The unpacked length, with which a raw block begins (an unsigned varint). */
function boundedLength(raw: Uint8Array, bytesMax: number): number {
  const length = new BytesReader(raw).uvarint();
  // The longest copy makes 64 bytes of 3: no memory is taken on a larger claim.
  if (length > raw.length * 32) throw new DecodeFault("snappy block claims more than it can hold");
  if (length <= bytesMax) return length;
  throw new DecodeFault(`snappy data expands past ${bytesMax} bytes`, { isPastBound: true });
}
