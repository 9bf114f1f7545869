import { assertEquals, assertRejects } from "@std/assert";
import { GroupWatch } from "./group_watch.ts";

Deno.test("a group watch tells when its members share all partitions", async () => {
  const watch = new GroupWatch();
  watch.assigned("one", [0, 1]);
  const shared = watch.untilShared(["one", "two"], 3);
  watch.assigned("two", [1, 2]); // Partition 1 is held twice: not yet.
  watch.assigned("one", [0]);
  await shared;
});

Deno.test("a group watch is content with neither an idle nor an unexpected member", async () => {
  const watch = new GroupWatch({ withinMs: 20 });
  watch.assigned("one", [0, 1]);
  watch.assigned("two", []);
  await assertRejects(() => watch.untilShared(["one", "two"], 2), Error, "not within");
  watch.assigned("two", [1]);
  watch.assigned("one", [0]);
  await watch.untilShared(["one", "two"], 2);
  watch.assigned("three", []);
  await assertRejects(() => watch.untilShared(["one", "two"], 2), Error, "not within");
  watch.left("three");
  await watch.untilShared(["one", "two"], 2);
});

Deno.test("a group watch tells which records are missing", async () => {
  const watch = new GroupWatch({ withinMs: 20 });
  watch.saw("one", "a");
  watch.saw("two", "a");
  await watch.untilSeen(["a"]);
  await assertRejects(() => watch.untilSeen(["a", "b"]), Error, "missing 1: b");
  assertEquals(watch.values, new Set(["a"]));
});

Deno.test("a group watch fails with the words of a member that cannot go on", async () => {
  const watch = new GroupWatch();
  const seen = watch.untilSeen(["a"]);
  watch.failed("one", "coordinator gone");
  await assertRejects(() => seen, Error, "one: coordinator gone");
});
