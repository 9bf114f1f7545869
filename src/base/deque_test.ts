import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Deque } from "./deque.ts";

Deno.test("what goes in at either end comes out in front, in order", () => {
  const deque = new Deque<string>();
  for (const item of ["b", "c", "d"]) deque.push(item);
  deque.unshift("a");
  assertEquals([deque.first, deque.last, deque.length], ["a", "d", 4]);
  assertEquals([deque.shift(), deque.shift()], ["a", "b"]);
  assertEquals([...deque], ["c", "d"]);
});

Deno.test("a deque does what an array does", () => {
  const step = fc.oneof(fc.constant("shift"), fc.constant("unshift"), fc.constant("push"));
  fc.assert(fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
    const deque = new Deque<number>();
    const model: number[] = [];
    steps.forEach((step, item) => {
      if (step === "shift") assertEquals(deque.shift(), model.shift());
      else if (step === "push") deque.push(item), model.push(item);
      else deque.unshift(item), model.unshift(item);
      assertEquals([deque.length, deque.first], [model.length, model[0]]);
    });
    assertEquals([...deque], model);
    assertEquals(deque.last, model.at(-1));
  }));
});
