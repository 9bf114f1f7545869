// Sets of whole numbers that are mostly without gaps, as ranges: millions of them in a few bytes.
//
//   0..4711, 4713..9000      from low to high, a gap between each two
//
// Invariant: ranges are in order, none is empty, and none touches the next.

export interface Range {
  readonly from: number;
  /** The first number behind it. */
  readonly to: number;
}

export class Ranges {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Adds `from` up to, not with, `to`. How many of them were in it already. */
  add(from: number, to: number): number {
    const [starts, ends] = [this.#starts, this.#ends];
    // The usual case: the last one grows.
    const last = ends.length - 1;
    if (last >= 0 && ends[last] === from) {
      ends[last] = to;
      return 0;
    }
    let first = this.#reaching(from);
    let known = 0;
    const [at, merged] = [first, { from, to }];
    for (; first < starts.length && starts[first]! <= to; first++) {
      known += Math.max(0, Math.min(to, ends[first]!) - Math.max(from, starts[first]!));
      merged.from = Math.min(merged.from, starts[first]!);
      merged.to = Math.max(merged.to, ends[first]!);
    }
    starts.splice(at, first - at, merged.from);
    ends.splice(at, first - at, merged.to);
    return known;
  }

  has(number: number): boolean {
    const at = this.#reaching(number + 1);
    return at < this.#starts.length && this.#starts[at]! <= number;
  }

  /** The highest; -1: it is empty. */
  get last(): number {
    return (this.#ends.at(-1) ?? 0) - 1;
  }

  get count(): number {
    return this.#ends.reduce((sum, end, i) => sum + end - this.#starts[i]!, 0);
  }

  *[Symbol.iterator](): Generator<Range> {
    for (const [i, from] of this.#starts.entries()) yield { from, to: this.#ends[i]! };
  }

  /** What of `other` is not in here. */
  *lacking(other: Ranges): Generator<Range> {
    for (const { from, to } of other) {
      let next = from;
      for (let i = this.#reaching(from); i < this.#starts.length; i++) {
        if (this.#starts[i]! >= to) break;
        if (this.#starts[i]! > next) yield { from: next, to: this.#starts[i]! };
        next = Math.max(next, this.#ends[i]!);
      }
      if (next < to) yield { from: next, to };
    }
  }

  /** The index of the first range that ends at `number` or behind it. */
  #reaching(number: number): number {
    let low = 0;
    for (let high = this.#ends.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! >= number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
