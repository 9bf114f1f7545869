// gzip and zstd by zlib, which Deno, Bun and Node all carry as `node:zlib`. It is fetched at the
// first call: loading it costs a start some milliseconds and megabytes that most starts never use.
//
// What stands around the packed data is read by gzip_members.ts and zstd_frames.ts, so that it
// means the same on the three runtimes and to Java's readers; zlib unpacks one member or frame at
// a time, in one go, into room that is reserved for it.
//
// Invariant: decompression never produces more than `bytesMax` bytes, whatever the input claims.

import type * as Zlib from "node:zlib";
import { concatBytes } from "../base/bytes.ts";
import { freeMemory } from "../base/free_memory.ts";
import { isPlatformFault, messageOf, PlatformFault } from "../base/faults.ts";
import { inflatedPieces, packedPieces, unzstdPieces } from "./codec_streams.ts";
import { claimedLength, deflatedStart, nextDeflatedStart } from "./gzip_members.ts";
import { codeOf } from "./platform_faults.ts";
import type { Codecs, CodecWay } from "./ports.ts";
import { inLeastWindow, zstdFault, type ZstdFrame, zstdFrames } from "./zstd_frames.ts";

let loaded: typeof Zlib | undefined;

function zlib(): typeof Zlib {
  loaded ??= process.getBuiltinModule("node:zlib");
  return loaded;
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function expand<T>(name: string, bytesMax: number, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(name, bytesMax, error);
    throw new PlatformFault("Io", `cannot decompress ${name} data: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function tooLarge(name: string, bytesMax: number, cause: unknown): PlatformFault {
  return new PlatformFault("NoSpace", `${name} data expands past ${bytesMax} bytes`, { cause });
}

/** zlib wants a chunk of so many bytes. */
const chunkBytesMin = 64;
const chunkBytesUsual = 64 * 1024;

/** What zlib is told; it refuses a bound of 0, which still has to admit an empty output. */
function bounds(bytesMax: number, roomBytes: number) {
  // What fills its chunk gets another, of the same size.
  const chunkSize = Math.min(roomBytes, bytesMax) + chunkBytesMin;
  return { maxOutputLength: Math.max(1, bytesMax), chunkSize };
}

function zstdLevel(level: number | undefined) {
  if (level === undefined) return {};
  return { params: { [zlib().constants.ZSTD_c_compressionLevel]: level } };
}

/** deflate makes no more than this of a byte. */
const deflateRatioMax = 1032;

function gunzip(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const { crc32, inflateRawSync } = zlib();
  const claimed = claimedLength(bytes);
  const isPlausible = claimed <= bytes.length * deflateRatioMax;
  const roomBytes = isPlausible ? claimed + chunkBytesMin : chunkBytesUsual;
  const contents: Uint8Array[] = [];
  let left = bytesMax;
  let start: number | undefined = deflatedStart(bytes, { position: 0, crc32 });
  while (start !== undefined) {
    const deflated = bytes.subarray(start);
    const options = { ...bounds(left, roomBytes), info: true };
    const { buffer, engine } = expand(
      "gzip",
      bytesMax,
      () =>
        inflateRawSync(deflated, options) as unknown as {
          buffer: Uint8Array;
          engine: { bytesWritten: number };
        },
    );
    if (buffer.length > left) throw tooLarge("gzip", bytesMax, undefined);
    left -= buffer.length;
    contents.push(plain(buffer));
    const position: number = start + engine.bytesWritten;
    const member = { position, crc: crc32(buffer), length: buffer.length, crc32 };
    start = nextDeflatedStart(bytes, member);
  }
  return concatBytes(contents);
}

function unzstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
  let left = bytesMax;
  const contents = zstdFrames(bytes).map((frame) => {
    const content = inLeastWindow(frame, () => unzstdFrame(frame, { left, bytesMax }));
    left -= content.length;
    return content;
  });
  return concatBytes(contents);
}

/** JSON and the like become this much smaller at most, as a rule. */
const usualRatioMax = 16;

/**
 * In room for all of it, so that zlib does it in one call: from the second on, Deno's zstd keeps
 * silent about a fault. What the blocks can hold is mostly far more than a small frame does hold,
 * and room costs as much as unpacking: so a usual frame's is tried first.
 */
function unzstdFrame(
  { bytes, roomBytes, contentBytes }: ZstdFrame,
  { left, bytesMax }: { left: number; bytesMax: number },
): Uint8Array {
  const max = Math.min(left, contentBytes ?? left);
  const usualBytes = Math.max(chunkBytesMin, bytes.length * usualRatioMax);
  if (contentBytes === undefined && usualBytes < Math.min(roomBytes, max)) {
    const content = unzstdWithin(bytes, usualBytes);
    // One that fills its room may not have come out in one call.
    if (content !== undefined && content.length < usualBytes) return content;
  }
  const content = unzstdWithin(bytes, max, roomBytes);
  if (content === undefined) {
    throw max < left ? zstdFault("content size is wrong") : tooLarge("zstd", bytesMax, undefined);
  }
  const { length } = content;
  if (length !== (contentBytes ?? length)) throw zstdFault("content size is wrong");
  return content;
}

/** Undefined where more than `bytesMax` comes out. */
function unzstdWithin(
  bytes: Uint8Array,
  bytesMax: number,
  roomBytes = bytesMax,
): Uint8Array | undefined {
  const options = bounds(bytesMax, roomBytes);
  try {
    const content = plain(
      expand("zstd", bytesMax, () => zlib().zstdDecompressSync(bytes, options)),
    );
    return content.length > bytesMax ? undefined : content;
  } catch (error) {
    if (isPlatformFault(error, "NoSpace")) return undefined;
    throw error;
  }
}

/** What unpacks to no more than this does so in one go: it takes a millisecond or two. */
const atOnceBytesMax = { gzip: 512 * 1024, zstd: 1024 * 1024 } as const;

async function* gunzipPieces(bytes: Uint8Array, bytesMax: number): AsyncGenerator<Uint8Array> {
  const atOnceMax = atOnceBytesMax.gzip;
  if (claimedLength(bytes) <= atOnceMax && bytes.length <= atOnceMax) {
    const content = gunzipUpTo(bytes, { bytesMax, atOnceMax });
    if (content !== undefined) return yield content;
  }
  yield* inflatedPieces(zlib(), bytes, bytesMax);
}

/** Undefined where the claim is of the last of several members, and all of them hold more. */
function gunzipUpTo(
  bytes: Uint8Array,
  { bytesMax, atOnceMax }: { bytesMax: number; atOnceMax: number },
): Uint8Array | undefined {
  if (bytesMax <= atOnceMax) return gunzip(bytes, bytesMax);
  try {
    return gunzip(bytes, atOnceMax);
  } catch (error) {
    if (isPlatformFault(error, "NoSpace")) return undefined;
    throw error;
  }
}

async function* zstdFramePieces(bytes: Uint8Array, bytesMax: number): AsyncGenerator<Uint8Array> {
  let left = bytesMax;
  for (const frame of zstdFrames(bytes)) {
    if (frame.roomBytes <= atOnceBytesMax.zstd) {
      const content = inLeastWindow(frame, () => unzstdFrame(frame, { left, bytesMax }));
      left -= content.length;
      yield content;
      // A small one may stand in memory that others share.
      if (content.length > chunkBytesUsual) freeMemory(content.buffer);
      continue;
    }
    for await (const piece of unzstdPieces(zlib(), frame, { left, bytesMax })) {
      left -= piece.length;
      yield piece;
    }
  }
}

function pieces(bytes: Uint8Array, way: CodecWay): AsyncGenerator<Uint8Array> {
  const { codec, unpacks, bytesMax = Infinity } = way;
  if (!unpacks) return packedPieces(zlib(), [bytes], way);
  return codec === "gzip" ? gunzipPieces(bytes, bytesMax) : zstdFramePieces(bytes, bytesMax);
}

export const zlibCodecs: Codecs = {
  gzip: (bytes, level) => plain(zlib().gzipSync(bytes, { level })),
  gunzip,
  zstd: (bytes, level) => plain(zlib().zstdCompressSync(bytes, zstdLevel(level))),
  unzstd,
  pieces,
  packed: (chunks, way) => packedPieces(zlib(), chunks, way),
};

/** As {@link zlibCodecs}, its pieces made in one go: for a world whose time must not be real. */
export const instantCodecs: Codecs = {
  ...zlibCodecs,
  pieces: inOneGo,
  async *packed(chunks, way) {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk.slice());
    yield* inOneGo(concatBytes(all), way);
  },
};

async function* inOneGo(bytes: Uint8Array, way: CodecWay): AsyncGenerator<Uint8Array> {
  const { codec, unpacks, bytesMax = Infinity, level } = way;
  const { gzip, zstd } = zlibCodecs;
  const [pack, unpack] = codec === "gzip" ? [gzip, gunzip] : [zstd, unzstd];
  yield unpacks ? unpack(bytes, bytesMax) : pack(bytes, level);
}
