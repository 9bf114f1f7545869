// Text files that hold one offset a partition, for a whole data directory:
//
//   0                       version
//   2                       entries
//   orders 0 1503           topic, partition, offset
//   orders 1 77
//
// Recovery points, log start offsets and high watermarks each have one. Written whole and durably,
// so a reader sees the old or the new. Invariant: a recovery point is never above what was synced.

import { DecodeFault } from "../../base/faults.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { Offset, PartitionId } from "../../base/ids.ts";

/** One line of a checkpoint. */
export interface OffsetCheckpoint {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly offset: Offset;
}

/** The lines behind a file's version and count, or throws DecodeFault. */
export function checkpointLines(bytes: Uint8Array): string[][] {
  const lines = fromUtf8(bytes).split("\n").map((line) => line.trim());
  if (lines.length < 2 || lines[0] !== "0") throw new DecodeFault("checkpoint of unknown version");
  const count = Number(lines[1]);
  const entries = lines.slice(2).filter((line) => line !== "");
  if (!Number.isInteger(count) || count !== entries.length) {
    throw new DecodeFault(`checkpoint says ${lines[1]} entries and has ${entries.length}`);
  }
  return entries.map((line) => line.split(/\s+/));
}

/** The text of a checkpoint file. */
export function encodeLines(lines: readonly string[]): Uint8Array {
  return utf8(["0", String(lines.length), ...lines, ""].join("\n"));
}

/** Decodes a checkpoint; throws DecodeFault when it is damaged. */
export function decodeOffsets(bytes: Uint8Array): OffsetCheckpoint[] {
  return checkpointLines(bytes).map((fields) => {
    const [topic = "", ...numbers] = fields;
    const [partition = NaN, offset = NaN] = numbers.map(Number);
    if (fields.length !== 3 || !Number.isInteger(partition) || !Number.isSafeInteger(offset)) {
      throw new DecodeFault(`checkpoint line "${fields.join(" ")}"`);
    }
    return { topic, partition, offset };
  });
}

export function encodeOffsets(entries: Iterable<OffsetCheckpoint>): Uint8Array {
  return encodeLines(Array.from(entries, (e) => `${e.topic} ${e.partition} ${e.offset}`));
}
