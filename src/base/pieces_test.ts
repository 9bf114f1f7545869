import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { drained, sortedPieces } from "./pieces.ts";

Deno.test("texts sorted in pieces are in the order in which they are sorted at once", () => {
  const texts = Array.from({ length: 5000 }, (_, i) => `${(i * 7919) % 4099}`);
  assertEquals(drained(sortedPieces(texts)), texts.toSorted());
  fc.assert(fc.property(fc.array(fc.string()), (list) => {
    assertEquals(drained(sortedPieces(list)), list.toSorted());
  }));
});
