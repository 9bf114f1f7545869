// Snapshots of __cluster_metadata (KIP-630): what all records below an offset amount to, so that
// the log may begin there.
//
//   00000000000000000123-0000000002.checkpoint      end offset (20 digits), epoch (10 digits)
//
//   control batch: snapshot header | data batches ... | control batch: snapshot footer
//
// The batches are those of a log, from base offset 0 on. Invariant: a snapshot is used whole or not
// at all; one without its footer was never finished.

import { DecodeFault } from "../base/faults.ts";
import type { LeaderEpoch, Offset } from "../base/ids.ts";
import {
  batchPositions,
  checkBatch,
  ControlType,
  readBatchHeader,
  readControlRecord,
} from "../records/mod.ts";
import type { Files } from "../runtime/ports.ts";
import { readWholeFile } from "./whole_file.ts";

/** A snapshot's file. */
export interface SnapshotFile {
  readonly path: string;
  /** The snapshot stands for all records below it. */
  readonly endOffset: Offset;
  /** Of the last of those records. */
  readonly epoch: LeaderEpoch;
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

/** The bytes of a snapshot's batches. Throws DecodeFault when it is damaged or unfinished. */
export function readSnapshot(files: Files, path: string): Uint8Array {
  const bytes = readWholeFile(files, path);
  if (bytes === undefined) throw new DecodeFault(`${path} is gone`);
  let end = 0;
  let last: number | undefined;
  for (const position of batchPositions(bytes)) {
    const check = checkBatch(bytes, { position });
    if ("refusal" in check) throw new DecodeFault(`${path}: ${check.refusal.message}`);
    end = position + check.header.sizeBytes;
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
