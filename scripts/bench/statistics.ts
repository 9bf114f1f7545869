// The one statistic that a noisy machine leaves meaningful.
import { itemAt } from "../../src/base/items.ts";

/** The middle value; of an even number of values the upper of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return itemAt(sorted, Math.floor(sorted.length / 2));
}
