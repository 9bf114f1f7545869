// The last offset of each key in a stretch of a log, in bounded memory: keys are known by a 128-bit
// hash, so that a key of any length costs 24 bytes.
//
//   slot:  4 lanes of hash, int32 each | offset + 1 (0: free)
//   table: open addressing, linear probing; 64 tables by the hash, so that one grows without
//          stopping the event loop for long
//
// Two keys are the same when their hashes are. Keys of up to 16 bytes and one length never collide
// (every step of the hash can be undone); others do with a chance of about 2^-128 a pair. The seed
// is random, so that nobody can prepare keys that collide.
// Invariant: memory stays below `bytesMax`; `put` says false rather than exceed it.

import type { Offset } from "../../base/ids.ts";
import { byteAt, int32LittleAt, itemAt } from "../../base/items.ts";

const tableCount = 64;
const firstSlots = 64;
const slotBytes = 24;
const loadMaxDefault = 0.9;

/** The hash of a key: four lanes of 32 bits. */
export type KeyHash = Int32Array;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mixLane(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 13), 0x297a2d39);
  return h ^ (h >>> 16);
}

/** Word of up to 4 bytes at `position`, zeros behind `end`. */
function wordAt(bytes: Uint8Array, position: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 4 && position + i < end; i++) word |= byteAt(bytes, position + i) << (8 * i);
  return word;
}

/** Puts the hash of `bytes[start, end)` into `into`. */
export function hashKey(
  bytes: Uint8Array,
  range: { start: number; end: number; seed: KeyHash; into: KeyHash },
): void {
  const { start, end, seed, into } = range;
  into.set(seed);
  mixBlocks(bytes, { start, end, into });
  finishHash(into, end - start);
}

/** Mixes bytes into `into`, 16 at a time; the last ones may be fewer. */
function mixBlocks(
  bytes: Uint8Array,
  { start, end, into }: { start: number; end: number; into: KeyHash },
): void {
  let a = into[0]!, b = into[1]!, c = into[2]!, d = into[3]!;
  for (let p = start; p < end; p += 16) {
    let w0, w1, w2, w3;
    if (end - p >= 16) {
      w0 = int32LittleAt(bytes, p);
      w1 = int32LittleAt(bytes, p + 4);
      w2 = int32LittleAt(bytes, p + 8);
      w3 = int32LittleAt(bytes, p + 12);
    } else {
      w0 = wordAt(bytes, p, end);
      w1 = wordAt(bytes, p + 4, end);
      w2 = wordAt(bytes, p + 8, end);
      w3 = wordAt(bytes, p + 12, end);
    }
    a = (rotate(Math.imul(a ^ mixLane(w0), 0x2f72b421), 13) + b) | 0;
    b = (rotate(Math.imul(b ^ mixLane(w1), 0x53a3cf27), 17) + c) | 0;
    c = (rotate(Math.imul(c ^ mixLane(w2), 0x1b56c4e9), 11) + d) | 0;
    d = (rotate(Math.imul(d ^ mixLane(w3), 0x6c62272f), 19) + a) | 0;
  }
  into[0] = a;
  into[1] = b;
  into[2] = c;
  into[3] = d;
}

function finishHash(into: KeyHash, length: number): void {
  let a = into[0]!, b = into[1]!, c = into[2]!, d = into[3]!;
  a ^= length;
  b ^= Math.imul(length, 0x3c6ef373);
  for (let round = 0; round < 2; round++) {
    a = mixLane((a + b + c + d) | 0);
    b = mixLane((b + a) | 0);
    c = mixLane((c + b) | 0);
    d = mixLane((d + c) | 0);
  }
  into[0] = a;
  into[1] = b;
  into[2] = c;
  into[3] = d;
}

/** The hash of a key that comes in parts: the same, however it is cut. */
class KeyHasher {
  readonly #seed: KeyHash;
  readonly #hash: KeyHash = new Int32Array(4);
  /** Bytes that no 16 are full with yet. */
  readonly #rest = new Uint8Array(16);
  #restBytes = 0;
  #length = 0;

  constructor(seed: KeyHash) {
    this.#seed = seed;
    this.#hash.set(seed);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    this.#length += end - start;
    let at = start;
    if (this.#restBytes > 0) at = this.#fill(bytes, at, end);
    const blocksEnd = at + ((end - at) & ~15);
    mixBlocks(bytes, { start: at, end: blocksEnd, into: this.#hash });
    if (blocksEnd < end) this.#fill(bytes, blocksEnd, end);
  }

  /** Takes bytes into the rest; returns behind those it took. */
  #fill(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(16 - this.#restBytes, end - start);
    this.#rest.set(bytes.subarray(start, start + count), this.#restBytes);
    this.#restBytes += count;
    if (this.#restBytes === 16) this.#mixRest();
    return start + count;
  }

  #mixRest(): void {
    mixBlocks(this.#rest, { start: 0, end: this.#restBytes, into: this.#hash });
    this.#restBytes = 0;
  }

  /** The key is whole: puts its hash into `into`, and begins anew. */
  take(into: KeyHash): void {
    this.#mixRest();
    finishHash(this.#hash, this.#length);
    into.set(this.#hash);
    this.forget();
  }

  /** Begins anew. */
  forget(): void {
    this.#hash.set(this.#seed);
    this.#restBytes = 0;
    this.#length = 0;
  }
}

interface Table {
  lanes: Int32Array;
  offsets: Float64Array;
  slots: number;
  count: number;
}

/** Where `hash` is in `table`, or the free slot for it. */
function slotOf(table: Table, hash: KeyHash, at = 0): number {
  const { lanes, offsets, slots } = table;
  const [a, b, c, d] = [hash[at]!, hash[at + 1], hash[at + 2], hash[at + 3]];
  let slot = (a >>> 0) % slots;
  for (; offsets[slot] !== 0; slot = slot + 1 === slots ? 0 : slot + 1) {
    const l = 4 * slot;
    if (lanes[l] === a && lanes[l + 1] === b && lanes[l + 2] === c && lanes[l + 3] === d) break;
  }
  return slot;
}

function newTable(slots: number): Table {
  return { lanes: new Int32Array(4 * slots), offsets: new Float64Array(slots), slots, count: 0 };
}

/** Last offsets by key. */
export class KeyOffsets {
  readonly #tables: Table[];
  readonly #slotsMax: number;
  readonly #loadMax: number;
  readonly #seed: KeyHash;
  readonly #hash: KeyHash = new Int32Array(4);
  #count = 0;

  /** `loadMax`: beyond this share of used slots a table grows, or is full. */
  constructor(options: { bytesMax: number; seed: KeyHash; loadMax?: number }) {
    this.#seed = options.seed;
    this.#loadMax = Math.min(0.99, options.loadMax ?? loadMaxDefault);
    const slots = Math.floor(options.bytesMax / slotBytes);
    const tables = slots >= tableCount * firstSlots ? tableCount : 1;
    this.#slotsMax = Math.max(2, Math.floor(slots / tables));
    const first = Math.min(firstSlots, this.#slotsMax);
    this.#tables = Array.from({ length: tables }, () => newTable(first));
  }

  /** Distinct keys. */
  get count(): number {
    return this.#count;
  }

  /** Memory in use. */
  get sizeBytes(): number {
    return this.#tables.reduce((sum, { slots }) => sum + slots * slotBytes, 0);
  }

  /** For a key that comes in parts; its hash is taken by {@link putHashed} or {@link getHashed}. */
  hasher(): KeyHasher {
    return new KeyHasher(this.#seed);
  }

  /** Notes that the key in `bytes[start, end)` is at `offset`; false when there is no room. */
  put(bytes: Uint8Array, key: { start: number; end: number }, offset: Offset): boolean {
    this.#hashOf(bytes, key);
    return this.#put(offset);
  }

  /** The same for a key that came in parts. */
  putHashed(key: KeyHasher, offset: Offset): boolean {
    key.take(this.#hash);
    return this.#put(offset);
  }

  #put(offset: Offset): boolean {
    const table = this.#table();
    let slot = slotOf(table, this.#hash);
    if (table.offsets[slot] === 0) {
      if (table.count > 0 && table.count + 1 > table.slots * this.#loadMax) {
        if (!this.#grow(table)) return false;
        slot = slotOf(table, this.#hash);
      }
      table.lanes.set(this.#hash, 4 * slot);
      table.count++;
      this.#count++;
    }
    table.offsets[slot] = offset + 1;
    return true;
  }

  /** The last offset that was put for the key, -1 for none. */
  get(bytes: Uint8Array, key: { start: number; end: number }): Offset {
    this.#hashOf(bytes, key);
    return this.#get();
  }

  /** The same for a key that came in parts. */
  getHashed(key: KeyHasher): Offset {
    key.take(this.#hash);
    return this.#get();
  }

  #get(): Offset {
    const table = this.#table();
    return itemAt(table.offsets, slotOf(table, this.#hash)) - 1;
  }

  #hashOf(bytes: Uint8Array, { start, end }: { start: number; end: number }): void {
    hashKey(bytes, { start, end, seed: this.#seed, into: this.#hash });
  }

  /** Where the hash belongs. */
  #table(): Table {
    const index = this.#tables.length === 1 ? 0 : itemAt(this.#hash, 3) >>> 26;
    return itemAt(this.#tables, index);
  }

  #grow(table: Table): boolean {
    if (table.slots === this.#slotsMax) return false;
    const grown = newTable(Math.min(table.slots * 2, this.#slotsMax));
    for (let slot = 0; slot < table.slots; slot++) {
      const offset = itemAt(table.offsets, slot);
      if (offset === 0) continue;
      const to = slotOf(grown, table.lanes, 4 * slot);
      grown.offsets[to] = offset;
      grown.lanes.set(table.lanes.subarray(4 * slot, 4 * slot + 4), 4 * to);
    }
    table.lanes = grown.lanes;
    table.offsets = grown.offsets;
    table.slots = grown.slots;
    return true;
  }
}
