// gzip and zstd a piece at a time, by zlib's streams: for data that would hold the event loop for
// long. On Node and Bun a piece is worked on by another thread, on Deno by this one.
//
//   input   |piece|piece|piece|   each is through before the next is given in
//   output  |chunk|chunk|chunk|   what has come out by then, maybe nothing
//
// Pieces of packed data are small at first, since one may make a thousand times as much, and grow
// as long as they make little. Invariant: no more than `bytesMax` bytes and what one piece can make
// are ever held.

import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";
import { messageOf, PlatformFault } from "../base/faults.ts";
import { deflatedStart, nextDeflatedStart } from "./gzip_members.ts";
import type { CodecWay } from "./ports.ts";
import { zstdFault, type ZstdFrame } from "./zstd_frames.ts";

const chunkSize = 64 * 1024;
const packedStep = 64 * 1024;
const unpackSteps = { first: 4 * 1024, max: 256 * 1024, makes: 256 * 1024 } as const;
/** The checksum of a zstd frame. */
const checksumBytes = 4;

interface Limits {
  readonly left: number;
  /** What `left` was at first, for what is said when it is used up. */
  readonly bytesMax: number;
}

/** The chunks that `bytes` become when they are packed. */
export async function* packedPieces(
  zlib: typeof Zlib,
  bytes: Uint8Array,
  { codec, level }: CodecWay,
): AsyncGenerator<Uint8Array> {
  const stream = codec === "gzip"
    ? zlib.createGzip({ level, chunkSize })
    : zlib.createZstdCompress({ ...zstdLevel(zlib, level), chunkSize });
  const worked = new WorkedStream(stream, { name: `compress to ${codec}`, codec });
  try {
    for (let start = 0; start < bytes.length; start += packedStep) {
      await worked.write(bytes.subarray(start, start + packedStep));
      yield* worked.taken();
    }
    await worked.end();
    yield* worked.taken();
  } finally {
    stream.destroy();
  }
}

function zstdLevel(zlib: typeof Zlib, level: number | undefined) {
  const { ZSTD_c_compressionLevel } = zlib.constants;
  return level === undefined ? {} : { params: { [ZSTD_c_compressionLevel]: level } };
}

/** What the gzip members in `bytes` hold. PlatformFault as of `gunzip`. */
export async function* inflatedPieces(
  zlib: typeof Zlib,
  bytes: Uint8Array,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  const { crc32 } = zlib;
  let left = bytesMax;
  let start: number | undefined = deflatedStart(bytes, { position: 0, crc32 });
  while (start !== undefined) {
    const stream: Zlib.InflateRaw = zlib.createInflateRaw({ chunkSize });
    let crc = 0;
    let length = 0;
    for await (const chunk of unpacked(stream, bytes.subarray(start), { left, bytesMax })) {
      crc = crc32(chunk, crc);
      length += chunk.length;
      left -= chunk.length;
      yield chunk;
    }
    const position: number = start + stream.bytesWritten;
    start = nextDeflatedStart(bytes, { position, crc, length, crc32 });
  }
}

/** What one zstd frame holds. PlatformFault as of `unzstd`. */
export async function* unzstdPieces(
  zlib: typeof Zlib,
  { bytes, contentBytes }: ZstdFrame,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  const stream = zlib.createZstdDecompress({ chunkSize });
  let made = 0;
  for await (const chunk of unpacked(stream, bytes, limits, checksumBytes)) {
    made += chunk.length;
    yield chunk;
  }
  if (made !== (contentBytes ?? made)) throw zstdFault("content size is wrong");
}

/**
 * What comes out of `stream` for `bytes`, up to where it takes no more of them. The last
 * `tailBytes` are given in alone: Deno's zstd keeps silent about a fault where it made something.
 */
async function* unpacked(
  stream: Transform & { readonly bytesWritten: number },
  bytes: Uint8Array,
  limits: Limits,
  tailBytes = 0,
): AsyncGenerator<Uint8Array> {
  const codec = tailBytes === 0 ? "gzip" : "zstd";
  const worked = new WorkedStream(stream, { name: `decompress ${codec}`, codec, ...limits });
  const tail = bytes.length - tailBytes;
  let step: number = unpackSteps.first;
  try {
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(start + step, start < tail ? tail : bytes.length);
      await worked.write(bytes.subarray(start, end));
      start = end;
      const made = worked.pending;
      yield* worked.taken();
      if (stream.bytesWritten < start) return;
      const wanted = step * Math.min(4, unpackSteps.makes / Math.max(1, made));
      step = Math.max(unpackSteps.first, Math.min(unpackSteps.max, Math.floor(wanted)));
    }
    await worked.end();
    yield* worked.taken();
  } finally {
    stream.destroy();
  }
}

/** A stream whose input is given in and whose output is taken out by turns. */
class WorkedStream {
  readonly #stream: Transform;
  readonly #failure = Promise.withResolvers<never>();
  readonly #ended: Promise<void>;
  #chunks: Uint8Array[] = [];
  /** Bytes that wait to be taken. */
  pending = 0;

  constructor(
    stream: Transform,
    { name, codec, left = Infinity, bytesMax = Infinity }: Partial<Limits> & {
      name: string;
      codec: string;
    },
  ) {
    this.#stream = stream;
    const { reject, promise } = this.#failure;
    promise.catch(() => {});
    let made = 0;
    stream.on("error", (cause) => {
      reject(new PlatformFault("Io", `cannot ${name} data: ${messageOf(cause)}`, { cause }));
    });
    stream.on("data", (chunk: Uint8Array) => {
      made += chunk.length;
      if (made > left) {
        reject(new PlatformFault("NoSpace", `${codec} data expands past ${bytesMax} bytes`));
        stream.destroy();
        return;
      }
      this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      this.pending += chunk.length;
    });
    this.#ended = new Promise((resolve) => stream.on("end", resolve));
  }

  /** Resolves when `piece` is through. */
  async write(piece: Uint8Array): Promise<void> {
    const through = new Promise<void>((resolve) => this.#stream.write(piece, () => resolve()));
    await Promise.race([through, this.#failure.promise]);
  }

  async end(): Promise<void> {
    this.#stream.end();
    await Promise.race([this.#ended, this.#failure.promise]);
  }

  /** What has come out since the last time. */
  taken(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.pending = 0;
    return chunks;
  }
}
