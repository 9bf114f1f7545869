// Murmur2 with Kafka's seed over 32-bit words, little-endian, as the Java client hashes keys. The
// result decides a key's partition, so it must agree with every other client, bit for bit.

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** Kafka's hash of `key`, as a signed 32-bit integer. */
export function murmur2(key: Uint8Array): number {
  const { length } = key;
  let hash = seed ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let word = key[i] | (key[i + 1] << 8) | (key[i + 2] << 16) | (key[i + 3] << 24);
    word = Math.imul(word, multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const tail = length - i;
  if (tail === 3) hash ^= key[i + 2] << 16;
  if (tail >= 2) hash ^= key[i + 1] << 8;
  if (tail >= 1) hash = Math.imul(hash ^ key[i], multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}
