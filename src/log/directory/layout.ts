// Names of everything in a data directory.
//
//   <data-dir>/meta.properties  .kafka_cleanshutdown  .lock  .ottla_boot_id  .ottla_sync_failed
//   <data-dir>/.ottla_unsettled                     logs that were cut, and not synced since
//   <data-dir>/.ottla_write_test                    for an instant
//   <data-dir>/.ottla_reserve                       room for the way out of a full disk
//   <data-dir>/.ottla_home                          where the metadata is, in a cluster
//   <data-dir>/.ottla_journal_<n>                   batches that logs may not have synced
//   <data-dir>/recovery-point-offset-checkpoint  ...  .ottla_checkpointed_topics
//   <data-dir>/<topic>-<partition>/                 a partition; -future and -stray are Kafka's
//                                                   others
//   <data-dir>/<topic>-<partition>.<32 hex>-delete/ a partition being deleted
//   .../00000000000000000000.log  .index  .timeindex  .txnindex  .snapshot
//   .../partition.metadata  leader-epoch-checkpoint
//
// A segment's files are named by the base offset in 20 digits; a suffix says that a file is on its
// way: `.deleted` out, `.cleaned` and `.swap` in (compaction, finished only by `.swap`).

import type { Offset, PartitionId } from "../../base/ids.ts";

export const fileNames = {
  partitionMetadata: "partition.metadata",
  leaderEpochs: "leader-epoch-checkpoint",
  metaProperties: "meta.properties",
  cleanShutdown: ".kafka_cleanshutdown",
  bootId: ".ottla_boot_id",
  syncFailed: ".ottla_sync_failed",
  unsettled: ".ottla_unsettled",
  writeTest: ".ottla_write_test",
  reserve: ".ottla_reserve",
  home: ".ottla_home",
  recoveryPoints: "recovery-point-offset-checkpoint",
  logStartOffsets: "log-start-offset-checkpoint",
  highWatermarks: "replication-offset-checkpoint",
  firstDirtyOffsets: "cleaner-offset-checkpoint",
  checkpointedTopics: ".ottla_checkpointed_topics",
} as const;

const journalPrefix = ".ottla_journal_";

/** Name of a file of a data directory's journal. */
export function journalFileName(number: number): string {
  return `${journalPrefix}${number}`;
}

/** The number in the name of a journal's file; undefined for any other name. */
export function parseJournalFileName(name: string): number | undefined {
  const [, digits] = /^\.ottla_journal_(\d{1,15})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Suffix of a file that is written whole and then renamed into place. */
export const temporarySuffix = ".tmp";
export const deletedSuffix = ".deleted";
export const cleanedSuffix = ".cleaned";
export const swapSuffix = ".swap";

/** Name of the file that keeps what recovery cut off a log at `offset`. */
export function cutFileName(offset: Offset): string {
  return `${String(offset).padStart(20, "0")}.cut`;
}

/** Kinds of files that a segment has. */
export type SegmentFileKind = "log" | "index" | "timeindex" | "txnindex" | "snapshot";

/** Name of a segment's file. */
export function segmentFileName(baseOffset: Offset, kind: SegmentFileKind): string {
  return `${String(baseOffset).padStart(20, "0")}.${kind}`;
}

/** What a segment's file name says; undefined for any other name, one with a suffix included. */
export function parseSegmentFileName(
  name: string,
): { baseOffset: Offset; kind: SegmentFileKind } | undefined {
  const match = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/.exec(name);
  if (match === null) return undefined;
  const baseOffset = Number(match[1]);
  if (!Number.isSafeInteger(baseOffset)) return undefined;
  return { baseOffset, kind: match[2] as SegmentFileKind };
}

/** Name of a partition's folder. */
export function partitionFolderName(topic: string, partition: PartitionId): string {
  return `${topic}-${partition}`;
}

/** A partition and what its folder is for. */
export interface PartitionFolder {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly state: "live" | "deleted" | "future" | "stray";
}

/** What a folder's name says; undefined when it is not a partition's. */
export function parsePartitionFolderName(name: string): PartitionFolder | undefined {
  const [, live = name, way] = /^(.+)\.[^.\s]+-(delete|future|stray)$/.exec(name) ?? [];
  // `orders-00` is somebody else's, or two folders would be one partition.
  const [, topic, partition] = /^([a-zA-Z0-9._-]+)-(0|[1-9]\d{0,9})$/.exec(live) ?? [];
  if (topic === undefined) return undefined;
  const state = way === undefined ? "live" : way === "delete" ? "deleted" : way;
  return { topic, partition: Number(partition), state: state as PartitionFolder["state"] };
}

/** Name for a partition's folder on its way out. `unique` is 32 hex digits, as in Kafka. */
export function deletedFolderName(folderName: string, unique: string): string {
  const suffix = `.${unique}-delete`;
  // Kafka cuts the topic so that the name stays within the usual 255 bytes of a file system.
  const split = folderName.lastIndexOf("-");
  const tail = folderName.slice(split) + suffix;
  return folderName.slice(0, Math.min(split, 255 - tail.length)) + tail;
}
