// gzip and zstd by zlib, which Deno, Bun and Node all carry as `node:zlib`. It is fetched at the
// first call: loading it costs a start some milliseconds and megabytes that most starts never use.
//
// Invariant: decompression never produces more than `bytesMax` bytes, whatever the input claims.

import type * as Zlib from "node:zlib";
import { messageOf, PlatformFault } from "../base/faults.ts";
import { codecPieces } from "./codec_streams.ts";
import { codeOf } from "./platform_faults.ts";
import type { Codecs, CodecWay } from "./ports.ts";

let loaded: typeof Zlib | undefined;

function zlib(): typeof Zlib {
  loaded ??= process.getBuiltinModule("node:zlib");
  return loaded;
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function expand(name: string, bytesMax: number, call: () => Uint8Array): Uint8Array {
  let buffer: Uint8Array;
  try {
    buffer = call();
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(name, bytesMax, error);
    throw new PlatformFault("Io", `cannot decompress ${name} data: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (buffer.length > bytesMax) throw tooLarge(name, bytesMax, undefined);
  return plain(buffer);
}

function tooLarge(name: string, bytesMax: number, cause: unknown): PlatformFault {
  return new PlatformFault("NoSpace", `${name} data expands past ${bytesMax} bytes`, { cause });
}

/** zlib refuses a bound of 0, which still has to admit an empty output. */
function bound(bytesMax: number): { maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, bytesMax) };
}

function zstdLevel(level: number | undefined) {
  if (level === undefined) return {};
  return { params: { [zlib().constants.ZSTD_c_compressionLevel]: level } };
}

export const zlibCodecs: Codecs = {
  gzip: (bytes, level) => plain(zlib().gzipSync(bytes, { level })),
  gunzip: (bytes, bytesMax) =>
    expand("gzip", bytesMax, () => zlib().gunzipSync(bytes, bound(bytesMax))),
  zstd: (bytes, level) => plain(zlib().zstdCompressSync(bytes, zstdLevel(level))),
  unzstd(bytes, bytesMax) {
    checkWhole(bytes);
    return expand("zstd", bytesMax, () => zlib().zstdDecompressSync(bytes, bound(bytesMax)));
  },
  pieces(bytes, way) {
    if (way.codec === "zstd" && way.unpacks) checkWhole(bytes);
    return codecPieces(zlib(), bytes, way);
  },
};

/** As {@link zlibCodecs}, its pieces made in one go: for a world whose time must not be real. */
export const instantCodecs: Codecs = { ...zlibCodecs, pieces: inOneGo };

async function* inOneGo(bytes: Uint8Array, way: CodecWay): AsyncGenerator<Uint8Array> {
  const { codec, unpacks, bytesMax = Infinity, level } = way;
  const { gzip, gunzip, zstd, unzstd } = zlibCodecs;
  const [pack, unpack] = codec === "gzip" ? [gzip, gunzip] : [zstd, unzstd];
  yield unpacks ? unpack(bytes, bytesMax) : pack(bytes, level);
}

function checkWhole(bytes: Uint8Array): void {
  if (endsWhole(bytes)) return;
  throw new PlatformFault("Io", "cannot decompress zstd data: unexpected end of data");
}

/**
 * Whether the zstd frames of `bytes` (RFC 8878) end where `bytes` does. Deno and Bun return what a
 * truncated frame gave so far as if it were whole; Node refuses it, and so must all of them. Bytes
 * that are no frame at all are left to the decoder, which names what it dislikes.
 */
function endsWhole(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  while (position < bytes.length) {
    if (position + 8 > bytes.length) return false;
    const magic = view.getUint32(position, true);
    if ((magic & 0xffff_fff0) >>> 0 === 0x184d_2a50) {
      position += 8 + view.getUint32(position + 4, true);
      continue;
    }
    if (magic !== 0xfd2f_b528) return true;
    position = frameEnd(view, position + 4);
  }
  return position === bytes.length;
}

/** The position after the frame whose descriptor is at `position`; past the end when truncated. */
function frameEnd(view: DataView, position: number): number {
  const descriptor = view.getUint8(position);
  const single = (descriptor >> 5) & 1;
  const contentSizeBytes = [single, 2, 4, 8][descriptor >> 6];
  position += 1 + (1 - single) + [0, 1, 2, 4][descriptor & 3] + contentSizeBytes;
  for (;;) {
    if (position + 3 > view.byteLength) return view.byteLength + 1;
    const header = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    const isRunLength = ((header >> 1) & 3) === 1;
    position += 3 + (isRunLength ? 1 : header >> 3);
    if (header & 1) return position + ((descriptor >> 2) & 1) * 4;
  }
}
