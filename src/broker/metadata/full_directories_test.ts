import { assertEquals } from "@std/assert";
import { FullDirectories } from "./full_directories.ts";

Deno.test("a directory is full at once, and has room once that has lasted", () => {
  let nowMs = 0;
  const state = { fullReason: undefined as string | undefined };
  const folder = { directoryId: "a", state } as never;
  const full = new FullDirectories({ folders: () => [folder], monotonic: () => nowMs });
  const at = (ms: number, fullReason?: string) => {
    nowMs = ms;
    state.fullReason = fullReason;
    return full.look();
  };
  assertEquals(at(0), []);
  assertEquals(at(1_000, "no room"), ["a"]);
  // It comes and goes.
  assertEquals([at(9_000), at(10_000, "no room"), at(12_000)], [["a"], ["a"], ["a"]]);
  assertEquals([at(19_999), at(20_000)], [["a"], []]);
});
