// CRCs of 32 bits, reflected, with all ones before and after: CRC-32C (Castagnoli, RFC 3720) in the
// header of every v2 record batch, CRC-32 (zlib, Ethernet) in each message of the old formats.
//
// Slicing-by-16: sixteen tables of 256 entries in one Int32Array (16 KiB, fits the L1 cache), so
// that a step consumes 16 bytes with independent look-ups. About 2 GB/s on one core; WebAssembly
// was measured and is no faster, since the copy into its memory costs what the code saves.

/** The CRC of `bytes[start, end)`, continuing from `seed`, as an unsigned 32-bit integer. */
type Crc = (bytes: Uint8Array, start?: number, end?: number, seed?: number) => number;

/** CRC-32C. */
export const crc32c: Crc = crcOf(0x82f63b78);
/** CRC-32. */
export const crc32: Crc = crcOf(0xedb88320);

function crcOf(polynomial: number): Crc {
  let tables: Int32Array | undefined;
  return (bytes, start = 0, end = bytes.length, seed = 0) => {
    const t = tables ??= tablesOf(polynomial);
    const b = bytes;
    let crc = ~seed;
    let i = start;
    for (const last = end - 16; i <= last; i += 16) {
      crc = t[3840 | ((crc ^ b[i]) & 0xff)] ^
        t[3584 | (((crc >>> 8) ^ b[i + 1]) & 0xff)] ^
        t[3328 | (((crc >>> 16) ^ b[i + 2]) & 0xff)] ^
        t[3072 | ((crc >>> 24) ^ b[i + 3])] ^
        t[2816 | b[i + 4]] ^ t[2560 | b[i + 5]] ^ t[2304 | b[i + 6]] ^ t[2048 | b[i + 7]] ^
        t[1792 | b[i + 8]] ^ t[1536 | b[i + 9]] ^ t[1280 | b[i + 10]] ^ t[1024 | b[i + 11]] ^
        t[768 | b[i + 12]] ^ t[512 | b[i + 13]] ^ t[256 | b[i + 14]] ^ t[b[i + 15]];
    }
    for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ b[i]) & 0xff];
    return ~crc >>> 0;
  };
}

function tablesOf(polynomial: number): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (polynomial & -(crc & 1));
    tables[i] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256];
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff];
  }
  return tables;
}
