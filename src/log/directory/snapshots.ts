// Snapshots of __cluster_metadata (KIP-630): what all records below an offset amount to, so that
// the log may begin there.
//
//   00000000000000000123-0000000002.checkpoint      end offset (20 digits), epoch (10 digits)
//
//   control batch: snapshot header | data batches ... | control batch: snapshot footer
//
// The batches are those of a log, from base offset 0 on. Invariant: a snapshot is used whole or not
// at all; one without its footer was never finished.

import { DecodeFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import {
  batchPositions,
  checkBatch,
  ControlType,
  readBatchHeader,
  readControlRecord,
} from "../../records/mod.ts";
import type { Files } from "../../runtime/ports.ts";
import type { Slices } from "../pacing/slices.ts";
import { readWholeFileAsync } from "../files/whole_file.ts";

/** While it is written; and as Kafka names one that it is about to remove. */
const unfinished = /\.checkpoint\.(part|deleted)$/;
const partSuffix = ".part";

/** A snapshot's file. */
export interface SnapshotFile {
  readonly path: string;
  /** The snapshot stands for all records below it. */
  readonly endOffset: Offset;
  /** Of the last of those records. */
  readonly epoch: LeaderEpoch;
}

/** Name of a snapshot's file. */
function snapshotFileName({ endOffset, epoch }: Omit<SnapshotFile, "path">): string {
  return `${String(endOffset).padStart(20, "0")}-${String(epoch).padStart(10, "0")}.checkpoint`;
}

/**
 * Writes a snapshot of `batches`, in slices; it is there, whole and durably, when this resolves,
 * and not at all when it rejects.
 */
export async function writeSnapshot(
  files: Files,
  folder: string,
  snapshot: Omit<SnapshotFile, "path"> & { batches: Iterable<Uint8Array>; slices: Slices },
): Promise<SnapshotFile> {
  const { endOffset, epoch, batches, slices } = snapshot;
  const path = `${folder}/${snapshotFileName(snapshot)}`;
  const file = files.open(path + partSuffix, "create");
  try {
    for (const batch of batches) {
      file.append(batch);
      slices.spend(batch.length);
      if (slices.isOver) await slices.next();
    }
    await file.sync();
  } catch (error) {
    file.close();
    files.remove(path + partSuffix);
    throw error;
  }
  file.close();
  files.rename(path + partSuffix, path);
  await files.syncFolder(folder);
  return { path, endOffset, epoch };
}

/** Removes snapshots, and what was never finished or not quite removed. */
export async function removeSnapshots(
  files: Files,
  folder: string,
  snapshots: readonly SnapshotFile[],
): Promise<void> {
  const leftovers = files.list(folder).filter((name) => unfinished.test(name));
  const paths = [...snapshots.map(({ path }) => path), ...leftovers.map((n) => `${folder}/${n}`)];
  for (const path of paths) files.remove(path);
  if (paths.length > 0) await files.syncFolder(folder);
}

/** The snapshots in the folder of a partition, the newest first. */
export function listSnapshots(files: Files, folder: string): SnapshotFile[] {
  const found = files.list(folder).flatMap((name): SnapshotFile[] => {
    const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name);
    if (match === null) return [];
    return [{
      path: `${folder}/${name}`,
      endOffset: Number(match[1]),
      epoch: Number(match[2]),
    }];
  });
  return found.sort((a, b) => b.endOffset - a.endOffset || b.epoch - a.epoch);
}

/**
 * The bytes of a snapshot's batches, which are checked in slices. Rejects with DecodeFault when it
 * is damaged or unfinished.
 */
export async function readSnapshot(
  files: Files,
  path: string,
  slices: Slices,
): Promise<Uint8Array> {
  const bytes = await readWholeFileAsync(files, path);
  if (bytes === undefined) throw new DecodeFault(`${path} is gone`);
  let end = 0;
  let last: number | undefined;
  for (const position of batchPositions(bytes)) {
    const check = checkBatch(bytes, { position });
    if ("refusal" in check) throw new DecodeFault(`${path}: ${check.refusal.message}`);
    const { sizeBytes } = check.header;
    end = position + sizeBytes;
    slices.spend(sizeBytes);
    if (slices.isOver) await slices.next();
    last = position;
  }
  if (last === undefined || end !== bytes.length) {
    throw new DecodeFault(`${path}: ${bytes.length - end} bytes at its end are no batch`);
  }
  const { isControl } = readBatchHeader(bytes, last);
  if (!isControl || readControlRecord(bytes, last).type !== ControlType.SNAPSHOT_FOOTER) {
    throw new DecodeFault(`${path} has no footer: it was never finished`);
  }
  return bytes;
}
