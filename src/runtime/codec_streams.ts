// gzip and zstd a piece at a time, by zlib's streams: for data that would hold the event loop for
// long. On Node and Bun a piece is worked on by another thread, on Deno by this one.
//
//   input   |piece|piece|piece|   each is through before the next is given in
//   output  |chunk|chunk|chunk|   what has come out by then, maybe nothing
//
// Pieces of packed gzip are small at first, since one may make a thousand times as much, and grow
// as long as they make little; those of zstd are whole blocks, of which one knows what they can
// make. Invariant: no more than `bytesMax` bytes and what one piece can make are ever held, and a
// chunk's memory is given back when the next one is asked for: collectors come late to it.

import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";
import { messageOf, PlatformFault } from "../base/faults.ts";
import { freeMemory } from "../base/free_memory.ts";
import { deflatedStart, nextDeflatedStart } from "./gzip_members.ts";
import type { CodecWay } from "./ports.ts";
import { zstdCuts, zstdFault, type ZstdFrame } from "./zstd_frames.ts";

const chunkSize = 64 * 1024;
/** What is packed at once: half a millisecond, or what zstd has for a block. */
const packedSteps = { gzip: 16 * 1024, zstd: 64 * 1024 } as const;
const unpackSteps = { first: 4 * 1024, max: 128 * 1024, makes: 128 * 1024 } as const;
/** What a part of a zstd frame makes at most. */
const zstdPartBytes = 512 * 1024;
const nothing = new Uint8Array(0);
/** The checksum of a zstd frame. */
const checksumBytes = 4;

interface Limits {
  readonly left: number;
  /** What `left` was at first, for what is said when it is used up. */
  readonly bytesMax: number;
}

/** The chunks that bytes become when they are packed; an empty one where a step made nothing. */
export async function* packedPieces(
  zlib: typeof Zlib,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { codec, level }: CodecWay,
): AsyncGenerator<Uint8Array> {
  const stream = codec === "gzip"
    ? zlib.createGzip({ level, chunkSize })
    : zlib.createZstdCompress({ ...zstdLevel(zlib, level), chunkSize });
  const step = packedSteps[codec];
  const worked = new WorkedStream(stream, { name: `compress to ${codec}`, codec });
  try {
    for await (const bytes of chunks) {
      for (let start = 0; start < bytes.length; start += step) {
        await worked.write(bytes.subarray(start, start + step));
        const made = worked.taken();
        // A packer keeps much to itself; whoever runs it is to see that time passes.
        if (made.length === 0) yield nothing;
        yield* made;
      }
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
    for await (const chunk of inflated(stream, bytes.subarray(start), { left, bytesMax })) {
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
  frame: ZstdFrame,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  const { bytes, contentBytes } = frame;
  const stream = zlib.createZstdDecompress({ chunkSize });
  const worked = new WorkedStream(stream, { name: "decompress zstd", codec: "zstd", ...limits });
  // The last bytes are given in alone: Deno's zstd keeps silent about a fault where it made
  // something.
  const tail = bytes.length - checksumBytes;
  let made = 0;
  let start = 0;
  try {
    for (const cut of zstdCuts(frame, zstdPartBytes)) {
      for (const end of cut > tail && start < tail ? [tail, cut] : [cut]) {
        await worked.write(bytes.subarray(start, end));
        start = end;
        made += worked.pending;
        yield* inUse(worked.taken());
      }
    }
    await worked.end();
    made += worked.pending;
    yield* inUse(worked.taken());
  } finally {
    stream.destroy();
  }
  if (made !== (contentBytes ?? made)) throw zstdFault("content size is wrong");
}

/** What comes out of `stream` for `bytes`, up to where it takes no more of them. */
async function* inflated(
  stream: Zlib.InflateRaw,
  bytes: Uint8Array,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  const worked = new WorkedStream(stream, { name: "decompress gzip", codec: "gzip", ...limits });
  let step: number = unpackSteps.first;
  try {
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(start + step, bytes.length);
      await worked.write(bytes.subarray(start, end));
      start = end;
      const made = worked.pending;
      yield* inUse(worked.taken());
      if (stream.bytesWritten < start) return;
      const wanted = step * Math.min(4, unpackSteps.makes / Math.max(1, made));
      step = Math.max(unpackSteps.first, Math.min(unpackSteps.max, Math.floor(wanted)));
    }
    await worked.end();
    yield* inUse(worked.taken());
  } finally {
    stream.destroy();
  }
}

/** Chunks of a stream, each of them good until the next is asked for. */
function* inUse(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk;
    // zlib goes on in a buffer that is not full, and never comes back to one that is.
    const { buffer, byteOffset, length } = chunk;
    const isFull = byteOffset + length === buffer.byteLength;
    if (isFull && buffer.byteLength === chunkSize) freeMemory(buffer);
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
