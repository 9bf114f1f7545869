// One raw Snappy block, unpacked (format_description.txt of Snappy):
//
//   uvarint length of the content | elements, each begun by a byte whose two low bits are its kind:
//   00  literal: 6 bits length - 1, or 60-63: that many less 59 bytes of length - 1; the bytes
//   01  copy: 3 bits length - 4, 3 high bits of the distance back, a byte of it
//   10  copy: 6 bits length - 1, uint16le distance      11  the same with uint32le distance
//
// Invariant: what comes out is exactly as long as the block says, or DecodeFault: so do snappy's
// own readers hold it. The package that packs is not asked to unpack: it gives zeros where
// elements are missing, and has no end with a literal of nearly 2^32 bytes.

import { DecodeFault } from "../base/faults.ts";

/** From here on a call into the engine is faster than a loop. */
const longRun = 32;

/**
 * The length that `raw` claims, which `bytesMax` bounds and its own size: no memory is taken on a
 * larger claim.
 */
export function claimedLength(
  raw: Uint8Array,
  bytesMax: number,
): { length: number; start: number } {
  let length = 0;
  let scale = 1;
  for (let start = 0; start < 5 && start < raw.length; scale *= 128) {
    const byte = raw[start++];
    length += (byte & 0x7f) * scale;
    if (byte >= 0x80) continue;
    // The longest copy makes 64 bytes of 3.
    if (length > raw.length * 22) break;
    if (length <= bytesMax) return { length, start };
    throw new DecodeFault(`snappy data expands past ${bytesMax} bytes`, { isPastBound: true });
  }
  throw new DecodeFault("snappy block claims more than it can hold");
}

/** Unpacks `raw`, at most `bytesMax` bytes. */
export function uncompressBlock(raw: Uint8Array, bytesMax: number): Uint8Array {
  const { length: end, start } = claimedLength(raw, bytesMax);
  const into = new Uint8Array(end);
  let position = start;
  let out = 0;
  while (position < raw.length) {
    const tag = raw[position++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const lengthBytes = length - 60;
        length = uintAt(raw, position, lengthBytes) + 1;
        position += lengthBytes;
      }
      const literalEnd = position + length;
      if (literalEnd > raw.length || out + length > end) throw malformed();
      if (length > longRun) into.set(raw.subarray(position, literalEnd), out);
      else for (let i = 0; i < length; i++) into[out + i] = raw[position + i];
      out += length;
      position = literalEnd;
      continue;
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distanceBytes = kind === 3 ? 4 : kind;
    let distance = uintAt(raw, position, distanceBytes);
    if (kind === 1) distance |= (tag >> 5) << 8;
    position += distanceBytes;
    if (distance === 0 || distance > out || out + length > end) throw malformed();
    const copyEnd = out + length;
    if (length > longRun && distance >= length) {
      into.copyWithin(out, out - distance, copyEnd - distance);
    } else for (let at = out; at < copyEnd; at++) into[at] = into[at - distance];
    out = copyEnd;
  }
  if (out !== end) throw malformed();
  return into;
}

function uintAt(bytes: Uint8Array, position: number, length: number): number {
  if (position + length > bytes.length) throw malformed();
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[position + i];
  return value;
}

function malformed(): DecodeFault {
  return new DecodeFault("snappy block is malformed");
}
