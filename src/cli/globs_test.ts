import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { globMatcher, isGlob, namesOf } from "./globs.ts";

Deno.test("a pattern stands for the names that are like it, a plain word for itself", () => {
  const known = ["bills", "orders-1", "orders-2", "stores"];
  assertEquals(namesOf(["orders-*"], known), ["orders-1", "orders-2"]);
  assertEquals(namesOf(["?i*s", "gone", "bills"], known), ["bills", "gone"]);
  assertEquals(namesOf(["*o*es"], known), ["stores"]);
  assertEquals(namesOf(["x*"], known), []);
  assertEquals([isGlob("orders"), isGlob("order?")], [false, true]);
});

Deno.test("patterns mean what the same regular expression does", () => {
  fc.assert(fc.property(
    fc.stringMatching(/^[ab*?.]{0,8}$/),
    fc.stringMatching(/^[ab.]{0,8}$/),
    (glob, text) => {
      const escaped = glob.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      assertEquals(globMatcher(glob)(text), new RegExp(`^${escaped}$`).test(text));
    },
  ));
  // One that backtracks would never end.
  assertEquals(globMatcher("*a".repeat(30) + "b")("a".repeat(5_000)), false);
});
