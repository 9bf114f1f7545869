// What a coordinator's shell does at the edges of its machine's life.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ResignedFault } from "../../base/faults.ts";
import { Shard } from "./shard.ts";
import { Shards } from "./shards.ts";

Deno.test("a shard that resigns just after it was found asks its machine nothing", () => {
  const shard = new Shard({} as never, { newMachine: () => ({}) } as never);
  const ask = () => assert(false, "a machine that has resigned is asked") as never;
  shard.resign();
  assertThrows(() => shard.submit(ask), ResignedFault);
  shard.tell(ask);
});

Deno.test("what cannot be loaded while shards are closed is not tried again", async () => {
  const delays: number[] = [];
  const unreadable: unknown[] = [];
  const closings: Promise<void>[] = [];
  const newMachine = () => {
    closings.push(shards.close());
    return {};
  };
  const shards = new Shards({
    coordinating: () => Promise.resolve({ newMachine }),
    partition: () => ({ id: 0, log: { isDamaged: true, refusal: "damaged" } }),
    noteUnreadable: (_: unknown, reason: unknown) => unreadable.push(reason),
    timers: { after: (ms: number) => delays.push(ms) },
  } as never);
  await shards.load(0);
  await Promise.all(closings);
  assertEquals([unreadable.length, delays], [1, []]);
});
