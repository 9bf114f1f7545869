// The statistics that a noisy machine leaves meaningful.
import { itemAt } from "../../src/base/items.ts";

/** The middle value; of an even number of values the upper of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return itemAt(sorted, Math.floor(sorted.length / 2));
}

/** A straight line through points. */
export interface Line {
  readonly slope: number;
  /** The slope's standard error. */
  readonly slopeError: number;
  /** Of the points' second coordinates. */
  readonly mean: number;
}

/** The line of least squares through three points or more. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length;
  const meanOf = (pick: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / count;
  const [meanX, meanY] = [meanOf(([x]) => x), meanOf(([, y]) => y)];
  const spread = meanOf(([x]) => (x - meanX) ** 2) * count;
  const slope = meanOf(([x, y]) => (x - meanX) * (y - meanY)) * count / spread;
  const residual = meanOf(([x, y]) => (y - meanY - slope * (x - meanX)) ** 2) * count;
  return { slope, slopeError: Math.sqrt(residual / (count - 2) / spread), mean: meanY };
}
