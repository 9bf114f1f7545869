// Who has least to do, of many who are given one thing after the other: a heap, so that to give a
// thousand tasks does not look at every member for each of them.
//
// What an entry says may be out of date, since whoever is given something makes others of its
// process busier too. Loads only grow: an entry that is on top and says too little is put back with
// what holds now.
// Invariant: no entry says more than what holds.

import { itemAt } from "../../base/items.ts";

/** Compared one after the other; the smaller one has less to do. */
export type Load = readonly [own: number, ofProcess: number];

interface Entry<T> {
  readonly item: T;
  /** The first of those with the same load comes first. */
  readonly place: number;
  load: Load;
}

export class LeastLoaded<T> {
  readonly #loadOf: (item: T) => Load;
  readonly #heap: Entry<T>[];

  constructor(items: readonly T[], loadOf: (item: T) => Load) {
    this.#loadOf = loadOf;
    this.#heap = items.map((item, place) => ({ item, place, load: loadOf(item) }));
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** The one with least to do among those that may be taken; it stays here. */
  least(mayBe: (item: T) => boolean = () => true): T | undefined {
    const passedOver: Entry<T>[] = [];
    let found: T | undefined;
    while (this.#heap.length > 0 && found === undefined) {
      const top = this.#currentTop();
      if (mayBe(top.item)) found = top.item;
      else passedOver.push(this.#pop());
    }
    for (const entry of passedOver) this.#push(entry);
    return found;
  }

  #currentTop(): Entry<T> {
    for (;;) {
      const top = itemAt(this.#heap, 0);
      const load = this.#loadOf(top.item);
      if (load[0] === top.load[0] && load[1] === top.load[1]) return top;
      top.load = load;
      this.#sink(0);
    }
  }

  #pop(): Entry<T> {
    const heap = this.#heap;
    const top = itemAt(heap, 0);
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    return top;
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = itemAt(heap, above);
      if (!isBefore(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const entry = itemAt(heap, from);
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const isRight = right < heap.length && isBefore(itemAt(heap, right), itemAt(heap, left));
      const below = isRight ? right : left;
      const child = itemAt(heap, below);
      if (!isBefore(child, entry)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = entry;
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  if (a.load[0] !== b.load[0]) return a.load[0] < b.load[0];
  if (a.load[1] !== b.load[1]) return a.load[1] < b.load[1];
  return a.place < b.place;
}
