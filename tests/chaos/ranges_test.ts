import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { Ranges } from "./ranges.ts";

Deno.test("ranges of numbers grow together, and tell what they lack", () => {
  const ranges = new Ranges();
  assertEquals([ranges.add(0, 10), ranges.add(10, 20), ranges.add(30, 40)], [0, 0, 0]);
  assertEquals([...ranges], [{ from: 0, to: 20 }, { from: 30, to: 40 }]);
  assertEquals([ranges.count, ranges.last, ranges.has(19), ranges.has(20)], [30, 39, true, false]);

  const wanted = new Ranges();
  wanted.add(15, 45);
  assertEquals([...ranges.lacking(wanted)], [{ from: 20, to: 30 }, { from: 40, to: 45 }]);
  // Ten of these were there.
  assertEquals(ranges.add(15, 35), 10);
  assertEquals([...ranges], [{ from: 0, to: 40 }]);
});

Deno.test("ranges are a set of numbers", () => {
  const random = new SeededRandom(1, "ranges");
  for (let round = 0; round < 500; round++) {
    const [ranges, set] = [new Ranges(), new Set<number>()];
    const [others, other] = [new Ranges(), new Set<number>()];
    for (let step = 0; step < 20; step++) {
      const from = Math.floor(random.between(0, 60));
      const to = from + 1 + Math.floor(random.between(0, 12));
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      if (random.chance(0.3)) {
        others.add(from, to);
        for (const each of numbers) other.add(each);
        continue;
      }
      assertEquals(ranges.add(from, to), numbers.filter((each) => set.has(each)).length);
      for (const each of numbers) set.add(each);
    }
    const listed = [...ranges].flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => from + i)
    );
    assertEquals(listed, [...set].sort((a, b) => a - b));
    const lacking = [...ranges.lacking(others)].flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => from + i)
    );
    assertEquals(lacking, [...other].filter((each) => !set.has(each)).sort((a, b) => a - b));
  }
});
