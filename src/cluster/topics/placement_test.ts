import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { firstOf } from "../../base/items.ts";
import { type PlaceableBroker, placeReplicas } from "./placement.ts";

function broker(id: number, rack: string | null = null, active = true): PlaceableBroker {
  return { id, rack, active };
}

Deno.test("leaders go round the brokers and followers stand in other racks", () => {
  const brokers = [broker(1, "A"), broker(2, "B"), broker(3, "C"), broker(4, "A")];
  const request = { partitionCount: 4, replicationFactor: 3, start: 0 };
  assertEquals(placeReplicas(brokers, request), {
    replicas: [[1, 2, 3], [2, 3, 4], [3, 4, 2], [4, 2, 3]],
  });
});

Deno.test("one broker gets everything", () => {
  const request = { partitionCount: 2, replicationFactor: 1, start: 7 };
  assertEquals(placeReplicas([broker(5)], request), { replicas: [[5], [5]] });
});

Deno.test("what cannot be placed says why", () => {
  const request = { partitionCount: 1, replicationFactor: 2, start: 0 };
  assertEquals(placeReplicas([broker(1, null, false)], request), {
    problem: "All brokers are currently fenced or in controlled shutdown.",
  });
  assertEquals(placeReplicas([broker(1)], request), {
    problem: "The target replication factor of 2 cannot be reached because only 1 broker(s) are " +
      "registered.",
  });
});

Deno.test("replicas are distinct, spread over racks, and led evenly by active brokers", () => {
  const racks = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 9 });
  const fenced = fc.array(fc.boolean(), { maxLength: 9 });
  const factor = fc.integer({ min: 1, max: 5 });
  const count = fc.integer({ min: 1, max: 40 });
  fc.assert(fc.property(racks, fenced, factor, count, fc.nat(1000), (...drawn) => {
    const [names, down, replicationFactor, partitionCount, start] = drawn;
    const brokers = names.map((rack, id) => broker(id, rack, down[id] !== true));
    const activeIds = brokers.filter(({ active }) => active).map(({ id }) => id);
    const placed = placeReplicas(brokers, { partitionCount, replicationFactor, start });
    if (activeIds.length === 0 || replicationFactor > brokers.length) {
      assert("problem" in placed);
      return;
    }
    const all = "replicas" in placed ? placed.replicas : [];
    assertEquals(all.length, partitionCount);
    const led = new Map(activeIds.map((id) => [id, 0]));
    for (const replicas of all) {
      assertEquals(new Set(replicas).size, replicationFactor);
      assert(led.has(firstOf(replicas)), "an active broker leads");
      led.set(firstOf(replicas), led.get(firstOf(replicas))! + 1);
      const rackCount = new Set(replicas.map((id) => names[id])).size;
      assertEquals(rackCount, Math.min(replicationFactor, new Set(names).size));
    }
    const leaderships = [...led.values()];
    assert(Math.max(...leaderships) - Math.min(...leaderships) <= 1);
  }));
});
