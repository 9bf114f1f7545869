// The segment that compaction writes, made from one segment or from small neighbours:
//
//   sources: |100  |250  |400 ..   -->  00000000000000000100.log.cleaned
//
// Invariant: its last batch ends where the last batch of its sources did, be it without records: so
// the offsets that it stands for can be told from the file, no output is empty, and a log whose
// active segment has nothing in it ends where it did.
// Differs from Kafka: compaction merges small segments by their size after compaction; Kafka goes
// by their size before it, and needs a second run.

import type { Offset } from "../../base/ids.ts";
import { type BatchHeader, emptyBatch, readBatchHeader } from "../../records/mod.ts";
import type { Filtered } from "./filter.ts";
import type { CompactionPace } from "./pace.ts";
import { cleanedPaths } from "./swap.ts";
import type { LogConfig } from "../partition/config.ts";
import { cleanedSuffix } from "../directory/layout.ts";
import { Segment, type SegmentOptions } from "../segment/segment.ts";

/** Small batches are written together. */
const bufferBytes = 256 * 1024;
/** A sync comes after as many bytes, so that the last one does not have all to do. */
const unsyncedBytesMax = 16 * 1024 * 1024;
const relativeOffsetMax = 0x7fff_ffff;
const positionMax = 0x7fff_ffff;

export interface OutputOptions extends Pick<SegmentOptions, "files" | "handles" | "folder"> {
  readonly config: LogConfig;
  readonly pace: CompactionPace;
}

export class CompactionOutput {
  readonly segment: Segment;
  readonly sources: Segment[] = [];
  /** Whether anything is not as it was. */
  changed = false;
  readonly #options: OutputOptions;
  readonly #buffer = new Uint8Array(bufferBytes);
  #buffered = 0;
  #size = 0;
  #unsyncedBytes = 0;
  /** The last batch of the sources so far, when nothing of it was kept. */
  #dropped: BatchHeader | undefined;

  /** An output that begins where `first` does. */
  constructor(first: Segment, options: OutputOptions) {
    this.#options = options;
    const { baseOffset, createdMs } = first;
    const suffix = cleanedSuffix;
    const { slices } = first.file;
    this.segment = new Segment({ ...options, slices, baseOffset, createdMs, size: 0, suffix });
    // What a crash may have left of an earlier attempt.
    for (const path of cleanedPaths(this.segment)) options.files.remove(path);
  }

  /** Whether all of `source`, which ends before `endOffset`, may be added. */
  fits(source: Segment, endOffset: Offset): boolean {
    const { config } = this.#options;
    const { offsets, times } = this.segment.indexes;
    const entries = Math.ceil(source.size / Math.max(1, config.indexIntervalBytes)) + 2;
    return this.#size + source.size <= Math.min(config.segmentBytes, positionMax) &&
      endOffset - 1 - this.segment.baseOffset <= relativeOffsetMax &&
      (offsets.entryCount + entries) * 8 <= config.segmentIndexBytes &&
      (times.entryCount + entries) * 12 <= config.segmentIndexBytes;
  }

  /** Takes what is left of the batch of `header`, which was `original`. */
  add(original: Uint8Array, header: BatchHeader, filtered: Filtered): void {
    const { bytes } = filtered;
    if (bytes !== original) this.changed = true;
    if (bytes === undefined) {
      this.#dropped = header;
      return;
    }
    this.#dropped = undefined;
    this.#write(bytes, bytes === original ? header : readBatchHeader(bytes));
    if (filtered.aborted !== undefined) this.segment.addAborted(filtered.aborted);
  }

  /**
   * Syncs what was written, when that is much. Nothing may be added meanwhile: an append to a file
   * that is being synced can wait for the disk.
   */
  async settle(): Promise<void> {
    if (this.#unsyncedBytes < unsyncedBytesMax) return;
    this.#unsyncedBytes = 0;
    await this.segment.file.sync();
  }

  /** Writes what is still to be written. */
  finish(): void {
    if (this.#dropped !== undefined) {
      const bytes = emptyBatch(this.#dropped);
      this.#write(bytes, readBatchHeader(bytes));
      this.#dropped = undefined;
    }
    this.#flush();
    this.segment.createdMs = Math.max(...this.sources.map((source) => source.createdMs));
  }

  /** Removes its files. */
  async discard(): Promise<void> {
    this.segment.retired = true;
    this.segment.file.retire();
    for (const path of cleanedPaths(this.segment)) await this.#options.files.removeAsync(path);
  }

  #write(bytes: Uint8Array, header: BatchHeader): void {
    const { baseOffset } = header;
    const interval = this.#options.config.indexIntervalBytes;
    this.segment.noteBatch(header, { position: this.#size, baseOffset, interval });
    this.#size += bytes.length;
    if (this.#buffered + bytes.length > bufferBytes) this.#flush();
    if (bytes.length > bufferBytes) {
      this.#append(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  #flush(): void {
    if (this.#buffered > 0) this.#append(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #append(bytes: Uint8Array): void {
    this.segment.append(bytes);
    this.#options.pace.spend(bytes.length);
    this.#unsyncedBytes += bytes.length;
  }
}
