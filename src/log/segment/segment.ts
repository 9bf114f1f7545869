// One segment: a `.log` file of batches and its sparse indexes, named by its base offset.
//
//   active (the last one): index entries gather in memory as batches are appended
//   sealed: indexes are written, synced with the log; read back when needed, dropped when idle
//
// Invariant: batches in the file tile it from 0 to `size`; offsets are in [baseOffset,
// nextOffset), all within 2^31-1 of the base. Times are of the batches' records, in milliseconds,
// -1 for none.

import type { Offset } from "../../base/ids.ts";
import { type Int64, subtractInt64 } from "../../base/int64.ts";
import { type BatchHeader, batchOverheadBytes, readBatchHeader } from "../../records/mod.ts";
import type { Files } from "../../runtime/ports.ts";
import type { RollLimits } from "../partition/config.ts";
import { type SegmentFileKind, segmentFileName } from "../directory/layout.ts";
import type { OpenHandles } from "../directory/open_handles.ts";
import { walkHeaders } from "../recovery/scan.ts";
import { SegmentFile } from "./segment_file.ts";
import { SegmentIndexes } from "./segment_indexes.ts";
import type { Slices } from "../pacing/slices.ts";
import { type AbortedTransaction, decodeAborted, encodeAborted } from "./txn_index.ts";
import { readWholeFile, syncFile, writeSyncedFile } from "../files/whole_file.ts";

/** Kafka's default; it only says how sparse the index is. */
const rebuildIntervalBytes = 4096;
const relativeOffsetMax = 0x7fff_ffff;
const noneAborted: readonly AbortedTransaction[] = [];

/** The largest timestamp of a segment and the last offset of the batch that has it. */
export interface MaxTimestamp {
  readonly timestampMs: Int64;
  readonly offset: Offset;
}

export interface SegmentOptions {
  readonly files: Files;
  readonly handles: OpenHandles;
  readonly folder: string;
  readonly baseOffset: Offset;
  /** Bytes in the `.log` file; 0 for a new segment, whose file is made by the first append. */
  readonly size: number;
  readonly createdMs: number;
  /** Whether there is a `.log` file already. */
  readonly hasFile?: boolean;
  /** Whether the name of that file is known to be durable. */
  readonly isNamed?: boolean;
  /** Which files beside the `.log` there are. */
  readonly others?: readonly SegmentFileKind[];
  /** Behind the files' names, while the segment is on its way in; "" by default. */
  readonly suffix?: string;
  /** Who walks through it works in these. */
  readonly slices?: Slices;
}

export class Segment {
  readonly baseOffset: Offset;
  readonly file: SegmentFile;
  readonly indexes: SegmentIndexes;
  createdMs: number;
  /** Bytes below this were there when the log was opened: perhaps not in the page cache. */
  readonly coldBytes: number;
  /** Set once the segment is deleted: positions in it mean nothing any more. */
  retired = false;
  /** Behind the names of all files but the `.log`, which knows its own. */
  suffix: string;
  /** Whether some file of the segment was made, changed or not synced yet. */
  unsynced = false;
  /** Whether no loss of power takes the name of its `.log` file. */
  isNamed: boolean;
  readonly #files: Files;
  readonly #folder: string;
  #hasFile: boolean;
  /** Whether there may be a file of aborted transactions. */
  #hasAborted: boolean;
  #aborted: AbortedTransaction[] | undefined;
  #maxTimestamp: MaxTimestamp | undefined;
  #firstTimestampMs: Int64 | undefined;
  #bytesSinceIndexEntry = 0;
  #abortedChanges = 0;
  /** So many of these changes are durable. */
  #abortedDurable = 0;

  constructor(options: SegmentOptions) {
    this.baseOffset = options.baseOffset;
    this.createdMs = options.createdMs;
    this.coldBytes = options.size;
    this.#files = options.files;
    this.#folder = options.folder;
    this.#hasFile = options.hasFile ?? false;
    this.isNamed = options.isNamed ?? false;
    const others = options.others ?? [];
    this.#hasAborted = others.includes("txnindex");
    this.suffix = options.suffix ?? "";
    this.file = new SegmentFile(options.files, { ...options, path: this.path("log") });
    const hasFiles = others.includes("index") || others.includes("timeindex");
    this.indexes = new SegmentIndexes(options.files, this, { hasFiles });
    if (options.size === 0) this.resetIndexes();
    else if (!this.#hasAborted) this.#aborted = [];
  }

  get size(): number {
    return this.file.size;
  }

  path(kind: SegmentFileKind): string {
    return `${this.#folder}/${segmentFileName(this.baseOffset, kind)}${this.suffix}`;
  }

  /** Makes {@link maxTimestamp} known without blocking. */
  async loadMaxTimestamp(): Promise<void> {
    if (this.#maxTimestamp !== undefined) return;
    await this.indexes.load();
    if (this.indexes.times.last === undefined && this.size > 0) {
      await this.rebuildIndexes();
      this.writeIndexes();
    }
    void this.maxTimestamp;
  }

  /**
   * Makes the indexes again from the batches' headers. Look-ups meanwhile are right, only slower.
   */
  async rebuildIndexes(): Promise<void> {
    this.resetIndexes();
    await walkHeaders(this, (header, position) => {
      const { baseOffset } = header;
      this.noteBatch(header, { position, baseOffset, interval: rebuildIntervalBytes });
    });
  }

  /**
   * Whether the file of aborted transactions, if there is one, is whole: it was written anew over
   * one that was synced, and a loss of power may have left neither.
   */
  abortedHold(): boolean {
    if (this.#aborted !== undefined) return true;
    const bytes = readWholeFile(this.#files, this.path("txnindex"));
    if (bytes?.length === 0) return false;
    this.#aborted = bytes === undefined ? [] : decodeAborted(bytes);
    return this.#aborted !== undefined;
  }

  get aborted(): readonly AbortedTransaction[] {
    if (this.#aborted === undefined) {
      const bytes = readWholeFile(this.#files, this.path("txnindex"));
      this.#aborted = (bytes && decodeAborted(bytes)) ?? [];
    }
    return this.#aborted.length === 0 ? noneAborted : this.#aborted;
  }

  /** The last entry of the time index tells it for a sealed segment. */
  get maxTimestamp(): MaxTimestamp {
    if (this.#maxTimestamp === undefined) {
      const { last } = this.indexes.times;
      this.#maxTimestamp = {
        timestampMs: last?.timestamp ?? -1,
        offset: this.baseOffset + (last?.relativeOffset ?? 0),
      };
    }
    return this.#maxTimestamp;
  }

  /** Time of the first batch, by which a segment rolls; -1 when it is empty or has none. */
  get firstTimestampMs(): Int64 {
    if (this.#firstTimestampMs === undefined) {
      if (this.size < batchOverheadBytes) return -1;
      const header = new Uint8Array(batchOverheadBytes);
      this.file.readAt(0, header);
      this.#firstTimestampMs = readBatchHeader(header).maxTimestamp;
    }
    return this.#firstTimestampMs;
  }

  /** Whether one more payload must go to a new segment. */
  isFullFor(
    payload: { bytes: number; maxTimestampMs: Int64; lastOffset: Offset; nowMs: number },
    config: RollLimits,
  ): boolean {
    if (this.size > config.segmentBytes - payload.bytes) return this.size > 0;
    if (payload.lastOffset - this.baseOffset > relativeOffsetMax) return true;
    if (this.size === 0) return false;
    const first = this.firstTimestampMs;
    const waited = first >= 0
      ? subtractInt64(payload.maxTimestampMs, first)
      : payload.nowMs - this.createdMs;
    return waited > config.segmentMs - config.jitterMs ||
      (this.indexes.offsets.entryCount + 1) * 8 > config.segmentIndexBytes ||
      (this.indexes.times.entryCount + 2) * 12 > config.segmentIndexBytes;
  }

  get hasFile(): boolean {
    return this.#hasFile || this.size > 0;
  }

  /** Makes the file where there is none yet. */
  createFile(): void {
    if (this.hasFile) return;
    this.#files.open(this.path("log"), "append").close();
    this.#hasFile = true;
  }

  /**
   * Writes `bytes` to the file; index them with {@link noteBatch}, batch by batch. What that goes
   * on from is read before: a read that failed behind the write would leave it in the file, and
   * out of the log.
   */
  append(bytes: Uint8Array): void {
    void this.indexes.offsets;
    void this.indexes.times;
    void this.maxTimestamp;
    if (this.#hasAborted) void this.aborted;
    this.file.append(bytes);
    this.unsynced = true;
    this.indexes.noteGrown();
  }

  /** Takes the batch at `position` into the indexes. Batches come in order. */
  noteBatch(batch: BatchHeader, at: { position: number; baseOffset: Offset; interval: number }) {
    const lastOffset = at.baseOffset + batch.lastOffsetDelta;
    const known = this.maxTimestamp;
    // A batch that compaction has emptied has a time, but no record of it.
    if (batch.recordCount > 0 && batch.maxTimestamp > known.timestampMs) {
      this.#maxTimestamp = { timestampMs: batch.maxTimestamp, offset: lastOffset };
    }
    if (at.position === 0) this.#firstTimestampMs = batch.maxTimestamp;
    if (this.#bytesSinceIndexEntry > at.interval) {
      this.indexes.offsets.append(lastOffset - this.baseOffset, at.position);
      this.#noteMaxTimestamp();
      this.#bytesSinceIndexEntry = 0;
    }
    this.#bytesSinceIndexEntry += batch.sizeBytes;
  }

  /** Takes a batch behind the last index entry into account when a log is opened again. */
  noteTail(batch: BatchHeader): void {
    if (batch.recordCount > 0 && batch.maxTimestamp > this.maxTimestamp.timestampMs) {
      this.#maxTimestamp = { timestampMs: batch.maxTimestamp, offset: batch.lastOffset };
    }
    this.#bytesSinceIndexEntry += batch.sizeBytes;
  }

  /** Adds an aborted transaction; its file gets it with the next sync. */
  addAborted(entry: AbortedTransaction): void {
    if (this.#aborted === undefined) void this.aborted;
    this.#aborted!.push(entry);
    this.#abortedChanges++;
    this.unsynced = true;
  }

  /**
   * Makes the file of aborted transactions what the memory has, durable but for its name. Whether
   * it was written. The file of before is there until this one is whole: recovery looks at no
   * marker that a sync has covered.
   */
  async syncAborted(): Promise<boolean> {
    // What is aborted from here on is for the next sync.
    const changes = this.#abortedChanges;
    if (changes === this.#abortedDurable || this.retired) return false;
    this.#hasAborted = true;
    try {
      const bytes = encodeAborted(this.#aborted ?? []);
      await writeSyncedFile(this.#files, this.path("txnindex"), bytes);
    } catch (error) {
      this.unsynced = true;
      throw error;
    }
    this.#abortedDurable = changes;
    return true;
  }

  /** Starts with empty indexes, to be filled by {@link noteBatch} from the first batch on. */
  resetIndexes(): void {
    this.indexes.reset();
    this.#maxTimestamp = { timestampMs: -1, offset: this.baseOffset };
    this.#firstTimestampMs = undefined;
    this.#bytesSinceIndexEntry = 0;
  }

  /**
   * As {@link resetIndexes}, and forgets the aborted transactions, whose markers will be met again.
   */
  resetAll(): void {
    this.resetIndexes();
    this.#aborted = [];
    // Its file stays until it is written anew: a start that is interrupted before that, and has
    // written index files, reads from it what was aborted before the place where the next begins.
    if (this.#hasAborted) this.#abortedChanges++;
    this.unsynced = true;
    this.indexes.removeKnownFiles();
  }

  /**
   * Forgets what the indexes say of the batches from `position` on, which begin at `baseOffset`,
   * and the aborted transactions whose markers are there, or at or above `markersFrom`.
   */
  resumeIndexes(position: number, at: { baseOffset: Offset; markersFrom?: Offset }): void {
    this.indexes.truncate(position, at.baseOffset - this.baseOffset);
    if (position === 0) this.#firstTimestampMs = undefined;
    const { last } = this.indexes.times;
    this.#maxTimestamp = {
      timestampMs: last?.timestamp ?? -1,
      offset: this.baseOffset + (last?.relativeOffset ?? 0),
    };
    const keptTo = at.markersFrom ?? at.baseOffset;
    const kept = this.aborted.filter((entry) => entry.lastOffset < keptTo);
    if (kept.length < this.aborted.length) {
      this.#aborted = kept;
      this.#abortedChanges++;
    }
    this.unsynced = true;
  }

  /** Cuts the file and the indexes at `position`, where the batch at `offset` began. */
  truncateTo(position: number, offset: Offset): void {
    if (position === this.size) return;
    // In memory first: the files may say more than the log then, and go.
    void this.indexes.offsets;
    void this.indexes.times;
    this.indexes.removeFiles();
    this.file.truncate(position);
    this.#hasFile = true;
    this.resumeIndexes(position, { baseOffset: offset });
  }

  /**
   * Writes the index files when they lag behind the memory: what is new, where the rest is there.
   * They are not durable yet.
   */
  writeIndexes(): void {
    if (this.indexes.areWritten || this.size === 0) return;
    this.#noteMaxTimestamp();
    this.indexes.write();
    this.unsynced = true;
  }

  /** Makes the segment durable, but for {@link syncAborted}. `sealed`: the indexes too. */
  async sync(sealed: boolean): Promise<void> {
    this.unsynced = false;
    try {
      // An empty file is synced where there is one: it may have been cut.
      if (this.size > 0 || this.#hasFile) await this.file.sync();
      if (this.size === 0 || !sealed) return;
      for (const kind of ["index", "timeindex"] as const) {
        if (!this.retired) await syncFile(this.#files, this.path(kind));
      }
    } catch (error) {
      this.unsynced = true;
      throw error;
    }
  }

  /** Lets go of what can be read again: the handle and, of a sealed segment, the indexes. */
  releaseIdle(isActive: boolean): void {
    this.file.closeIdle();
    if (!isActive && this.indexes.areIdle) {
      void this.maxTimestamp;
      this.indexes.drop();
    }
    this.indexes.noteUnused();
  }

  #noteMaxTimestamp(): void {
    const { timestampMs, offset } = this.maxTimestamp;
    this.indexes.times.maybeAppend(timestampMs, offset - this.baseOffset);
  }
}
