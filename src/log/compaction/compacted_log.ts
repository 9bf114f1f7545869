// What a compaction is given: the log that it is of, and for how much it may ask.

import type { Offset, PartitionId } from "../../base/ids.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import type { Random, Timers } from "../../runtime/ports.ts";
import type { DeletedFiles } from "../directory/deleted_files.ts";
import type { DirectoryState } from "../directory/directory_state.ts";
import type { OpenHandles } from "../directory/open_handles.ts";
import type { LogOptions } from "../partition/log_options.ts";
import type { ProducerState } from "../producers/producer_state.ts";
import type { Segments } from "../segment/segments.ts";

/** The log as its compaction sees it. */
export interface CompactedLog {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly folder: string;
  readonly directory: Pick<DirectoryState, "goOffline">;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly lastStableOffset: Offset;
  /** Why it takes nothing any more; undefined while it does. */
  readonly refusal: unknown;
}

/** What compaction needs of its log. */
export interface CompactedParts {
  readonly log: CompactedLog;
  readonly options: LogOptions;
  readonly handles: OpenHandles;
  readonly segments: Segments;
  readonly deleted: DeletedFiles;
  readonly producers: () => ProducerState;
  readonly roll: (nowMs: number) => void;
  /** The active segment is to have its file. */
  readonly onNewFile: () => void;
  /** Segments are not what they were: readers begin anew. */
  readonly onSwapped: () => void;
}

export interface CompactionOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** Consumers have been able to read up to here. */
  readonly highWatermark: Offset;
  /** Memory for the map of keys. */
  readonly keyMapBytes: number;
  /** Share of the map's slots that may be used; 0.9 by default. */
  readonly keyMapLoad?: number;
  /** Bound of what is read and written; none by default. */
  readonly bytesPerSecond?: number;
  /** Where large batches, and what is unpacked of them, are claimed, in this order. */
  readonly memory?: { readonly answers: MemoryShare; readonly work: MemoryShare };
}
