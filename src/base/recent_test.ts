import { assertEquals } from "@std/assert";
import { Recent } from "./recent.ts";

Deno.test("what was used the longest ago makes room", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  assertEquals(recent.get("a"), 1);
  recent.set("c", 3);
  assertEquals([recent.get("a"), recent.get("b"), recent.get("c")], [1, undefined, 3]);
  recent.set("a", 4);
  recent.set("d", 5);
  assertEquals([recent.get("a"), recent.get("c"), recent.size], [4, undefined, 2]);
});

Deno.test("what is kept is not made again", () => {
  const recent = new Recent<string, object>(1);
  const first = recent.getOrMake("a", () => ({}));
  assertEquals(recent.getOrMake("a", () => ({})) === first, true);
  recent.getOrMake("b", () => ({}));
  assertEquals(recent.getOrMake("a", () => ({})) === first, false);
});
