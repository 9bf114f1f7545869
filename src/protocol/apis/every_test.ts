// The two maps together: every key once, none lost between them.

import { assert, assertEquals } from "@std/assert";
import { apiName } from "../api_names.ts";
import { apis } from "./mod.ts";
import { everyApi } from "./every.ts";

Deno.test("every API has its own key, the order of Kafka's list and Kafka's name", () => {
  const keys = [...everyApi.keys()];
  assertEquals(keys, keys.toSorted((a, b) => a - b));
  for (const [key, api] of everyApi) {
    assertEquals(api.key, key);
    assertEquals(api.name, apiName(key));
  }
});

Deno.test("a table of the face is not listed a second time", async () => {
  const source = await Deno.readTextFile(new URL("every.ts", import.meta.url));
  for (const [key, api] of apis) {
    assert(everyApi.get(key) === api, `${api.name} has two tables`);
    assert(!new RegExp(`^  ${api.name},$`, "m").test(source), `${api.name} is in both maps`);
  }
});

Deno.test("each table file is in one of the two maps", async () => {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    if (/^\d\d_.*\.ts$/.test(name)) files.push(name);
  }
  assertEquals(files.length, everyApi.size);
});
