// Murmur2 with Kafka's seed over 32-bit words, little-endian, as the Java client hashes keys. The
// result decides a key's partition, so it must agree with every other client, bit for bit.

import { byteAt, int32LittleAt } from "../../base/items.ts";

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** Kafka's hash of `key`, as a signed 32-bit integer. */
export function murmur2(key: Uint8Array): number {
  const { length } = key;
  let hash = seed ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let word = Math.imul(int32LittleAt(key, i), multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const tail = length - i;
  if (tail === 3) hash ^= byteAt(key, i + 2) << 16;
  if (tail >= 2) hash ^= byteAt(key, i + 1) << 8;
  if (tail >= 1) hash = Math.imul(hash ^ byteAt(key, i), multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}
