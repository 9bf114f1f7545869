// One LZ4 block (lz4_Block_format.md): a run of sequences, each
//
//   token (4 bits literal count, 4 bits match length - 4) | more count bytes while 255 |
//   literals | uint16le distance back | more length bytes while 255
//
// The last sequence ends after its literals; the last 5 bytes of a block are literals always, and
// no match begins within the last 12. The compressor is the simple greedy one: a table of the last
// place where four bytes were seen. The decompressor checks every bound and throws DecodeFault.

import { DecodeFault } from "../base/faults.ts";

const matchLengthMin = 4;
const lastLiterals = 5;
const matchStartMargin = 12;
const distanceMax = 0xffff;
const hashBits = 14;
const lastSeen = new Int32Array(1 << hashBits);

/** Compresses `block` into `into`; the bytes written, or 0 when they do not fit. */
export function compressBlock(block: Uint8Array, into: Uint8Array): number {
  lastSeen.fill(-1);
  const matchStartMax = block.length - matchStartMargin;
  const matchEndMax = block.length - lastLiterals;
  let out = 0;
  let anchor = 0;
  let position = 0;
  let misses = 0;
  while (position <= matchStartMax) {
    const word = wordAt(block, position);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
    const candidate = lastSeen[slot];
    lastSeen[slot] = position;
    if (
      candidate < 0 || position - candidate > distanceMax || wordAt(block, candidate) !== word
    ) {
      // The longer nothing matches, the larger the steps: incompressible data passes quickly.
      position += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    let end = position + matchLengthMin;
    for (let from = candidate + matchLengthMin; end < matchEndMax; end++, from++) {
      if (block[end] !== block[from]) break;
    }
    const literals = block.subarray(anchor, position);
    const matchLength = end - position - matchLengthMin;
    if (out + literals.length + (literals.length + matchLength) / 255 + 8 > into.length) return 0;
    out = putSequence(into, { out, literals, matchLength });
    const distance = position - candidate;
    into[out++] = distance;
    into[out++] = distance >> 8;
    out = putLengthRest(into, { out, length: matchLength });
    anchor = end;
    position = end;
  }
  const literals = block.subarray(anchor);
  if (out + literals.length + literals.length / 255 + 2 > into.length) return 0;
  return putSequence(into, { out, literals, matchLength: 0 });
}

/** Unpacks `block` to `into[start, end)`, where `into[0, start)` is what came before it. */
export function decompressBlock(
  block: Uint8Array,
  target: { into: Uint8Array; start: number; end: number },
): number {
  const { into, end } = target;
  const blockEnd = block.length;
  let out = target.start;
  let position = 0;
  while (position < blockEnd) {
    const token = block[position++];
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && position < blockEnd) literals += more = block[position++];
    }
    if (literals > blockEnd - position) throw new DecodeFault("lz4 literals pass the block's end");
    if (literals > end - out) throw pastBound();
    for (const stop = position + literals; position < stop;) into[out++] = block[position++];
    if (position === blockEnd) return out;
    if (blockEnd - position < 2) throw new DecodeFault("lz4 match is cut");
    const distance = block[position] | (block[position + 1] << 8);
    position += 2;
    if (distance === 0 || distance > out) throw new DecodeFault("lz4 match before the beginning");
    let length = (token & 15) + matchLengthMin;
    if (length === 15 + matchLengthMin) {
      let more = 255;
      while (more === 255 && position < blockEnd) length += more = block[position++];
    }
    if (length > end - out) throw pastBound();
    for (const stop = out + length; out < stop; out++) into[out] = into[out - distance];
  }
  throw new DecodeFault("lz4 block does not end with literals");
}

/** More comes out than the frame's own block size, or the reader, allows. */
export function pastBound(): DecodeFault {
  return new DecodeFault("lz4 frame is larger than allowed", { isPastBound: true });
}

function putSequence(
  into: Uint8Array,
  sequence: { out: number; literals: Uint8Array; matchLength: number },
): number {
  const { literals, matchLength } = sequence;
  let out = sequence.out;
  into[out++] = (Math.min(literals.length, 15) << 4) | Math.min(matchLength, 15);
  out = putLengthRest(into, { out, length: literals.length });
  into.set(literals, out);
  return out + literals.length;
}

function putLengthRest(into: Uint8Array, run: { out: number; length: number }): number {
  let { out } = run;
  if (run.length < 15) return out;
  let rest = run.length - 15;
  for (; rest >= 255; rest -= 255) into[out++] = 255;
  into[out++] = rest;
  return out;
}

function wordAt(bytes: Uint8Array, position: number): number {
  return bytes[position] | (bytes[position + 1] << 8) | (bytes[position + 2] << 16) |
    (bytes[position + 3] << 24);
}
