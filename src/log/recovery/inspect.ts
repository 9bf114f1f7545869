// Looks into a log's files as they are, for people and for repair: nothing is trusted, nothing is
// changed, and what does not hold is said rather than thrown.
//
//   batches of a .log, .checkpoint or .cut     { header } ... { problem } { header } ...
//   entries of .index .timeindex .txnindex     { fields } ... { problem }
//
// Invariant: what is yielded covers the file from its first byte to its last.

import type { Offset } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { int16At, int32At } from "../../base/items.ts";
import { int64At, offsetAt } from "../../records/batch.ts";
import type { BatchHeader } from "../../records/mod.ts";
import type { OpenFile } from "../../runtime/ports.ts";
import { oldMessagesAt, oldMessagesReason } from "./old_messages.ts";
import {
  type Expectation,
  FileWindow,
  findBatchBehind,
  judgeBatch,
  misplaced,
  type OffsetRange,
} from "./scan.ts";

/** A stretch of a file that does not hold. */
export interface FileProblem {
  readonly position: number;
  /** Where good bytes go on; the file's end when none do. */
  readonly endPosition: number;
  readonly problem: string;
  /** Offset that is due here. */
  readonly fromOffset: Offset;
  /** Offset at which batches go on; undefined when none do. */
  readonly toOffset: Offset | undefined;
  /** Nothing is wrong with it, but its age. */
  readonly isOld?: boolean;
}

/** A batch that holds. */
export interface FoundBatch {
  readonly position: number;
  readonly header: BatchHeader;
}

/**
 * Every batch of `file`, checksums checked, and every stretch that is none. Offsets must increase
 * from `baseOffset` on; gaps are left to the caller, since compaction makes them.
 */
export async function* inspectBatches(
  file: OpenFile,
  from: OffsetRange,
): AsyncGenerator<FoundBatch | FileProblem> {
  const window = new FileWindow(file);
  const expected: Expectation = {
    nextOffset: from.baseOffset,
    leaderEpoch: -1,
    gapsAllowed: true,
  };
  for (let position = 0; position < window.size;) {
    const before = { ...expected };
    const verdict = await judgeBatch(window, { position, expected });
    if ("header" in verdict) {
      const { header } = verdict;
      const endPosition = position + header.sizeBytes;
      const wrong = await misplaced(window, { header, endPosition, before, range: from });
      if (wrong === undefined) yield { position, header };
      else {
        const fromOffset = before.nextOffset;
        yield { position, endPosition, fromOffset, ...wrong };
        expected.nextOffset = wrong.toOffset;
        expected.leaderEpoch = before.leaderEpoch;
      }
      position = endPosition;
      continue;
    }
    const { nextOffset: fromOffset } = expected;
    const old = await oldMessagesAt(window, { position, nextOffset: fromOffset });
    if (old !== undefined) {
      yield { position, fromOffset, ...old, problem: oldMessagesReason, isOld: true };
      position = old.endPosition;
      expected.nextOffset = old.toOffset;
      continue;
    }
    const next = await findBatchBehind(window, { from: position + 1, nextOffset: fromOffset });
    const toOffset = next === undefined ? undefined : offsetAt(await window.view(next, 8), 0);
    const endPosition = next ?? window.size;
    yield { position, endPosition, problem: verdict.reason, fromOffset, toOffset };
    position = endPosition;
    expected.leaderEpoch = -1;
  }
}

/** An entry of an index file, by the names of its fields. */
export type IndexEntry = Readonly<Record<string, Int64>>;

type Layout<Entry extends IndexEntry = IndexEntry> = {
  readonly entryBytes: number;
  read(bytes: Uint8Array, position: number, baseOffset: Offset): Entry;
  /** What is wrong between an entry and the one before it. */
  problem(entry: Entry, before: Entry): string | undefined;
};

/** Lets a layout speak of the fields that its own entries have. */
function layoutOf<Entry extends IndexEntry>(layout: Layout<Entry>): Layout {
  return layout;
}

const layouts: Readonly<Record<"index" | "timeindex" | "txnindex", Layout>> = {
  index: layoutOf({
    entryBytes: 8,
    read: (bytes, p, baseOffset) => ({
      offset: baseOffset + int32At(bytes, p),
      position: int32At(bytes, p + 4),
    }),
    problem: (entry, before) =>
      entry.offset <= before.offset || entry.position <= before.position
        ? "entries do not increase"
        : undefined,
  }),
  timeindex: layoutOf({
    entryBytes: 12,
    read: (bytes, p, baseOffset) => ({
      timestamp: int64At(bytes, p),
      offset: baseOffset + int32At(bytes, p + 8),
    }),
    problem: (entry, before) =>
      entry.timestamp <= before.timestamp || entry.offset < before.offset
        ? "entries do not increase"
        : undefined,
  }),
  txnindex: layoutOf({
    entryBytes: 34,
    read: (bytes, p) => ({
      version: int16At(bytes, p),
      producerId: int64At(bytes, p + 2),
      firstOffset: int64At(bytes, p + 10),
      lastOffset: int64At(bytes, p + 18),
      lastStableOffset: int64At(bytes, p + 26),
    }),
    problem: (entry, before) =>
      entry.lastOffset <= before.lastOffset ? "entries do not increase" : undefined,
  }),
};

/** The entries of an index file, whose zeros at the end, allocated ahead, are left out. */
export function* inspectIndex(
  bytes: Uint8Array,
  of: { kind: "index" | "timeindex" | "txnindex"; baseOffset: Offset },
): Generator<IndexEntry | { readonly position: number; readonly problem: string }> {
  const { entryBytes, read, problem } = layouts[of.kind];
  let used = bytes.length;
  if (of.kind !== "txnindex") { while (used > 0 && bytes[used - 1] === 0) used--; }
  const end = Math.min(bytes.length, Math.ceil(used / entryBytes) * entryBytes);
  let before: IndexEntry | undefined;
  let position = 0;
  for (; position + entryBytes <= end; position += entryBytes) {
    const entry = read(bytes, position, of.baseOffset);
    const wrong = before === undefined ? undefined : problem(entry, before);
    if (wrong !== undefined) yield { position, problem: wrong };
    yield entry;
    before = entry;
  }
  if (position < end) yield { position, problem: `${end - position} bytes are no whole entry` };
}
