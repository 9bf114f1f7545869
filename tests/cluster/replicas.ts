// Whether replicas are the same, by what lies on their disks: what no reader is given is compared,
// too, such as markers, what was aborted, and the epochs that batches carry.

import { readBatchHeader } from "../../src/records/mod.ts";
import type { Files } from "../../src/runtime/ports.ts";

/** A log as it lies on a disk. */
export interface LogOnDisk {
  readonly machine: string;
  readonly files: Pick<Files, "list" | "open">;
  readonly folder: string;
}

/**
 * Where one of these differs from the first, as far as they must have it: batches that end below
 * `start` each deletes when it comes to it. undefined: they are the same.
 */
export function firstDifference(
  [first, ...others]: readonly LogOnDisk[],
  start = 0,
): string | undefined {
  if (first === undefined) return undefined;
  const wanted = bytesOf(first, start);
  for (const other of others) {
    const bytes = bytesOf(other, start);
    const at = wanted.findIndex((byte, i) => byte !== bytes[i]);
    if (at < 0 && bytes.length === wanted.length) continue;
    const lengths = `${wanted.length} bytes of ${pathOf(first)}, ${bytes.length} of ${
      pathOf(other)
    }`;
    return `${lengths}, and they differ from ${at < 0 ? wanted.length : at} on`;
  }
  return undefined;
}

function pathOf({ machine, folder }: LogOnDisk): string {
  return `${machine}:${folder}`;
}

/** All batches from `start` on, one after the other. */
function bytesOf({ files, folder }: LogOnDisk, start: number): Uint8Array {
  const names = files.list(folder).filter((name) => name.endsWith(".log")).sort();
  const parts = names.map((name) => {
    const file = files.open(`${folder}/${name}`, "read");
    const bytes = new Uint8Array(file.size);
    file.readAt(0, bytes);
    file.close();
    return bytes;
  });
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  let begin = 0;
  while (begin < all.length) {
    const { lastOffset, sizeBytes } = readBatchHeader(all, begin);
    if (lastOffset >= start) break;
    begin += sizeBytes;
  }
  return all.subarray(begin);
}
