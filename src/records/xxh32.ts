// xxHash32 with seed 0 (xxhash_spec.md), which LZ4 frames use for their checksums.
//
// Four lanes each take 4 of every 16 bytes; they are mixed into one word, the tail is added by
// words and bytes, and a last avalanche spreads the bits.

import { byteAt } from "../base/items.ts";

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

/** xxHash32 of `bytes`, seed 0, as an unsigned 32-bit integer. */
export function xxh32(bytes: Uint8Array): number {
  const length = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let position = 0;
  let hash = prime5;
  if (length >= 16) {
    let lane1 = (prime1 + prime2) | 0;
    let lane2 = prime2 | 0;
    let lane3 = 0;
    let lane4 = -prime1 | 0;
    for (; position <= length - 16; position += 16) {
      lane1 = round(lane1, view.getInt32(position, true));
      lane2 = round(lane2, view.getInt32(position + 4, true));
      lane3 = round(lane3, view.getInt32(position + 8, true));
      lane4 = round(lane4, view.getInt32(position + 12, true));
    }
    hash = rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18);
  }
  hash = (hash + length) | 0;
  for (; position <= length - 4; position += 4) {
    const mixed = (hash + Math.imul(view.getInt32(position, true), prime3)) | 0;
    hash = Math.imul(rotate(mixed, 17), prime4);
  }
  for (; position < length; position++) {
    hash = Math.imul(rotate((hash + Math.imul(byteAt(bytes, position), prime5)) | 0, 11), prime1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, prime2)) | 0, 13), prime1);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
