// The keys of one batch on their way into the map: where each was last, up to where there is room.

import type { Offset } from "../../base/ids.ts";
import { lightRecords, RecordCursor, RecordHeads, type StoredBatch } from "../../records/mod.ts";
import type { HeavyBatches } from "./heavy_batches.ts";
import type { KeyOffsets } from "./key_offsets.ts";

export interface KeyMapping {
  readonly keys: KeyOffsets;
  readonly heavy: HeavyBatches;
  /** Records before it are none of ours. */
  readonly fromOffset: Offset;
}

/** Undefined: all of `batch` is in the map. Otherwise the offset before what did not fit. */
export function mapBatch(
  batch: StoredBatch,
  mapping: KeyMapping,
): Offset | undefined | Promise<Offset | undefined> {
  const records = lightRecords(batch);
  if (records === undefined) return mapHeavy(batch, mapping);
  const { keys, fromOffset } = mapping;
  const { baseOffset } = batch.header;
  const cursor = new RecordCursor(records);
  let last = baseOffset - 1;
  while (cursor.next()) {
    const offset = baseOffset + cursor.offsetDelta;
    if (offset < fromOffset || cursor.keyLength < 0) continue;
    const { keyStart: start, keyLength } = cursor;
    if (!keys.put(records, { start, end: start + keyLength }, offset)) return last;
    last = offset;
  }
  return undefined;
}

async function mapHeavy(batch: StoredBatch, mapping: KeyMapping): Promise<Offset | undefined> {
  const { keys, heavy, fromOffset } = mapping;
  const { baseOffset } = batch.header;
  const key = keys.hasher();
  const heads = new RecordHeads();
  let last = baseOffset - 1;
  let isFull = false;
  const visitor = {
    onKey: (bytes: Uint8Array, start: number, end: number) => key.add(bytes, start, end),
    onHead() {
      if (heads.keyLength < 0) return true;
      const offset = baseOffset + heads.offsetDelta;
      if (offset < fromOffset) {
        key.forget();
        return true;
      }
      isFull = !keys.putHashed(key, offset);
      if (!isFull) last = offset;
      return !isFull;
    },
  };
  await heavy.withMemory(batch, () => heavy.look(batch, heads, visitor));
  return isFull ? last : undefined;
}
