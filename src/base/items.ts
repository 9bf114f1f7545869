// Items that are there: who reads one knows its index to be within, which the compiler
// (noUncheckedIndexedAccess) cannot see. Where one may be missing, `items[i]` says so by its type.
//
// Bytes are read without a look at the index, in code that has looked at the whole range before.
// Loops over every byte of what clients send read `bytes[i]!`: there a call costs up to a quarter.

import { AssertionError } from "./assert.ts";

/** The item at `index`; one that is not there is a bug of ours. */
export function itemAt<T>(items: ArrayLike<T>, index: number): T {
  if (index >= 0 && index < items.length) return items[index] as T;
  throw new AssertionError(`no item ${index} of ${items.length}`);
}

/** The first item of what is never empty. */
export function firstOf<T>(items: ArrayLike<T>): T {
  return itemAt(items, 0);
}

/** The last item of what is never empty. */
export function lastOf<T>(items: ArrayLike<T>): T {
  return itemAt(items, items.length - 1);
}

/** What stands for an item that must be there: `const [first = missing()] = items`. */
export function missing(): never {
  throw new AssertionError("an item is not there");
}

/**
 * The entry of a table under that name. Names come from outside: one such as `constructor`, which
 * objects have without having it of their own, is not in it.
 */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The byte at `position`, which must be within. */
export function byteAt(bytes: Uint8Array, position: number): number {
  return bytes[position]!;
}

/** A big-endian unsigned 16-bit integer. */
export function uint16At(bytes: Uint8Array, position: number): number {
  return (bytes[position]! << 8) | bytes[position + 1]!;
}

/** A big-endian signed 16-bit integer. */
export function int16At(bytes: Uint8Array, position: number): number {
  return ((bytes[position]! << 24) | (bytes[position + 1]! << 16)) >> 16;
}

/** A big-endian signed 32-bit integer. */
export function int32At(bytes: Uint8Array, position: number): number {
  return (bytes[position]! << 24) | (bytes[position + 1]! << 16) | (bytes[position + 2]! << 8) |
    bytes[position + 3]!;
}

/** A little-endian signed 32-bit integer. */
export function int32LittleAt(bytes: Uint8Array, position: number): number {
  return bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) |
    (bytes[position + 3]! << 24);
}
