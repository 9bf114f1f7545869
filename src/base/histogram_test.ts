import { assertEquals } from "@std/assert";
import { Histogram } from "./histogram.ts";

Deno.test("a histogram counts a measurement in the first bucket that holds it", () => {
  const histogram = new Histogram([1, 10, 100]);
  for (const value of [0, 1, 1.5, 10, 99, 101, 1e9]) histogram.observe(value);
  assertEquals([...histogram.counts], [2, 2, 1, 2]);
  assertEquals(histogram.sum, 0 + 1 + 1.5 + 10 + 99 + 101 + 1e9);
});
