// Who has least to do is the one that a look at all of them would find.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LeastLoaded, type Load } from "./least_loaded.ts";

Deno.test("the one with least to do is found, the first of those that are alike", () => {
  const loads: Record<string, Load> = { a: [2, 0], b: [1, 5], c: [1, 4], d: [1, 4] };
  const all = new LeastLoaded(Object.keys(loads), (name) => loads[name]!);
  assertEquals(all.least(), "c");
  assertEquals(all.least((name) => name !== "c"), "d");
  loads["c"] = [1, 6];
  loads["d"] = [3, 4];
  assertEquals(all.least(), "b");
  assertEquals(all.least(() => false), undefined);
});

Deno.test("whoever is given something, and busier by it, it is as a look at all would find", () => {
  const members = fc.array(fc.nat(3), { minLength: 1, maxLength: 12 });
  const given = fc.array(fc.nat(4095), { maxLength: 60 });
  fc.assert(fc.property(members, given, (processes, given) => {
    const own = processes.map(() => 0);
    const ofProcess = [0, 0, 0, 0];
    const loadOf = (i: number): Load => [own[i]!, ofProcess[processes[i]!]!];
    const places = [...processes.keys()];
    const all = new LeastLoaded(places, loadOf);
    for (const mask of given) {
      const mayBe = (i: number) => ((mask >> i) & 1) === 1;
      const sorted = places.filter(mayBe).sort((a, b) => {
        const [x, y] = [loadOf(a), loadOf(b)];
        return x[0] - y[0] || x[1] - y[1] || a - b;
      });
      const least = all.least(mayBe);
      assertEquals(least, sorted[0]);
      if (least === undefined) continue;
      own[least]!++;
      ofProcess[processes[least]!]!++;
    }
  }));
});
