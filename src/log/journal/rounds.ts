// What the file of a journal consists of: rounds, each of them what one sync covers, and in it
// batches of any log of a data directory.
//
//   round   int32 length | uint32 crc32c | entry | entry | ...
//                                         \___ length, checksum of it ___/
//   entry   int32 length | topic id, 16 bytes | int32 partition | the batch, as in its log, or a
//           zero: what comes before of that log counts no longer
//
// The checksum goes on from the file's number, so that what an earlier file has left in the same
// place is none of it. What the first builds have left, entries without rounds, is read as well.
// Invariant: reading ends at the first round that is not whole: what is in it
// was promised to nobody, and what lies behind it was written before the file began.

import { crc32c } from "../../base/crc.ts";
import { type Uuid, uuidFromBytes, uuidToBytes } from "../../base/ids.ts";
import type { PartitionId } from "../../base/ids.ts";

const headBytes = 8;
const lengthBytes = 4;
const nameBytes = 20;

/** In the place of a batch: the log's entries before this one count no longer. */
export const forgotten: Uint8Array = new Uint8Array(1);

/** A batch and the log that it is of. */
export interface JournalEntry {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly batch: Uint8Array;
}

/** A log's name, as its entries have it. */
export function encodeName({ topicId, partition }: Omit<JournalEntry, "batch">): Uint8Array {
  const name = new Uint8Array(nameBytes);
  uuidToBytes(topicId, name);
  new DataView(name.buffer).setInt32(16, partition);
  return name;
}

/** Gathers a round; used again for the next one. */
export class RoundWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #end = headBytes;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get isEmpty(): boolean {
    return this.#end === headBytes;
  }

  /** What it takes in a file. */
  get length(): number {
    return this.#end;
  }

  /** Adds a batch of the log of `name`; false where there is no room. */
  add(name: Uint8Array, batch: Uint8Array): boolean {
    const start = this.#end + lengthBytes;
    const end = start + nameBytes + batch.length;
    if (end > this.#bytes.length) return false;
    this.#view.setInt32(this.#end, end - start);
    this.#bytes.set(name, start);
    this.#bytes.set(batch, start + nameBytes);
    this.#end = end;
    return true;
  }

  /** What is to be written into file `fileNumber`; good until {@link clear}. */
  finish(fileNumber: number): Uint8Array {
    this.#view.setInt32(0, this.#end - headBytes);
    this.#view.setUint32(4, crc32c(this.#bytes, headBytes, this.#end, fileNumber));
    return this.#bytes.subarray(0, this.#end);
  }

  clear(): void {
    this.#end = headBytes;
  }
}

/** The entries of the rounds that file `fileNumber` begins with; their batches are views of it. */
export function* readRounds(bytes: Uint8Array, fileNumber: number): Generator<JournalEntry> {
  for (let start = 0;;) {
    const round = partAt(bytes, { start, seed: fileNumber });
    const entries = round && entriesOf(round);
    if (round === undefined || entries === undefined) {
      if (start === 0) yield* readEntriesAlone(bytes);
      return;
    }
    yield* entries;
    start += headBytes + round.length;
  }
}

/**
 * The first builds had no rounds: each entry has a checksum of its own, from zero in every file.
 * What such a build has acknowledged outlives the change to this one.
 */
function* readEntriesAlone(bytes: Uint8Array): Generator<JournalEntry> {
  for (let start = 0;;) {
    const entry = partAt(bytes, { start, seed: 0 });
    if (entry === undefined || entry.length <= nameBytes) return;
    yield entryOf(entry);
    start += headBytes + entry.length;
  }
}

/** What lies behind a length and its checksum; undefined where that does not hold. */
function partAt(
  bytes: Uint8Array,
  { start, seed }: { readonly start: number; readonly seed: number },
): Uint8Array | undefined {
  const body = start + headBytes;
  if (body >= bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getInt32(start);
  if (length <= 0 || length > bytes.length - body) return undefined;
  const isWhole = crc32c(bytes, body, body + length, seed) === view.getUint32(start + 4);
  return isWhole ? bytes.subarray(body, body + length) : undefined;
}

/** Those of a round; undefined where it is none. */
function entriesOf(round: Uint8Array): JournalEntry[] | undefined {
  const view = new DataView(round.buffer, round.byteOffset, round.length);
  const entries: JournalEntry[] = [];
  for (let start = 0; start < round.length;) {
    if (round.length - start <= lengthBytes + nameBytes) return undefined;
    const end = start + lengthBytes + view.getInt32(start);
    if (end <= start + lengthBytes + nameBytes || end > round.length) return undefined;
    entries.push(entryOf(round.subarray(start + lengthBytes, end)));
    start = end;
  }
  return entries;
}

function entryOf(bytes: Uint8Array): JournalEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    topicId: uuidFromBytes(bytes, 0),
    partition: view.getInt32(16),
    batch: bytes.subarray(nameBytes),
  };
}
