// One raw Snappy block, unpacked (format_description.txt of Snappy):
//
//   uvarint length of the content | elements, each begun by a byte whose two low bits are its kind:
//   00  literal: 6 bits length - 1, or 60-63: that many less 59 bytes of length - 1; the bytes
//   01  copy: 3 bits length - 4, 3 high bits of the distance back, a byte of it
//   10  copy: 6 bits length - 1, uint16le distance      11  the same with uint32le distance
//
// Short runs are copied by words of four bytes, long literals by the engine.
//
// Invariant: what comes out is exactly as long as the block says, or DecodeFault: so do snappy's
// own readers hold it. The package that packs is not asked to unpack: it gives zeros where
// elements are missing, and has no end with a literal of nearly 2^32 bytes.

import { DecodeFault } from "../base/faults.ts";
import { byteAt } from "../base/items.ts";

/** From here on a call into the engine is faster than a loop. */
const longRun = 32;

/**
 * The length that `raw` claims, which `bytesMax` bounds and its own size: no memory is taken on a
 * larger claim.
 */
function claimedLength(
  raw: Uint8Array,
  bytesMax: number,
): { length: number; start: number } {
  let length = 0;
  let scale = 1;
  for (let start = 0; start < 5 && start < raw.length; scale *= 128) {
    const byte = raw[start++]!;
    length += (byte & 0x7f) * scale;
    if (byte >= 0x80) continue;
    // The longest copy makes 64 bytes of 3.
    if (length > raw.length * 22) break;
    if (length <= bytesMax) return { length, start };
    throw new DecodeFault(`snappy data expands past ${bytesMax} bytes`, { isPastBound: true });
  }
  throw new DecodeFault("snappy block claims more than it can hold");
}

/** Room that a target has behind what may be written. */
export const slackBytes = 4;

/** Where a block's content goes. */
export interface SnappyTarget {
  readonly into: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly start: number;
  /** May not be passed; `slackBytes` more are there. */
  readonly outMax: number;
}

/** Room for `length` bytes, as a target wants it. */
export function roomOf(length: number): Pick<SnappyTarget, "into" | "view"> {
  const into = new Uint8Array(length + slackBytes);
  return { into, view: new DataView(into.buffer) };
}

/** Unpacks `raw` to `into` from `start` on; the position behind it. */
export function uncompressBlock(raw: Uint8Array, target: SnappyTarget): number {
  const { into, view, start } = target;
  const claim = claimedLength(raw, target.outMax - start);
  const source = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const end = start + claim.length;
  const wordsMax = raw.length - slackBytes;
  let position = claim.start;
  let out = start;
  while (position < raw.length) {
    const tag = raw[position++]!;
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
      if (length > longRun || literalEnd > wordsMax) {
        into.set(raw.subarray(position, literalEnd), out);
      } else {
        const shift = out - position;
        for (let at = position; at < literalEnd; at += 4) {
          view.setInt32(at + shift, source.getInt32(at, true), true);
        }
      }
      out += length;
      position = literalEnd;
      continue;
    }
    let length = (tag >> 2) + 1;
    let distance: number;
    if (kind === 1) {
      if (position >= raw.length) throw malformed();
      length = ((tag >> 2) & 7) + 4;
      distance = ((tag >> 5) << 8) | raw[position++]!;
    } else if (kind === 2) {
      if (position + 2 > raw.length) throw malformed();
      distance = raw[position]! | (raw[position + 1]! << 8);
      position += 2;
    } else {
      distance = uintAt(raw, position, 4);
      position += 4;
    }
    const copyEnd = out + length;
    if (distance === 0 || distance > out - start || copyEnd > end) throw malformed();
    if (distance >= 4) {
      for (let at = out; at < copyEnd; at += 4) {
        view.setInt32(at, view.getInt32(at - distance, true), true);
      }
    } else {for (let at = out; at < copyEnd; at++) {
        into[at] = into[at - distance]!;
      }}
    out = copyEnd;
  }
  if (out !== end) throw malformed();
  return out;
}

function uintAt(bytes: Uint8Array, position: number, length: number): number {
  if (position + length > bytes.length) throw malformed();
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + byteAt(bytes, position + i);
  return value;
}

function malformed(): DecodeFault {
  return new DecodeFault("snappy block is malformed");
}
