// CRC-32 (the polynomial of zlib and Ethernet), as in each message of the old formats 0 and 1.
//
// Slicing-by-4: four tables of 256 entries, so that a step consumes four bytes with independent
// look-ups. The hot path has CRC-32C instead (crc32c.ts); this one serves old clients.

const polynomial = 0xedb88320;
const tables = new Int32Array(4 * 256);

for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (polynomial & -(crc & 1));
  tables[i] = crc;
}
for (let i = 256; i < tables.length; i++) {
  const previous = tables[i - 256];
  tables[i] = (previous >>> 8) ^ tables[previous & 0xff];
}

/** CRC-32 of `bytes[start, end)`, continuing from `seed`, as an unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const t = tables;
  let crc = ~seed;
  let i = start;
  for (const last = end - 4; i <= last; i += 4) {
    crc = t[768 | ((crc ^ bytes[i]) & 0xff)] ^
      t[512 | (((crc >>> 8) ^ bytes[i + 1]) & 0xff)] ^
      t[256 | (((crc >>> 16) ^ bytes[i + 2]) & 0xff)] ^
      t[(crc >>> 24) ^ bytes[i + 3]];
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}
