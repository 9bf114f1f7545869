// One LZ4 block (lz4_Block_format.md): a run of sequences, each
//
//   token (4 bits literal count, 4 bits match length - 4) | more count bytes while 255 |
//   literals | uint16le distance back | more length bytes while 255
//
// The last sequence ends after its literals. How near to the end of a block, and of the room for
// it, a match may come is the rule of liblz4's LZ4_decompress_safe, which Java's reader calls: what
// it refuses, no Java consumer gets past. The compressor is the simple greedy one: a table of the
// last place where four bytes were seen.
//
// Runs are copied by words of four bytes where they are short, and by the engine where they are
// long. Invariant: a word written past a run's end stays within `slackBytes` of what is asked for.

import { DecodeFault } from "../base/faults.ts";

const matchLengthMin = 4;
const lastLiterals = 5;
const matchStartMargin = 12;
/** A match's distance, the token behind it and the last literals: less is no match any more. */
const matchTailBytes = 3 + lastLiterals;
const distanceMax = 0xffff;
const hashBits = 14;
const lastSeen = new Int32Array(1 << hashBits);
/** From here on a call into the engine is faster than a loop over words. */
const longRun = 40;

/** Room that a target has behind what may be written. */
export const slackBytes = 8;

/** Compresses `block` into `into`; the bytes written, or 0 when they do not fit. */
export function compressBlock(block: Uint8Array, into: Uint8Array): number {
  lastSeen.fill(-1);
  const view = viewOf(block);
  const target: Target = { into, view: viewOf(into), out: 0 };
  const matchStartMax = block.length - matchStartMargin;
  const matchEndMax = block.length - lastLiterals;
  let anchor = 0;
  let position = 0;
  let misses = 0;
  while (position <= matchStartMax) {
    const word = view.getInt32(position, true);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
    const candidate = lastSeen[slot] ?? -1;
    lastSeen[slot] = position;
    if (
      candidate < 0 || position - candidate > distanceMax ||
      view.getInt32(candidate, true) !== word
    ) {
      // The longer nothing matches, the larger the steps: incompressible data passes quickly.
      position += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    let end = position + matchLengthMin;
    let from = candidate + matchLengthMin;
    while (end + 4 <= matchEndMax && view.getInt32(end, true) === view.getInt32(from, true)) {
      end += 4;
      from += 4;
    }
    while (end < matchEndMax && block[end] === block[from++]) end++;
    const literals = { view, from: anchor, length: position - anchor };
    const match = { distance: position - candidate, length: end - position - matchLengthMin };
    if (!putSequence(target, literals, match)) return 0;
    anchor = end;
    position = end;
  }
  const literals = block.length - anchor;
  if (target.out + literals + literals / 255 + 2 > into.length) return 0;
  const start = putCounts(target, literals, 0);
  into.set(block.subarray(anchor), start);
  return start + literals;
}

interface Target {
  readonly into: Uint8Array;
  readonly view: DataView;
  out: number;
}

interface Literals {
  readonly view: DataView;
  readonly from: number;
  readonly length: number;
}

/** False where there is no room for it. */
function putSequence(
  target: Target,
  literals: Literals,
  match: { distance: number; length: number },
): boolean {
  const { into, view } = target;
  const { length } = literals;
  const { distance, length: matchLength } = match;
  const roomNeeded = length + (length + matchLength) / 255 + 5 + slackBytes;
  if (target.out + roomNeeded > into.length) return false;
  let out = putCounts(target, length, matchLength);
  const from = literals.from - out;
  const end = out + length;
  for (; out < end; out += 4) view.setInt32(out, literals.view.getInt32(from + out, true), true);
  into[end] = distance;
  into[end + 1] = distance >> 8;
  target.out = end + 2;
  if (matchLength >= 15) putRest(target, matchLength - 15);
  return true;
}

/** The token and the rest of the literals' count; where the literals begin. */
function putCounts(target: Target, literals: number, match: number): number {
  target.into[target.out++] = (Math.min(literals, 15) << 4) | Math.min(match, 15);
  if (literals >= 15) putRest(target, literals - 15);
  return target.out;
}

function putRest(target: Target, count: number): void {
  let rest = count;
  for (; rest >= 255; rest -= 255) target.into[target.out++] = 255;
  target.into[target.out++] = rest;
}

/** Where a block's content goes. */
export interface BlockTarget {
  readonly into: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly start: number;
  /** Where the largest block would end, which none passes; `slackBytes` more are there. */
  readonly end: number;
}

/** Unpacks `block` to `into` from `start` on; the position behind it. DecodeFault if malformed. */
export function decompressBlock(block: Uint8Array, target: BlockTarget): number {
  const { into, view, start, end } = target;
  const source = viewOf(block);
  const blockEnd = block.length;
  let out = start;
  let position = 0;
  while (position < blockEnd) {
    const token = block[position++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && position < blockEnd) literals += more = block[position++]!;
    }
    const literalsEnd = position + literals;
    if (literalsEnd > blockEnd - matchTailBytes || out + literals > end - matchStartMargin) {
      if (literalsEnd !== blockEnd || out + literals > end) throw malformed("literals");
      into.set(block.subarray(position), out);
      return out + literals;
    }
    if (literals > longRun) into.set(block.subarray(position, literalsEnd), out);
    else {
      const shift = position - out;
      const stop = out + literals;
      for (let at = out; at < stop; at += 4) {
        view.setInt32(at, source.getInt32(at + shift, true), true);
      }
    }
    out += literals;
    const distance = block[literalsEnd]! | (block[literalsEnd + 1]! << 8);
    position = literalsEnd + 2;
    if (distance === 0 || distance > out - start) throw malformed("match");
    let length = (token & 15) + matchLengthMin;
    if (length === 15 + matchLengthMin) {
      let more = 255;
      while (more === 255 && position < blockEnd) length += more = block[position++]!;
      if (position > blockEnd - lastLiterals + 1) throw malformed("match");
    }
    const matchEnd = out + length;
    if (matchEnd > end - lastLiterals) throw malformed("match");
    if (length > longRun) copyLongMatch(into, { out, distance, matchEnd });
    else if (distance >= 4) {
      for (let at = out; at < matchEnd; at += 4) {
        view.setInt32(at, view.getInt32(at - distance, true), true);
      }
    } else {for (let at = out; at < matchEnd; at++) {
        into[at] = into[at - distance]!;
      }}
    out = matchEnd;
  }
  throw malformed("end");
}

function copyLongMatch(
  into: Uint8Array,
  match: { out: number; distance: number; matchEnd: number },
): void {
  const { out, distance, matchEnd } = match;
  if (distance === 1) into.fill(into[out - 1]!, out, matchEnd);
  else {
    // What repeats is doubled until it is long enough.
    const from = out - distance;
    for (let at = out; at < matchEnd;) {
      const run = Math.min(at - from, matchEnd - at);
      into.copyWithin(at, from, from + run);
      at += run;
    }
  }
}

/** How much `block` unpacks to, without doing it; some number for one that is malformed. */
export function unpackedLength(block: Uint8Array): number {
  const blockEnd = block.length;
  let length = 0;
  let position = 0;
  while (position < blockEnd) {
    const token = block[position++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && position < blockEnd) literals += more = block[position++]!;
    }
    length += literals;
    position += literals + 2;
    if (position >= blockEnd) return length;
    length += (token & 15) + matchLengthMin;
    if ((token & 15) === 15) {
      let more = 255;
      while (more === 255 && position < blockEnd) length += more = block[position++]!;
    }
  }
  return length;
}

/** What a block is that breaks a rule. */
export function malformed(what: string): DecodeFault {
  return new DecodeFault(`lz4 block has a ${what} out of place`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
