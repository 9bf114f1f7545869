// gzip (RFC 1952) around what zlib inflates: members, one after another, each
//
//   1f 8b | method 8 | flags | time, 4 | extra flags | system |
//   [uint16le length, extra field] | [name, 0] | [comment, 0] | [uint16le header CRC] |
//   deflated data | uint32le CRC-32 | uint32le length
//
// Read as java.util.zip.GZIPInputStream reads it, whose word is final for Java consumers: a next
// member that has no sound header is junk, which is left alone; so is what is too short for one.

import { PlatformFault } from "../base/faults.ts";
import { byteAt } from "../base/items.ts";

const flags = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10 } as const;
const fixedHeaderBytes = 10;
const trailerBytes = 8;
/** The shortest member: a header, two bytes that say nothing, a trailer. Java asks for one less. */
const memberBytesMin = 19;

/** CRC-32 of bytes, going on from an earlier one: node:zlib's. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** Where the deflated data of the member at `position` begins. PlatformFault Io: no such member. */
export function deflatedStart(
  bytes: Uint8Array,
  { position, crc32 }: { position: number; crc32: Crc32 },
): number {
  if (bytes.length - position < fixedHeaderBytes) throw gzipFault("its header is cut");
  if (bytes[position] !== 0x1f || bytes[position + 1] !== 0x8b || bytes[position + 2] !== 8) {
    throw gzipFault("incorrect header");
  }
  const flag = byteAt(bytes, position + 3);
  let at = position + fixedHeaderBytes;
  if (flag & flags.extra) at += 2 + uint16(bytes, at);
  if (flag & flags.name) at = behindZero(bytes, at);
  if (flag & flags.comment) at = behindZero(bytes, at);
  if (flag & flags.headerCrc) {
    const expected = uint16(bytes, at);
    if ((crc32(bytes.subarray(position, at)) & 0xffff) !== expected) {
      throw gzipFault("header CRC does not match");
    }
    at += 2;
  }
  if (at > bytes.length) throw gzipFault("its header is cut");
  return at;
}

/** Checks the trailer at `position`; where the next member's data begins, undefined at the end. */
export function nextDeflatedStart(
  bytes: Uint8Array,
  member: { position: number; crc: number; length: number; crc32: Crc32 },
): number | undefined {
  const { position, crc, length, crc32 } = member;
  if (bytes.length - position < trailerBytes) throw gzipFault("unexpected end of file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(position, true) !== crc >>> 0) throw gzipFault("incorrect data check");
  if (view.getUint32(position + 4, true) !== length >>> 0) throw gzipFault("incorrect length");
  const next = position + trailerBytes;
  if (bytes.length - next < memberBytesMin) return undefined;
  try {
    return deflatedStart(bytes, { position: next, crc32 });
  } catch {
    return undefined;
  }
}

/** How much `bytes` says that it unpacks to: a hint, when it is one member. */
export function claimedLength(bytes: Uint8Array): number {
  if (bytes.length < trailerBytes) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
}

function gzipFault(what: string): PlatformFault {
  return new PlatformFault("Io", `cannot decompress gzip data: ${what}`);
}

function uint16(bytes: Uint8Array, position: number): number {
  if (position + 2 > bytes.length) throw gzipFault("its header is cut");
  return byteAt(bytes, position) | (byteAt(bytes, position + 1) << 8);
}

function behindZero(bytes: Uint8Array, position: number): number {
  const zero = bytes.indexOf(0, position);
  if (zero < 0) throw gzipFault("its header is cut");
  return zero + 1;
}
