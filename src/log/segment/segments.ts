// The segments of a log in order; the last one is active. Invariant: never empty, base offsets
// increase strictly, the offsets of a segment end at or below the next one's base.

import { assert } from "../../base/assert.ts";
import type { Offset } from "../../base/ids.ts";
import { firstOf, itemAt, lastOf } from "../../base/items.ts";
import type { Segment } from "./segment.ts";
import type { AbortedTransaction } from "./txn_index.ts";

export class Segments {
  readonly #list: Segment[];

  constructor(list: readonly Segment[]) {
    assert(list.length > 0, "a log has a segment");
    this.#list = [...list];
  }

  get all(): readonly Segment[] {
    return this.#list;
  }

  get active(): Segment {
    return lastOf(this.#list);
  }

  get first(): Segment {
    return firstOf(this.#list);
  }

  get sizeBytes(): number {
    let bytes = 0;
    for (const segment of this.#list) bytes += segment.size;
    return bytes;
  }

  /** The last segment that begins at or before `offset`; the first one otherwise. */
  holding(offset: Offset): Segment {
    return itemAt(this.#list, this.#floorIndex(offset));
  }

  #floorIndex(offset: Offset): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (itemAt(this.#list, middle).baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** How many lie wholly below `offset`; the active one is not counted. */
  countBelow(offset: Offset): number {
    return this.#floorIndex(offset);
  }

  /** The segment behind `segment`; undefined when it is the active one, or gone. */
  after(segment: Segment): Segment | undefined {
    const index = this.#floorIndex(segment.baseOffset);
    return this.#list[index] === segment ? this.#list[index + 1] : this.#list[index];
  }

  /** Aborted transactions with records in `[from, to)`. */
  abortedTransactions(from: Offset, to: Offset): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (const { aborted } of this.#list.slice(this.#floorIndex(from))) {
      for (const entry of aborted) {
        if (entry.lastOffset >= from && entry.firstOffset < to) found.push(entry);
        if (entry.lastStableOffset >= to) return found;
      }
    }
    return found;
  }

  push(segment: Segment): void {
    assert(segment.baseOffset > this.active.baseOffset, "segments begin in order");
    this.#list.push(segment);
  }

  /** Puts `segment` in the place of all others, which it returns. */
  restart(segment: Segment): Segment[] {
    const isNew = this.#list.every(({ baseOffset }) => baseOffset !== segment.baseOffset);
    assert(isNew, "a log begins anew where no segment of it does");
    return this.#list.splice(0, this.#list.length, segment);
  }

  /** Takes out the first `count` segments. */
  shift(count: number): Segment[] {
    assert(count < this.#list.length, "the active segment stays");
    return this.#list.splice(0, count);
  }

  /** Puts `segment` in the place of `sources`, which stand side by side before the active one. */
  replace(sources: readonly Segment[], segment: Segment): void {
    const first = firstOf(sources);
    const index = this.#list.indexOf(first);
    const isRun = sources.every((source, i) => this.#list[index + i] === source);
    assert(isRun && segment.baseOffset === first.baseOffset, "a run of segments is replaced");
    assert(index + sources.length < this.#list.length, "the active segment stays");
    this.#list.splice(index, sources.length, segment);
  }

  /** Takes out the segments that begin at or above `offset`; the first one stays. */
  popFrom(offset: Offset): Segment[] {
    let keep = this.#list.length;
    while (keep > 1 && itemAt(this.#list, keep - 1).baseOffset >= offset) keep--;
    return this.#list.splice(keep);
  }
}
