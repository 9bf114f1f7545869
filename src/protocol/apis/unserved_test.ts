// The two maps together: every key once, none lost between them.

import { assert, assertEquals } from "@std/assert";
import { apiName } from "../api_names.ts";
import { apis } from "./mod.ts";
import { everyApi } from "./unserved.ts";

Deno.test("every API has its own key, the order of Kafka's list and Kafka's name", () => {
  const keys = [...everyApi.keys()];
  assertEquals(keys, keys.toSorted((a, b) => a - b));
  for (const [key, api] of everyApi) {
    assertEquals(api.key, key);
    assertEquals(api.name, apiName(key));
  }
});

Deno.test("a table that the program uses is not listed as unserved", async () => {
  const source = await Deno.readTextFile(new URL("unserved.ts", import.meta.url));
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
