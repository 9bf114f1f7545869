// Compression of the records of a batch: the id is the index in `compressionTypes`, as in Kafka's
// attributes. gzip and zstd come from the runtime through the codecs handed in; snappy and lz4 are
// loaded on first use, since a start does not need them.
//
// Snappy arrives in two forms: raw (librdkafka) and in xerial's blocks (Java, kafkajs); both are
// read, the xerial form is written, which every client reads. Decompression is bounded always: a
// few bytes can claim gigabytes.

import { loading } from "../base/loading.ts";
import { assert, AssertionError } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { DecodeFault, isPlatformFault, messageOf } from "../base/faults.ts";
import { freeMemory } from "../base/free_memory.ts";
import type { CodecWay } from "../runtime/ports.ts";
import { drained, type Pieces, sliced, type WorkSlices } from "../base/pieces.ts";
import { type BlockPacking, packedBlocks } from "./block_packing.ts";
import { unwrappedChunks, unwrapXerial, wrapXerial, xerialPacking } from "./xerial.ts";

/** Kafka's names of the codecs, in the order of their ids. */
export const compressionTypes: readonly CompressionType[] = [
  "none",
  "gzip",
  "snappy",
  "lz4",
  "zstd",
];
/** How the records of a batch are compressed. */
export type CompressionType = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/**
 * What the runtime brings: the Codecs port fits. Decompression throws past `bytesMax`: NoSpace. The
 * codec has a level of its own where none is given.
 */
export interface RuntimeCodecs {
  gzip(bytes: Uint8Array, level?: number): Uint8Array;
  gunzip(bytes: Uint8Array, bytesMax: number): Uint8Array;
  zstd(bytes: Uint8Array, level?: number): Uint8Array;
  unzstd(bytes: Uint8Array, bytesMax: number): Uint8Array;
  /** What comes out, by and by. */
  pieces(bytes: Uint8Array, way: CodecWay): AsyncGenerator<Uint8Array>;
  /** What packing makes of chunks, each of which is good until the next. */
  packed(chunks: AsyncIterable<Uint8Array>, way: CodecWay): AsyncGenerator<Uint8Array>;
}

/** Records of one batch may not unpack to more than this, unless the caller says otherwise. */
const decompressedBytesMax = 256 * 1024 * 1024;

interface LoadedCodec {
  compress(bytes: Uint8Array, form: CodecForm): Pieces<Uint8Array>;
  decompress(bytes: Uint8Array, bounds: Bounds): Pieces<Uint8Array>;
  /** The same in chunks, each good until the next is asked for. */
  chunks(bytes: Uint8Array, bounds: Bounds): Generator<Uint8Array>;
  /** How it packs block by block. */
  readonly packing: BlockPacking;
}

interface Bounds {
  readonly bytesMax: number;
  readonly form: CodecForm;
}

/** Messages of magic 0 have lz4 frames of a form of their own; all else has the usual one. */
export type CodecForm = "usual" | "magic 0";

const loaded = new Map<CompressionType, LoadedCodec>();

/**
 * Loads what `type` needs; afterwards {@link compress} and {@link decompress} work with it. Costs
 * nothing for types that need nothing, and for one that is loaded.
 */
export async function loadCompression(type: CompressionType): Promise<void> {
  if (loaded.has(type)) return;
  if (type === "snappy") {
    const snappy = await loading(import("snappyjs"));
    loaded.set(type, {
      compress: (bytes) => wrapXerial(bytes, (block) => snappy.compress(block)),
      decompress: (bytes, { bytesMax }) => unwrapXerial(bytes, { bytesMax }),
      chunks: (bytes, { bytesMax }) => unwrappedChunks(bytes, { bytesMax }),
      packing: xerialPacking((block) => snappy.compress(block)),
    });
  } else if (type === "lz4") {
    const lz4 = await loading(import("./lz4_frame.ts"));
    loaded.set(type, {
      compress: (bytes, form) =>
        lz4.framePieces(bytes, { brokenHeaderChecksum: form === "magic 0" }),
      decompress: (bytes, { bytesMax, form }) =>
        lz4.unframePieces(bytes, { bytesMax, anyHeaderChecksum: form === "magic 0" }),
      chunks: (bytes, { bytesMax, form }) =>
        lz4.unframedChunks(bytes, { bytesMax, anyHeaderChecksum: form === "magic 0" }),
      packing: lz4.framePacking,
    });
  }
}

/** Whether {@link compress} and {@link decompress} can handle `type` right now. */
export function isCompressionLoaded(type: CompressionType): boolean {
  return (type !== "snappy" && type !== "lz4") || loaded.has(type);
}

/** `bytes` compressed. snappy and lz4 need {@link loadCompression} before. */
export function compress(
  bytes: Uint8Array,
  options: {
    type: CompressionType;
    codecs: RuntimeCodecs | undefined;
    level?: number;
    form?: CodecForm;
  },
): Uint8Array {
  switch (options.type) {
    case "none":
      return bytes;
    case "gzip":
      return codecsOf(options).gzip(bytes, options.level);
    case "zstd":
      return codecsOf(options).zstd(bytes, options.level);
    default:
      return drained(loadedCodec(options.type).compress(bytes, options.form ?? "usual"));
  }
}

/** As {@link compress}, in pieces. */
export async function compressSliced(
  bytes: Uint8Array,
  options: {
    type: CompressionType;
    codecs: RuntimeCodecs | undefined;
    level?: number;
    form?: CodecForm;
    slices: WorkSlices;
  },
): Promise<Uint8Array> {
  const { type, level, form = "usual", slices } = options;
  if (type === "none") return bytes;
  if (type !== "gzip" && type !== "zstd") {
    return await sliced(loadedCodec(type).compress(bytes, form), slices);
  }
  const way: CodecWay = { codec: type, unpacks: false, level };
  return await gathered(codecsOf(options).pieces(bytes, way), { way, slices });
}

/**
 * What comes in chunks, each of them good until the next, compressed: the result alone is whole.
 */
export async function compressChunks(
  chunks: AsyncIterable<Uint8Array>,
  options: { type: CompressionType; codecs: RuntimeCodecs | undefined; slices: WorkSlices },
): Promise<Uint8Array> {
  const { type, slices } = options;
  const way = { codec: type as CodecWay["codec"], unpacks: false };
  const pieces = type === "none"
    ? copied(chunks)
    : type === "gzip" || type === "zstd"
    ? codecsOf(options).packed(chunks, way)
    : packedBlocks(chunks, loadedCodec(type).packing);
  return await gathered(pieces, { way, slices });
}

async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}

/**
 * `bytes` decompressed; throws {@link DecodeFault} when they are malformed or unpack to more than
 * `bytesMax` (then it says so). snappy and lz4 need {@link loadCompression} before.
 */
export function decompress(
  bytes: Uint8Array,
  options: {
    type: CompressionType;
    codecs: RuntimeCodecs | undefined;
    bytesMax?: number;
    form?: CodecForm;
  },
): Uint8Array {
  const bytesMax = options.bytesMax ?? decompressedBytesMax;
  const { type, form = "usual" } = options;
  if (type === "none") return bytes;
  const codec = type === "gzip" || type === "zstd" ? codecsOf(options) : undefined;
  const loadedOne = codec === undefined ? loadedCodec(type) : undefined;
  try {
    if (loadedOne !== undefined) return drained(loadedOne.decompress(bytes, { bytesMax, form }));
    return type === "gzip" ? codec!.gunzip(bytes, bytesMax) : codec!.unzstd(bytes, bytesMax);
  } catch (error) {
    throw unpackingFault(type, error);
  }
}

/** As {@link decompress}, in pieces. */
export async function decompressSliced(
  bytes: Uint8Array,
  options: {
    type: CompressionType;
    codecs: RuntimeCodecs | undefined;
    bytesMax: number;
    form?: CodecForm;
    slices: WorkSlices;
  },
): Promise<Uint8Array> {
  const { type, bytesMax, form = "usual", slices } = options;
  if (type === "none") return bytes;
  const isOurs = type !== "gzip" && type !== "zstd";
  const loadedOne = isOurs ? loadedCodec(type) : undefined;
  try {
    if (isOurs) {
      return await sliced(loadedOne!.decompress(bytes, { bytesMax, form }), slices);
    }
    const way: CodecWay = { codec: type, unpacks: true, bytesMax };
    return await gathered(codecsOf(options).pieces(bytes, way), { way, slices });
  } catch (error) {
    throw unpackingFault(type, error);
  }
}

/**
 * What `bytes` unpack to, in chunks of at most some hundred kilobytes, or a block of the codec's;
 * each is good until the next is asked for. Throws as {@link decompress}. Who uses them gives the
 * event loop back.
 */
export async function* unpackedChunks(
  bytes: Uint8Array,
  options: {
    type: CompressionType;
    codecs: RuntimeCodecs | undefined;
    bytesMax: number;
    form?: CodecForm;
  },
): AsyncGenerator<Uint8Array> {
  const { type, bytesMax, form = "usual" } = options;
  if (type === "none") {
    yield bytes;
    return;
  }
  try {
    if (type === "gzip" || type === "zstd") {
      yield* codecsOf(options).pieces(bytes, { codec: type, unpacks: true, bytesMax });
    } else yield* loadedCodec(type).chunks(bytes, { bytesMax, form });
  } catch (error) {
    throw unpackingFault(type, error);
  }
}

/** The same at once. gzip and zstd come as one chunk. */
export function* unpackedChunksNow(
  bytes: Uint8Array,
  options: { type: CompressionType; codecs: RuntimeCodecs | undefined; bytesMax: number },
): Generator<Uint8Array> {
  const { type, bytesMax } = options;
  if (type === "none" || type === "gzip" || type === "zstd") {
    const chunk = decompress(bytes, options);
    yield chunk;
    if (type !== "none" && chunk.length > sharedBytesMax) freeMemory(chunk.buffer);
    return;
  }
  try {
    yield* loadedCodec(type).chunks(bytes, { bytesMax, form: "usual" });
  } catch (error) {
    throw unpackingFault(type, error);
  }
}

/** What is smaller may stand in memory that others share. */
const sharedBytesMax = 64 * 1024;

/** How much heavier than looking at a byte it is to unpack one. */
export const unpackWeight = 6;
/** What it weighs to pack a piece. */
const packedPieceWeight = 1024 * 1024;

async function gathered(
  chunks: AsyncGenerator<Uint8Array>,
  { way, slices }: { way: CodecWay; slices: WorkSlices },
): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) {
    // One that was unpacked is good until the next is asked for.
    all.push(way.unpacks ? chunk.slice() : chunk);
    const packedWeight = chunk.length === 0 ? 0 : packedPieceWeight;
    slices.spend(way.unpacks ? chunk.length * unpackWeight : packedWeight);
    if (slices.isOver) await slices.next();
  }
  return concatBytes(all);
}

function unpackingFault(type: CompressionType, error: unknown): unknown {
  if (error instanceof DecodeFault || error instanceof AssertionError) return error;
  const isPastBound = isPlatformFault(error, "NoSpace");
  const message = `${type} data does not unpack: ${messageOf(error)}`;
  return new DecodeFault(message, { cause: error, isPastBound });
}

function codecsOf(options: { type: CompressionType; codecs: RuntimeCodecs | undefined }) {
  assert(options.codecs !== undefined, `${options.type} needs the runtime's codecs`);
  return options.codecs;
}

function loadedCodec(type: CompressionType): LoadedCodec {
  const codec = loaded.get(type);
  assert(codec !== undefined, `compression ${type} is used before loadCompression("${type}")`);
  return codec;
}
