// Who has least to do, of many who are given one thing after the other: a heap, so that to give a
// thousand tasks does not look at every member for each of them.
//
// What an entry says may be out of date, since whoever is given something makes others of its
// process busier too. Loads only grow: an entry that is on top and says too little is put back with
// what holds now.
// Invariant: no entry says more than what holds.

import { Heap } from "../../../base/heap.ts";

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
  readonly #heap: Heap<Entry<T>>;

  constructor(items: readonly T[], loadOf: (item: T) => Load) {
    this.#loadOf = loadOf;
    const entries = items.map((item, place) => ({ item, place, load: loadOf(item) }));
    this.#heap = new Heap(isBefore, entries);
  }

  /** The one with least to do among those that may be taken; it stays here. */
  least(mayBe: (item: T) => boolean = () => true): T | undefined {
    const passedOver: Entry<T>[] = [];
    let top = this.#currentTop();
    while (top !== undefined && !mayBe(top.item)) {
      passedOver.push(top);
      this.#heap.pop();
      top = this.#currentTop();
    }
    for (const entry of passedOver) this.#heap.push(entry);
    return top?.item;
  }

  #currentTop(): Entry<T> | undefined {
    for (;;) {
      const top = this.#heap.first;
      if (top === undefined) return undefined;
      const load = this.#loadOf(top.item);
      if (load[0] === top.load[0] && load[1] === top.load[1]) return top;
      top.load = load;
      this.#heap.sinkFirst();
    }
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  if (a.load[0] !== b.load[0]) return a.load[0] < b.load[0];
  if (a.load[1] !== b.load[1]) return a.load[1] < b.load[1];
  return a.place < b.place;
}
