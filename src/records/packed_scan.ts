// A look at all records of a packed batch, with a window of them in memory: in slices, or at once
// where that takes no longer than others may wait.

import {
  type CompressionType,
  type RuntimeCodecs,
  unpackedChunks,
  unpackedChunksNow,
  unpackWeight,
} from "./compression.ts";
import type { WorkSlices } from "../base/pieces.ts";
import { RecordStream } from "./record_stream.ts";
import type { RecordWalk, WalkOptions } from "./record_walk.ts";
import type { RecordError } from "./validation.ts";

/** What was seen. */
export interface PackedScan {
  readonly walk: RecordWalk;
  /** Of the records that break the rules. */
  readonly errors: readonly RecordError[];
  readonly unpackedBytes: number;
}

/** A codec's chunk may be megabytes: what is looked at in one go is less. */
const partBytes = 64 * 1024;

interface ScanOptions {
  readonly type: CompressionType;
  readonly codecs: RuntimeCodecs | undefined;
  readonly bytesMax: number;
  readonly options: WalkOptions;
}

/** A sentence when the records are not what their batch claims. Throws as `unpackedChunks` does. */
export async function scanPacked(
  packed: Uint8Array,
  o: ScanOptions & { readonly slices: WorkSlices },
): Promise<PackedScan | string> {
  const { slices } = o;
  const errors: RecordError[] = [];
  const stream = new RecordStream({ ...o.options, errors });
  let unpackedBytes = 0;
  for await (const chunk of unpackedChunks(packed, o)) {
    unpackedBytes += chunk.length;
    for (let start = 0; start < chunk.length; start += partBytes) {
      const wrong = stream.push(chunk.subarray(start, start + partBytes));
      if (wrong !== undefined) return wrong;
      slices.spend(Math.min(partBytes, chunk.length - start) * unpackWeight);
      if (slices.isOver) await slices.next();
    }
  }
  const walk = stream.end();
  return typeof walk === "string" ? walk : { walk, errors, unpackedBytes };
}

/** The same at once. */
export function scanPackedNow(packed: Uint8Array, o: ScanOptions): PackedScan | string {
  const errors: RecordError[] = [];
  const stream = new RecordStream({ ...o.options, errors });
  let unpackedBytes = 0;
  for (const chunk of unpackedChunksNow(packed, o)) {
    unpackedBytes += chunk.length;
    const wrong = stream.push(chunk);
    if (wrong !== undefined) return wrong;
  }
  const walk = stream.end();
  return typeof walk === "string" ? walk : { walk, errors, unpackedBytes };
}
