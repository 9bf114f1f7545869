// What a coordinator's shell does at the edges of its machine's life.

import { assert, assertThrows } from "@std/assert";
import { ResignedFault } from "../../base/faults.ts";
import { Shard } from "./shards.ts";

Deno.test("a shard that resigns just after it was found asks its machine nothing", () => {
  const shard = new Shard({} as never, { newMachine: () => ({}) } as never);
  const ask = () => assert(false, "a machine that has resigned is asked") as never;
  shard.resign();
  assertThrows(() => shard.submit(ask), ResignedFault);
  shard.tell(ask);
});
