import { assertEquals } from "@std/assert";
import { apiName } from "./api_names.ts";
import { apis } from "./apis/mod.ts";

Deno.test("an API has its name whether it has a table or not", () => {
  for (const { key, name } of apis.values()) assertEquals(apiName(key), name);
  assertEquals(apiName(68), "ConsumerGroupHeartbeat");
  assertEquals(apiName(94), "UnregisterController");
  assertEquals(apiName(1234), "API 1234");
  assertEquals(apiName(-1), "API -1");
});
