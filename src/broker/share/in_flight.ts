// What is known of the records that a share group has under way in a partition, as spans of offsets
// of which the same holds: so much memory as there are differences, however many records.
//
//   start offset                                   next offset
//   [0───4 available][5 acquired by a][6───9 done with]   what comes has not been looked at
//
// Invariant: spans are in order and leave nothing out between the start offset and the next one;
// no two neighbours say the same; the first is not done with.

import { assert } from "../../base/assert.ts";
import type { Offset } from "../../base/ids.ts";

/** Kafka's words; the last two are done with. */
export type RecordState = "available" | "acquired" | "acknowledged" | "archived";

/** What a record becomes once that is stored. */
export interface Staged {
  readonly to: Exclude<RecordState, "acquired">;
  /** Which write stores it. */
  readonly write: number;
  /** Whether it becomes that even where it cannot be stored: nobody is there to be told. */
  readonly isForced: boolean;
}

/** What holds of each of some records. */
interface Condition {
  readonly state: RecordState;
  /** How often they were handed out. */
  readonly deliveryCount: number;
  /** Who holds them, and until when; undefined unless they are acquired. */
  readonly held: { readonly memberId: string; readonly untilMs: number } | undefined;
  /** Undefined: nothing is under way. */
  readonly staged: Staged | undefined;
}

/** Offsets from the first to the last, both included. */
export interface OffsetRange {
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
}

export type Span = OffsetRange & Condition;

/** Of records that nobody was given yet. */
export const untouched: Condition = {
  state: "available",
  deliveryCount: 0,
  held: undefined,
  staged: undefined,
};

/** Whether nothing more happens to records in this state. */
export function isDone(state: RecordState): boolean {
  return state === "acknowledged" || state === "archived";
}

/** Arguments of a function take room on the stack. */
const splicedMax = 1_000;

export class InFlight {
  #spans: Span[] = [];
  #startOffset: Offset;

  constructor(startOffset: Offset) {
    this.#startOffset = startOffset;
  }

  /** Everything below is done with. */
  get startOffset(): Offset {
    return this.#startOffset;
  }

  /** The first offset that has not been looked at. */
  get nextOffset(): Offset {
    const last = this.#spans.at(-1);
    return last === undefined ? this.#startOffset : last.lastOffset + 1;
  }

  /** Offsets from the start offset to the next one. */
  get length(): number {
    return this.nextOffset - this.#startOffset;
  }

  /** As they are until the next change. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** What of the spans lies within `range`, in order. */
  *within(range: OffsetRange): Generator<Span> {
    for (let i = this.#indexAt(range.firstOffset); i < this.#spans.length; i++) {
      const span = this.#spans[i];
      if (span === undefined || span.firstOffset > range.lastOffset) return;
      yield cut(span, range);
    }
  }

  /** The next offsets have been looked at. */
  append(lastOffset: Offset, condition: Condition): void {
    const firstOffset = this.nextOffset;
    assert(firstOffset <= lastOffset, "what is appended lies behind the next offset");
    this.#spans.push({ ...condition, firstOffset, lastOffset });
    this.#spans.splice(-2, 2, ...joined(this.#spans.slice(-2)));
  }

  /** Has everything within `range` become something else; what lies beyond is left as it is. */
  change(range: OffsetRange, become: (piece: Span) => Condition): void {
    const from = this.#indexAt(range.firstOffset);
    const changed: Span[] = [];
    let to = from;
    for (; to < this.#spans.length; to++) {
      const span = this.#spans[to];
      if (span === undefined || span.firstOffset > range.lastOffset) break;
      const piece = cut(span, range);
      const { firstOffset, lastOffset } = piece;
      if (span.firstOffset < firstOffset) changed.push({ ...span, lastOffset: firstOffset - 1 });
      changed.push({ ...become(piece), firstOffset, lastOffset });
      if (lastOffset < span.lastOffset) changed.push({ ...span, firstOffset: lastOffset + 1 });
    }
    // The neighbours may say the same now.
    const [left, right] = [Math.max(0, from - 1), to + 1];
    const middle = joined([
      ...this.#spans.slice(left, from),
      ...changed,
      ...this.#spans.slice(to, right),
    ]);
    if (middle.length <= splicedMax) this.#spans.splice(left, right - left, ...middle);
    else this.#spans = this.#spans.slice(0, left).concat(middle, this.#spans.slice(right));
  }

  /** As {@link change}, of all. */
  changeAll(become: (span: Span) => Condition): void {
    this.#spans = joined(this.#spans.map((span) => {
      const { firstOffset, lastOffset } = span;
      return { ...become(span), firstOffset, lastOffset };
    }));
  }

  /** Lets go of what is done with at the beginning. */
  advance(): void {
    const first = this.#spans.findIndex(({ state }) => !isDone(state));
    this.dropBefore(first < 0 ? this.nextOffset : this.#spans[first]?.firstOffset ?? 0);
  }

  /** Lets go of all that lies below `offset`, whatever it is. */
  dropBefore(offset: Offset): void {
    if (offset <= this.#startOffset) return;
    const lastOffset = Math.max(offset, this.nextOffset - 1);
    this.#spans = [...this.within({ firstOffset: offset, lastOffset })];
    this.#startOffset = offset;
  }

  /** Of the first span that ends at `offset` or later. */
  #indexAt(offset: Offset): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#spans[middle]?.lastOffset ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function cut(span: Span, { firstOffset, lastOffset }: OffsetRange): Span {
  if (span.firstOffset >= firstOffset && span.lastOffset <= lastOffset) return span;
  return {
    ...span,
    firstOffset: Math.max(span.firstOffset, firstOffset),
    lastOffset: Math.min(span.lastOffset, lastOffset),
  };
}

function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const before = result.at(-1);
    if (before !== undefined && isSame(before, span)) {
      result[result.length - 1] = { ...before, lastOffset: span.lastOffset };
    } else {
      result.push(span);
    }
  }
  return result;
}

function isSame(a: Condition, b: Condition): boolean {
  return a.state === b.state && a.deliveryCount === b.deliveryCount &&
    a.held?.memberId === b.held?.memberId && a.held?.untilMs === b.held?.untilMs &&
    a.staged?.to === b.staged?.to && a.staged?.write === b.staged?.write &&
    a.staged?.isForced === b.staged?.isForced;
}
