import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PrefixMap } from "./prefix_map.ts";

function foundBy<V>(map: PrefixMap<V>, name: string): [string, V][] {
  const found: [string, V][] = [];
  for (let each = map.longestOf(name); each !== undefined; each = each.shorter) {
    found.push([each.text, each.value]);
  }
  return found;
}

Deno.test("a name has the values of its beginnings, the longest first", () => {
  const map = new PrefixMap<number>();
  for (const [i, text] of ["team-a.", "t", "team-b.", "team-", "u"].entries()) map.add(text, i);
  assertEquals(foundBy(map, "team-b.orders"), [["team-b.", 2], ["team-", 3], ["t", 1]]);
  assertEquals(foundBy(map, "team-c"), [["team-", 3], ["t", 1]]);
  assertEquals(foundBy(map, "other"), []);
  map.delete("team-");
  assertEquals(foundBy(map, "team-b.orders"), [["team-b.", 2], ["t", 1]]);
});

Deno.test("what is found is what trying every prefix finds, as prefixes come and go", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\u{1f600}", "\uffff"), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), fc.array(text), (steps, names) => {
      const map = new PrefixMap<number>();
      const model = new Map<string, number>();
      for (const [i, step] of steps.entries()) {
        if (model.delete(step)) map.delete(step);
        else {
          model.set(step, i);
          map.add(step, i);
        }
        assertEquals(map.get(step), model.get(step));
        for (const name of [...names, step]) {
          const expected = [...model].filter(([prefix]) => name.startsWith(prefix))
            .sort(([a], [b]) => b.length - a.length);
          assertEquals(foundBy(map, name), expected);
        }
      }
    }),
  );
});
