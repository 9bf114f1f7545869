// Measurements counted by size: how many were at most so large, for each of a few bounds, and their
// sum. Enough for a mean and for any percentile to the width of a bucket, in constant memory.
//
//   bounds  0.001  0.01  0.1          counts[i]: those in (bounds[i - 1], bounds[i]]
//   counts   12     3     0   1       the last one: those above every bound

import { itemAt } from "./items.ts";

/** Measurements by size. */
export class Histogram {
  /** Upper bounds of the buckets, each included in its own, in increasing order. */
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Takes in one measurement. */
  observe(value: number): void {
    let i = 0;
    while (value > (this.bounds[i] ?? Infinity)) i++;
    this.counts[i] = itemAt(this.counts, i) + 1;
    this.#sum += value;
  }

  /** Of all measurements. */
  get sum(): number {
    return this.#sum;
  }
}

/** Bounds in seconds for what takes from half a millisecond, as a request does, to seconds. */
export const secondsBounds: readonly number[] = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];
