// What the scenarios send, and the names that keep them apart.

import type { TestRecord } from "../driver.ts";

/** Of topics that have more than one. */
export const partitionCount = 6;

/**
 * Of every member that is not meant to miss it, and longer than any wait: a group that only notices
 * by this timeout that a member left is too late.
 */
export const sessionTimeoutMs = 60_000;

let names = 0;

/** A topic or group name that no other test uses. */
export function uniqueName(what: string): string {
  return `${what}-${++names}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Records that compress well, with keys that repeat and two headers each. */
export function sampleRecords(count: number, prefix = "value"): TestRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${index % 10}`,
    value: `${prefix}-${String(index).padStart(5, "0")} ${"lorem ipsum dolor sit amet ".repeat(8)}`,
    headers: [["content-type", "text/plain"], ["trace", "abc-123"]] as const,
  }));
}

/** The same records with keys that are all different, so that they reach every partition. */
export function spread(records: readonly TestRecord[]): TestRecord[] {
  return records.map((record, index) => ({ ...record, key: `key-${index}` }));
}

export function valuesOf(records: readonly { value: string | null }[]): Set<string> {
  return new Set(records.map(({ value }) => value!));
}

/** Text of this length in which a codec finds next to nothing to save; the same each time. */
export function noise(length: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const parts = new Array<string>(length);
  let state = 0x2545f491 ^ length;
  for (let index = 0; index < length; index++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    parts[index] = letters[state & 63]!;
  }
  return parts.join("");
}

/** The first offset of each partition, for reading a topic from the beginning. */
export function fromTheBeginning(partitions: number): (readonly [number, number])[] {
  return Array.from({ length: partitions }, (_, partition) => [partition, 0] as const);
}
