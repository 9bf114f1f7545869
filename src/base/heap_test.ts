import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Heap } from "./heap.ts";

const isBefore = (a: number, b: number) => a < b;

Deno.test("what is taken out of a heap comes in order, whenever it was put in", () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 20 }));
  fc.assert(fc.property(numbers, fc.array(fc.option(fc.integer({ max: 20 }))), (begun, then) => {
    const heap = new Heap(isBefore, [...begun]);
    const model = [...begun];
    for (const item of then) {
      if (item === null) assertEquals(heap.pop(), model.sort((a, b) => a - b).shift());
      else {
        heap.push(item);
        model.push(item);
      }
    }
    for (const item of model.sort((a, b) => a - b)) assertEquals(heap.pop(), item);
    assertEquals([heap.first, heap.pop()], [undefined, undefined]);
  }));
});

Deno.test("what is left in a heap comes in order", () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 20 }));
  fc.assert(fc.property(numbers, fc.integer({ min: 0, max: 20 }), (items, above) => {
    const heap = new Heap(isBefore, [...items]);
    heap.retain((item) => item > above);
    const left = items.filter((item) => item > above).sort((a, b) => a - b);
    assertEquals(heap.size, left.length);
    assertEquals(left.map(() => heap.pop()), left);
    assertEquals(heap.first, undefined);
  }));
});

Deno.test("a first that has come to be later gives way", () => {
  const items = [{ due: 1 }, { due: 2 }, { due: 3 }];
  const heap = new Heap<{ due: number }>((a, b) => a.due < b.due, [...items]);
  items[0]!.due = 4;
  heap.sinkFirst();
  assertEquals([heap.pop(), heap.pop(), heap.pop()].map((each) => each?.due), [2, 3, 4]);
});
