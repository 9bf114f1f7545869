// A binary heap: of many, the one that comes before all others, at the cost of a logarithm.
//
// Invariant: no item comes before the one at half its place.

import { itemAt } from "./items.ts";

/** Items in no order but that of `isBefore`, which tells for any two which is out first. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #items: T[];

  /** Takes `items` over. */
  constructor(isBefore: (a: T, b: T) => boolean, items: T[] = []) {
    this.#isBefore = isBefore;
    this.#items = items;
    this.#order();
  }

  get size(): number {
    return this.#items.length;
  }

  /** The one that is out first; undefined where there is none. */
  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = itemAt(items, above);
      if (!this.#isBefore(item, parent)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  /** Takes out the first; undefined where there is none. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) {
      items[0] = last;
      this.#sink(0);
    }
    return first;
  }

  /** Puts the first where it belongs, now that others may come before it. */
  sinkFirst(): void {
    if (this.#items.length > 0) this.#sink(0);
  }

  /** Takes out all that `isKept` does not hold for; takes as many steps as there are items. */
  retain(isKept: (item: T) => boolean): void {
    const items = this.#items;
    let kept = 0;
    for (const item of items) if (isKept(item)) items[kept++] = item;
    items.length = kept;
    this.#order();
  }

  #order(): void {
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  #sink(from: number): void {
    const items = this.#items;
    const item = itemAt(items, from);
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= items.length) break;
      const right = left + 1;
      const isRight = right < items.length &&
        this.#isBefore(itemAt(items, right), itemAt(items, left));
      const below = isRight ? right : left;
      const child = itemAt(items, below);
      if (!this.#isBefore(child, item)) break;
      items[at] = child;
      at = below;
    }
    items[at] = item;
  }
}
