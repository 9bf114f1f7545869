// Conversions that unpack and pack, as generators that leave both to whoever runs them:
//
//   runNow      at once, for what is small
//   runSliced   with turns of the event loop in between; what it takes is claimed before
//
// What unpacks to much is counted first, in a stream, since what it says of itself may be a lie.
// Invariant: both ways come to the same, but that only the second refuses for want of memory; and
// nothing is waited for while anything is held.

import { DecodeFault } from "../base/faults.ts";
import type { MemoryShare } from "../base/memory_share.ts";
import type { WorkSlices } from "../base/pieces.ts";
import type { Requester } from "../base/requester.ts";
import {
  type CodecForm,
  compress,
  type CompressionType,
  compressSliced,
  decompress,
  type RuntimeCodecs,
  unpackedChunks,
  unpackWeight,
} from "./compression.ts";
import { unpackingMemory } from "./unpacking_memory.ts";

/** How bytes are packed. */
interface Packing {
  readonly type: CompressionType;
  readonly form?: CodecForm;
}

/** Bytes to be unpacked. What is made of them takes `arrays` times as much, themselves included. */
type Unpack = Packing & { readonly unpack: Uint8Array; readonly arrays: number };
type Pack = Packing & { readonly pack: Uint8Array };

/** The weight of what was done; or bytes to be unpacked or packed, which are given back. */
export type HeavyStep = number | Unpack | Pack;
export type HeavySteps<T> = Generator<HeavyStep, T, Uint8Array | undefined>;

export interface StepOptions {
  readonly codecs: RuntimeCodecs | undefined;
  /** Of what is unpacked. */
  readonly bytesMax?: number;
  readonly level?: number;
}

export interface SlicedStepOptions extends StepOptions {
  readonly slices: WorkSlices;
  readonly memory: MemoryShare;
  /** Nobody waits for memory any more once it has left; absent: the work is for everybody. */
  readonly requester?: Requester;
  /** What is made beside what is unpacked, to begin with. */
  readonly claimBytes?: number;
}

/** What unpacks to less takes a millisecond or two, and nobody counts it. */
const lightBytesMax = 512 * 1024;
const gzipRatioMax = 1032;

export function runNow<T>(steps: HeavySteps<T>, options: StepOptions): T {
  let step = steps.next();
  while (!step.done) {
    let result: Uint8Array | undefined;
    try {
      result = typeof step.value === "number" ? undefined : doNow(step.value, options);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

function doNow(step: Unpack | Pack, { codecs, bytesMax, level }: StepOptions) {
  const { type, form } = step;
  if ("pack" in step) return compress(step.pack, { type, codecs, level, form });
  return decompress(step.unpack, { type, codecs, bytesMax, form });
}

export async function runSliced<T>(steps: HeavySteps<T>, options: SlicedStepOptions): Promise<T> {
  const { slices } = options;
  const work = new ClaimedWork(options);
  try {
    await work.claim(options.claimBytes ?? 0);
    let step = steps.next();
    while (!step.done) {
      let result: Uint8Array | undefined;
      try {
        if (typeof step.value === "number") slices.spend(step.value);
        else result = await work.do(step.value);
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
      if (slices.isOver) await slices.next();
      step = steps.next(result);
    }
    return step.value;
  } finally {
    work.release();
  }
}

/** Does steps with memory that it has claimed for them. */
class ClaimedWork {
  readonly #options: SlicedStepOptions;
  #held = 0;

  constructor(options: SlicedStepOptions) {
    this.#options = options;
  }

  async claim(bytes: number): Promise<void> {
    const { memory, requester } = this.#options;
    this.release();
    if (bytes === 0) return;
    if (bytes > memory.bytesMax) {
      const message = `this takes ${bytes} bytes of memory, which are not here`;
      throw new DecodeFault(message, { isPastBound: true });
    }
    await memory.claim(bytes, requester);
    this.#held = bytes;
  }

  release(): void {
    this.#options.memory.give(this.#held);
    this.#held = 0;
  }

  async do(step: Unpack | Pack): Promise<Uint8Array> {
    const { codecs, bytesMax, level, slices } = this.#options;
    const { type, form } = step;
    if ("pack" in step) return await compressSliced(step.pack, { ...step, codecs, level, slices });
    const packed = step.unpack;
    const { windowBytes, unpackedBytes } = unpackingMemory(packed, type);
    // gzip makes a thousand times as much of a byte at most, whatever it says.
    const most = type === "gzip" ? packed.length * gzipRatioMax : unpackedBytes;
    if (most <= lightBytesMax) return decompress(packed, { type, form, codecs, bytesMax });
    await this.claim(windowBytes);
    let count = 0;
    await this.#eachChunk(step, (chunk) => count += chunk.length);
    await this.claim(Math.max(windowBytes, step.arrays * count));
    const whole = new Uint8Array(count);
    let end = 0;
    await this.#eachChunk(step, (chunk) => {
      whole.set(chunk, end);
      end += chunk.length;
    });
    return whole;
  }

  async #eachChunk(step: Unpack, look: (chunk: Uint8Array) => void): Promise<void> {
    const { codecs, bytesMax = Infinity, slices } = this.#options;
    const { type, form } = step;
    for await (const chunk of unpackedChunks(step.unpack, { type, form, codecs, bytesMax })) {
      look(chunk);
      slices.spend(chunk.length * unpackWeight);
      if (slices.isOver) await slices.next();
    }
  }
}
