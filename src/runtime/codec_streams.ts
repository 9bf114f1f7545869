// gzip and zstd a piece at a time, by zlib's streams: for data that would hold the event loop for
// long. On Node and Bun a piece is worked on by another thread, on Deno by this one.
//
//   input   |piece|piece|piece|   each is through before the next is given in
//   output  |chunk|chunk|chunk|   what has come out by then, maybe nothing
//
// Invariant: no more than `bytesMax` bytes and what one piece can make are ever held.

import type * as Zlib from "node:zlib";
import { concatBytes } from "../base/bytes.ts";
import { messageOf, PlatformFault } from "../base/faults.ts";
import type { CodecWay } from "./ports.ts";

/** A piece of packed data may make a thousand times as much. */
const pieceBytes = { pack: 64 * 1024, unpack: 4 * 1024 } as const;
const chunkSize = 64 * 1024;

/** The chunks that `bytes` become, in pieces. PlatformFault as of the codecs in one go. */
export async function* codecPieces(
  zlib: typeof Zlib,
  bytes: Uint8Array,
  way: CodecWay,
): AsyncGenerator<Uint8Array> {
  const { codec, unpacks, bytesMax = Infinity } = way;
  const name = unpacks ? `decompress ${codec}` : `compress to ${codec}`;
  const stream = streamOf(zlib, way);
  let chunks: Uint8Array[] = [];
  let made = 0;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  stream.on("error", (error) => {
    const cause = { cause: error };
    failure.reject(new PlatformFault("Io", `cannot ${name} data: ${messageOf(error)}`, cause));
  });
  stream.on("data", (chunk: Uint8Array) => {
    made += chunk.length;
    if (made > bytesMax) {
      failure.reject(new PlatformFault("NoSpace", `${codec} data expands past ${bytesMax} bytes`));
      stream.destroy();
    } else chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  });
  const ended = new Promise<void>((resolve) => stream.on("end", resolve));
  const step = pieceBytes[unpacks ? "unpack" : "pack"];
  try {
    for (let start = 0; start < bytes.length; start += step) {
      const piece = bytes.subarray(start, start + step);
      const through = new Promise<void>((resolve) => stream.write(piece, () => resolve()));
      await Promise.race([through, failure.promise]);
      yield concatBytes(chunks);
      chunks = [];
    }
    stream.end();
    await Promise.race([ended, failure.promise]);
    yield concatBytes(chunks);
  } finally {
    stream.destroy();
  }
}

function streamOf(zlib: typeof Zlib, { codec, unpacks, level }: CodecWay) {
  if (codec === "gzip") {
    return unpacks ? zlib.createGunzip({ chunkSize }) : zlib.createGzip({ level, chunkSize });
  }
  if (unpacks) return zlib.createZstdDecompress({ chunkSize });
  const { ZSTD_c_compressionLevel } = zlib.constants;
  const params = level === undefined ? {} : { params: { [ZSTD_c_compressionLevel]: level } };
  return zlib.createZstdCompress({ ...params, chunkSize });
}
