import { assertEquals } from "@std/assert";
import { durationOf } from "./durations.ts";

Deno.test("durations add up", () => {
  assertEquals(durationOf("1h30m"), 5_400_000);
  assertEquals(durationOf("1h 30 m"), 5_400_000);
  assertEquals(durationOf("250ms"), 250);
  assertEquals(durationOf("1.5s"), 1_500);
  assertEquals(durationOf("2d 1s"), 172_801_000);
  assertEquals(durationOf("1w"), 604_800_000);
  for (const text of ["", "h", "5", "-5m", "1h30", "1.s", "."]) {
    assertEquals(durationOf(text), undefined, text);
  }
});
