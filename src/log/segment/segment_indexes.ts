// The life of a segment's two sparse indexes, in memory and in their files.
//
//   filled ──write──> written ──idle──> dropped ──asked──> read again
//      └──────────────── a write fails: both files go, and opening the log makes them anew
//
// Invariant: what the files say was right when it was written; before the log becomes less than
// they say, they are gone. A missing index is rebuilt on open, one from an earlier time would be
// believed.

import type { Files } from "../../runtime/ports.ts";
import { writeEntries } from "../files/index_files.ts";
import { readWholeFile, readWholeFileAsync } from "../files/whole_file.ts";
import { decodeOffsetIndex, OffsetIndex } from "./offset_index.ts";
import { decodeTimeIndex, TimeIndex } from "./time_index.ts";

/** The segment whose indexes they are. */
export interface IndexedSegment {
  /** Bytes of its `.log` file. */
  readonly size: number;
  path(kind: "index" | "timeindex"): string;
}

export class SegmentIndexes {
  readonly #files: Files;
  readonly #segment: IndexedSegment;
  #offsets: OffsetIndex | undefined;
  #times: TimeIndex | undefined;
  /** Whether the files say what the memory says. */
  #isWritten: boolean;
  /** How many entries the files have, all of them those in memory. */
  #offsetsWritten = 0;
  #timesWritten = 0;
  /** Whether a file of either is known of. */
  #hasFiles: boolean;
  #isUsed = false;

  constructor(files: Files, segment: IndexedSegment, o: { readonly hasFiles: boolean }) {
    this.#files = files;
    this.#segment = segment;
    this.#hasFiles = o.hasFiles;
    this.#isWritten = segment.size > 0;
  }

  get offsets(): OffsetIndex {
    this.#isUsed = true;
    return this.#offsets ??= this.#decodeOffsets(this.#read("index"));
  }

  get times(): TimeIndex {
    this.#isUsed = true;
    return this.#times ??= this.#decodeTimes(this.#read("timeindex"));
  }

  /** Whether a look-up needs no file. */
  get areLoaded(): boolean {
    return this.#offsets !== undefined;
  }

  /** Reads the files without blocking, unless they are in memory. */
  async load(): Promise<void> {
    if (this.#offsets !== undefined && this.#times !== undefined) return;
    const index = await readWholeFileAsync(this.#files, this.#segment.path("index"));
    const times = await readWholeFileAsync(this.#files, this.#segment.path("timeindex"));
    this.#isUsed = true;
    this.#offsets ??= this.#decodeOffsets(index);
    this.#times ??= this.#decodeTimes(times);
  }

  /** Whether both files are whole. Costs reading them; they stay in memory. */
  hold(): boolean {
    const index = this.#read("index");
    const times = this.#read("timeindex");
    if (index === undefined || times === undefined) return false;
    this.#offsets = decodeOffsetIndex(index, this.#segment.size);
    this.#times = decodeTimeIndex(times);
    const zeros = index.length > 0 && this.#offsets?.entryCount === 0;
    return this.#offsets !== undefined && this.#times !== undefined && !zeros;
  }

  /** Empty ones, to be filled from the first batch on. */
  reset(): void {
    this.#offsets = new OffsetIndex();
    this.#times = new TimeIndex();
    this.noteStale();
  }

  /** Those of offsets lead nowhere: look-ups begin at the start, which is right and slow. */
  dropOffsets(): void {
    this.#offsets = new OffsetIndex();
    this.#files.remove(this.#segment.path("index"));
  }

  /** Forgets what they say of batches from `position` on, the first of them at this offset. */
  truncate(position: number, relativeOffset: number): void {
    this.offsets.truncate(position);
    this.times.truncate(relativeOffset);
    this.noteStale();
  }

  /** The segment has grown: the files lag behind. */
  noteGrown(): void {
    this.#isWritten = false;
  }

  /** The files are to be written anew, not to be added to. */
  noteStale(): void {
    this.#isWritten = false;
    this.#offsetsWritten = 0;
    this.#timesWritten = 0;
  }

  /** Removes the files where any are known of: to ask for what is not there costs a start. */
  removeKnownFiles(): void {
    if (this.#hasFiles) this.removeFiles();
  }

  removeFiles(): void {
    this.#hasFiles = false;
    this.#files.remove(this.#segment.path("index"));
    this.#files.remove(this.#segment.path("timeindex"));
  }

  get areWritten(): boolean {
    return this.#isWritten;
  }

  /** Writes what the files do not have yet: what is new, where the rest is there. Not durable. */
  write(): void {
    const { offsets, times } = this;
    this.#hasFiles = true;
    try {
      const [index, timeindex] = [this.#segment.path("index"), this.#segment.path("timeindex")];
      writeEntries(this.#files, index, { index: offsets, written: this.#offsetsWritten });
      writeEntries(this.#files, timeindex, { index: times, written: this.#timesWritten });
      this.#offsetsWritten = offsets.entryCount;
      this.#timesWritten = times.entryCount;
    } catch (error) {
      this.noteStale();
      this.removeFiles();
      throw error;
    }
    this.#isWritten = true;
  }

  /** Whether the files have them and nobody has asked for them since {@link noteUnused}. */
  get areIdle(): boolean {
    return !this.#isUsed && this.#isWritten;
  }

  noteUnused(): void {
    this.#isUsed = false;
  }

  /** Lets go of the memory: who asks next reads the files. */
  drop(): void {
    this.#offsets = undefined;
    this.#times = undefined;
  }

  #read(kind: "index" | "timeindex"): Uint8Array | undefined {
    return readWholeFile(this.#files, this.#segment.path(kind));
  }

  // An empty index is right always, only slow: opening has rebuilt what it found missing or
  // damaged.

  #decodeOffsets(bytes: Uint8Array | undefined): OffsetIndex {
    return (bytes && decodeOffsetIndex(bytes, this.#segment.size)) ?? new OffsetIndex();
  }

  #decodeTimes(bytes: Uint8Array | undefined): TimeIndex {
    return (bytes && decodeTimeIndex(bytes)) ?? new TimeIndex();
  }
}
