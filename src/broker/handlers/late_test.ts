import { assertEquals } from "@std/assert";
import { handlers, supportedVersions } from "./mod.ts";
import { lateHandlers } from "./late.ts";

Deno.test("a late handler is what its line says, and its module exports nothing else", async () => {
  for (const { key, serves, load } of lateHandlers.values()) {
    const handler = await load();
    assertEquals([handler.api.key, handler.serves], [key, serves]);
  }
});

Deno.test("no handler is in both lists, and ApiVersions tells of all", () => {
  const keys = [...handlers.keys(), ...lateHandlers.keys()].sort((a, b) => a - b);
  assertEquals(supportedVersions({ clientMetrics: true }).map(({ apiKey }) => apiKey), keys);
  assertEquals(new Set(keys).size, keys.length);
});
