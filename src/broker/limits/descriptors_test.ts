import { assertEquals } from "@std/assert";
import { descriptorShares } from "./descriptors.ts";

const sharesOf = (limit: number | undefined, directories = 1) =>
  descriptorShares({ openFilesMax: () => limit }, directories);

Deno.test("of the files that a process may have open, logs have a quarter, clients most", () => {
  assertEquals(sharesOf(1024), { handlesMax: 256, connectionsMax: 704 });
  assertEquals(sharesOf(1024, 2), { handlesMax: 128, connectionsMax: 704 });
});

Deno.test("where there may be very many, logs hold no more than they have use for", () => {
  assertEquals(sharesOf(1_048_576), { handlesMax: 500, connectionsMax: 1_048_012 });
});

Deno.test("where there may be hardly any, a few logs and a few clients are served", () => {
  assertEquals(sharesOf(20, 3), { handlesMax: 8, connectionsMax: 8 });
});

Deno.test("where nothing tells, clients are not bounded by it", () => {
  assertEquals(sharesOf(undefined), { handlesMax: 500, connectionsMax: Infinity });
});
