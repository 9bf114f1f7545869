import { assert, assertEquals } from "@std/assert";
import { apis } from "../src/protocol/apis/mod.ts";
import { everyApi as listed } from "../src/protocol/every_table.ts";
import { apiName } from "../src/protocol/mod.ts";
import { everyApi } from "./every_api.ts";

Deno.test("every API has its own key, the order of Kafka's list and Kafka's name", () => {
  const keys = [...everyApi.keys()];
  assertEquals(keys, keys.toSorted((a, b) => a - b));
  for (const [key, api] of everyApi) {
    assertEquals(api.key, key);
    assertEquals(api.name, apiName(key));
  }
});

Deno.test("a table that every start needs is listed under its own key", () => {
  assert(apis.size > 0);
  for (const [key, api] of apis) assert(everyApi.get(key) === api, api.name);
});

Deno.test("the list for who takes the whole protocol has each file's table", () => {
  assertEquals([...listed.keys()], [...everyApi.keys()]);
  for (const [key, api] of everyApi) assert(listed.get(key) === api, api.name);
});
