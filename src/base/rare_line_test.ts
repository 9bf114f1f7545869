import { assertEquals } from "@std/assert";
import { RareLine } from "./rare_line.ts";

Deno.test("what happens every 2 s for a day is said some hundred times, and counted", () => {
  let nowMs = 0;
  const counts: number[] = [];
  const monotonic = () => nowMs;
  const line = new RareLine({ say: (_, count) => void counts.push(count), monotonic });
  for (; nowMs < 86_400_000; nowMs += 2_000) line.note("no space");
  assertEquals(counts.slice(0, 4), [1, 2, 4, 8]);
  assertEquals(counts.at(-1), 300);
  assertEquals(counts.length, 151);
});

Deno.test("after a quiet minute the next one is said at once", () => {
  let nowMs = 0;
  const said: string[] = [];
  const say = (reason: string, count: number) => void said.push(`${reason} ${count}`);
  const line = new RareLine({ say, monotonic: () => nowMs });
  for (const reason of ["a", "b", "c"]) line.note(reason);
  nowMs += 60_000;
  line.note("d");
  assertEquals(said, ["a 1", "d 1"]);
});
