// What a load starts from, and how far it is: the steps of loading (recovery.ts, missing.ts and
// cut.ts) share it, and loading.ts takes them in order.

import type { Offset } from "../../base/ids.ts";
import type { BatchHeader } from "../../records/mod.ts";
import type { Files, LogFields, LogLevel } from "../../runtime/ports.ts";
import type { OpenHandles } from "../directory/open_handles.ts";
import type { FileWindow } from "./scan.ts";
import type { Segment } from "../segment/segment.ts";
import type { Slices } from "../pacing/slices.ts";

export interface LoadOptions {
  readonly files: Files;
  readonly handles: OpenHandles;
  readonly folder: string;
  /** Everything below it was synced. */
  readonly recoveryPoint: Offset;
  readonly logStartOffset: Offset;
  /** Something else stands for what lies below it: that may be missing. */
  readonly coveredTo: Offset;
  /** Whether the recovery point may be of an earlier log of that name. */
  readonly recoveryPointMayBeStale: boolean;
  /** Below it compaction has left gaps; undefined: it never began. */
  readonly firstDirtyOffset: Offset | undefined;
  readonly cleanShutdown: boolean;
  /** Whether the machine may have lost what was not synced: it was started anew, or may have. */
  readonly mayHaveLostWrites: boolean;
  /** Whether what was not surely synced must be written anew: a sync failed. */
  readonly isSuspect: boolean;
  /** Called before anything is cut off. */
  onCut(): void;
  /** Whether offsets may be missing between batches: the topic is compacted. */
  readonly gapsAllowed: boolean;
  readonly indexIntervalBytes: number;
  readonly nowMs: number;
  /** The work is done in these. */
  readonly slices?: Slices;
  log(level: LogLevel, message: string, fields: LogFields): void;
}

/** The batch at `position` of `segment`. */
export interface BatchAt {
  readonly segment: Segment;
  readonly position: number;
  readonly header: BatchHeader;
}

/** A load under way. */
export interface LoadState extends LoadOptions {
  readonly segments: Segment[];
  logEndOffset: Offset;
  /** A view of a segment's file, the same for all who look at it one after the other. */
  windowOf(segment: Segment): FileWindow;
  /** Of the first batch, where it begins behind the first segment's name. */
  readonly lateStart: Offset | undefined;
  /** Takes a checked batch into the indexes, producers and epochs. */
  applyBatch(window: FileWindow, batch: BatchAt): Promise<void>;
}
