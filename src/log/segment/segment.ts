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
import { writeEntries } from "../files/index_files.ts";
import { decodeOffsetIndex, OffsetIndex } from "./offset_index.ts";
import { walkHeaders } from "../recovery/scan.ts";
import { SegmentFile } from "./segment_file.ts";
import type { Slices } from "../pacing/slices.ts";
import { decodeTimeIndex, TimeIndex } from "./time_index.ts";
import { type AbortedTransaction, decodeAborted, encodeAborted } from "./txn_index.ts";
import {
  readWholeFile,
  readWholeFileAsync,
  syncFile,
  writeWholeFile,
} from "../files/whole_file.ts";

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
  /** Which files beside the `.log` there are. */
  readonly others?: Iterable<SegmentFileKind>;
  /** Behind the files' names, while the segment is on its way in; "" by default. */
  readonly suffix?: string;
  /** Who walks through it works in these. */
  readonly slices?: Slices;
}

export class Segment {
  readonly baseOffset: Offset;
  readonly file: SegmentFile;
  createdMs: number;
  /** Bytes below this were there when the log was opened: perhaps not in the page cache. */
  readonly coldBytes: number;
  /** Set once the segment is deleted: positions in it mean nothing any more. */
  retired = false;
  /** Behind the names of all files but the `.log`, which knows its own. */
  suffix: string;
  /** Whether the index files say what the memory says. */
  indexesWritten: boolean;
  /** Whether some file of the segment was made, changed or not synced yet. */
  unsynced = false;
  readonly #files: Files;
  readonly #folder: string;
  #hasFile: boolean;
  /** Of the files beside it, those that may be there. */
  readonly #others: Set<SegmentFileKind>;
  #offsetIndex: OffsetIndex | undefined;
  #timeIndex: TimeIndex | undefined;
  #aborted: AbortedTransaction[] | undefined;
  #maxTimestamp: MaxTimestamp | undefined;
  #firstTimestampMs: Int64 | undefined;
  #bytesSinceIndexEntry = 0;
  #indexUsed = false;
  /** How many entries the index files have, all of them those in memory. */
  #offsetsWritten = 0;
  #timesWritten = 0;
  #abortedChanged = false;

  constructor(options: SegmentOptions) {
    this.baseOffset = options.baseOffset;
    this.createdMs = options.createdMs;
    this.coldBytes = options.size;
    this.#files = options.files;
    this.#folder = options.folder;
    this.#hasFile = options.hasFile ?? false;
    this.#others = new Set(options.others);
    this.suffix = options.suffix ?? "";
    this.file = new SegmentFile(options.files, { ...options, path: this.path("log") });
    this.indexesWritten = options.size > 0;
    if (options.size === 0) this.resetIndexes();
    else if (!this.#others.has("txnindex")) this.#aborted = [];
  }

  get size(): number {
    return this.file.size;
  }

  path(kind: SegmentFileKind): string {
    return `${this.#folder}/${segmentFileName(this.baseOffset, kind)}${this.suffix}`;
  }

  get offsetIndex(): OffsetIndex {
    this.#indexUsed = true;
    return this.#offsetIndex ??= this.#decodeOffsetIndex(
      readWholeFile(this.#files, this.path("index")),
    );
  }

  get timeIndex(): TimeIndex {
    this.#indexUsed = true;
    return this.#timeIndex ??= this.#decodeTimeIndex(
      readWholeFile(this.#files, this.path("timeindex")),
    );
  }

  /** Whether a look-up needs no file. */
  get isIndexLoaded(): boolean {
    return this.#offsetIndex !== undefined;
  }

  /** Reads the index files without blocking, unless they are in memory. */
  async loadIndexes(): Promise<void> {
    if (this.#offsetIndex !== undefined && this.#timeIndex !== undefined) return;
    const index = await readWholeFileAsync(this.#files, this.path("index"));
    const times = await readWholeFileAsync(this.#files, this.path("timeindex"));
    this.#indexUsed = true;
    this.#offsetIndex ??= this.#decodeOffsetIndex(index);
    this.#timeIndex ??= this.#decodeTimeIndex(times);
  }

  /** Makes {@link maxTimestamp} known without blocking. */
  async loadMaxTimestamp(): Promise<void> {
    if (this.#maxTimestamp !== undefined) return;
    await this.loadIndexes();
    if (this.timeIndex.last === undefined && this.size > 0) {
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

  /** Its entries lead nowhere: look-ups begin at the start, which is right and slow. */
  dropOffsetIndex(): void {
    this.#offsetIndex = new OffsetIndex();
    this.#files.remove(this.path("index"));
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
      const last = this.timeIndex.last;
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
      (this.offsetIndex.entryCount + 1) * 8 > config.segmentIndexBytes ||
      (this.timeIndex.entryCount + 2) * 12 > config.segmentIndexBytes;
  }

  /** Makes the file where there is none yet. */
  createFile(): void {
    if (this.#hasFile || this.size > 0) return;
    this.#files.open(this.path("log"), "append").close();
    this.#hasFile = true;
  }

  /** Writes `bytes` to the file; index them with {@link noteBatch}, batch by batch. */
  append(bytes: Uint8Array): void {
    this.file.append(bytes);
    this.unsynced = true;
    this.indexesWritten = false;
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
      this.offsetIndex.append(lastOffset - this.baseOffset, at.position);
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
    this.#abortedChanged = true;
    this.unsynced = true;
  }

  /** Writes the file of aborted transactions where it lags behind the memory. */
  writeAborted(): void {
    if (!this.#abortedChanged) return;
    this.#others.add("txnindex");
    writeWholeFile(this.#files, this.path("txnindex"), encodeAborted(this.#aborted ?? []));
  }

  /** Starts with empty indexes, to be filled by {@link noteBatch} from the first batch on. */
  resetIndexes(): void {
    this.#offsetIndex = new OffsetIndex();
    this.#timeIndex = new TimeIndex();
    this.#maxTimestamp = { timestampMs: -1, offset: this.baseOffset };
    this.#firstTimestampMs = undefined;
    this.#bytesSinceIndexEntry = 0;
    this.#noteFilesStale();
  }

  /**
   * As {@link resetIndexes}, and forgets the aborted transactions, whose markers will be met again.
   */
  resetAll(): void {
    this.resetIndexes();
    this.#aborted = [];
    this.unsynced = true;
    for (const kind of this.#others) this.#files.remove(this.path(kind));
    this.#others.clear();
  }

  /**
   * Forgets what the indexes say of the batches from `position` on, which begin at `baseOffset`,
   * and the aborted transactions whose markers are there, or at or above `markersFrom`.
   */
  resumeIndexes(position: number, at: { baseOffset: Offset; markersFrom?: Offset }): void {
    const { offsetIndex, timeIndex } = this;
    offsetIndex.truncate(position);
    timeIndex.truncate(at.baseOffset - this.baseOffset);
    if (position === 0) this.#firstTimestampMs = undefined;
    const last = timeIndex.last;
    this.#maxTimestamp = {
      timestampMs: last?.timestamp ?? -1,
      offset: this.baseOffset + (last?.relativeOffset ?? 0),
    };
    const keptTo = at.markersFrom ?? at.baseOffset;
    const kept = this.aborted.filter((entry) => entry.lastOffset < keptTo);
    if (kept.length < this.aborted.length) {
      this.#aborted = kept;
      this.#abortedChanged = true;
    }
    this.#noteFilesStale();
    this.unsynced = true;
  }

  /** Whether both index files are whole. Costs reading them; they stay in memory. */
  indexesHold(): boolean {
    const index = readWholeFile(this.#files, this.path("index"));
    const times = readWholeFile(this.#files, this.path("timeindex"));
    if (index === undefined || times === undefined) return false;
    this.#offsetIndex = decodeOffsetIndex(index, this.size);
    this.#timeIndex = decodeTimeIndex(times);
    const zeros = index.length > 0 && this.#offsetIndex?.entryCount === 0;
    return this.#offsetIndex !== undefined && this.#timeIndex !== undefined && !zeros;
  }

  /** Cuts the file and the indexes at `position`, where the batch at `offset` began. */
  truncateTo(position: number, offset: Offset): void {
    if (position === this.size) return;
    // In memory first: the files may say more than the log then, and go.
    void this.offsetIndex;
    void this.timeIndex;
    this.#files.remove(this.path("index"));
    this.#files.remove(this.path("timeindex"));
    this.file.truncate(position);
    this.resumeIndexes(position, { baseOffset: offset });
  }

  /**
   * Writes the index files when they lag behind the memory: what is new, where the rest is there.
   * They are not durable yet.
   */
  writeIndexes(): void {
    if (this.indexesWritten || this.size === 0) return;
    const { offsetIndex, timeIndex } = this;
    this.#noteMaxTimestamp();
    this.#others.add("index").add("timeindex");
    try {
      const [offsets, times] = [this.#offsetsWritten, this.#timesWritten];
      writeEntries(this.#files, this.path("index"), { index: offsetIndex, written: offsets });
      writeEntries(this.#files, this.path("timeindex"), { index: timeIndex, written: times });
      this.#offsetsWritten = offsetIndex.entryCount;
      this.#timesWritten = timeIndex.entryCount;
    } catch (error) {
      this.#noteFilesStale();
      // A missing index is rebuilt on open; one from an earlier time would be believed.
      this.#files.remove(this.path("index"));
      this.#files.remove(this.path("timeindex"));
      throw error;
    }
    this.indexesWritten = true;
    this.unsynced = true;
  }

  /** Makes all files of the segment durable. `sealed`: the indexes too. */
  async sync(sealed: boolean): Promise<void> {
    this.unsynced = false;
    // An empty file is synced where there is one: it may have been cut.
    if (this.size > 0 || this.#hasFile) await this.file.sync();
    if (this.size === 0) return;
    const others: SegmentFileKind[] = this.#abortedChanged ? ["txnindex"] : [];
    this.#abortedChanged = false;
    if (sealed) others.push("index", "timeindex");
    for (const kind of others) {
      if (!this.retired) await syncFile(this.#files, this.path(kind));
    }
  }

  /** Lets go of what can be read again: the handle and, of a sealed segment, the indexes. */
  releaseIdle(isActive: boolean): void {
    this.file.closeIdle();
    if (!isActive && !this.#indexUsed && this.indexesWritten) {
      void this.maxTimestamp;
      this.#offsetIndex = undefined;
      this.#timeIndex = undefined;
    }
    this.#indexUsed = false;
  }

  /** The index files are to be written anew, not to be added to. */
  #noteFilesStale(): void {
    this.indexesWritten = false;
    this.#offsetsWritten = 0;
    this.#timesWritten = 0;
  }

  #noteMaxTimestamp(): void {
    const { timestampMs, offset } = this.maxTimestamp;
    this.timeIndex.maybeAppend(timestampMs, offset - this.baseOffset);
  }

  // An empty index is right always, only slow: opening has rebuilt what it found missing or
  // damaged.

  #decodeOffsetIndex(bytes: Uint8Array | undefined): OffsetIndex {
    return (bytes && decodeOffsetIndex(bytes, this.size)) ?? new OffsetIndex();
  }

  #decodeTimeIndex(bytes: Uint8Array | undefined): TimeIndex {
    return (bytes && decodeTimeIndex(bytes)) ?? new TimeIndex();
  }
}
