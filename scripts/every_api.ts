// Every table that there is, those that no start and no client of ours needs among them: what
// reads all of them (the comparison with Kafka's definitions, the fuzzer, the golden bytes) finds
// them in their folder, so that nobody lists them.
//
// Invariant: a file of src/protocol/apis that begins with a key has one table, of that key.

import { assert } from "@std/assert";
import { missing } from "../src/base/items.ts";
import type { AnyApi } from "../src/protocol/schema.ts";

const folder = new URL("../src/protocol/apis/", import.meta.url);

/** The table of each file, by API key, in their order. */
export const everyApi: ReadonlyMap<number, AnyApi> = new Map(
  (await Promise.all(
    [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /^\d\d_/.test(name))
      .sort().map(tableIn),
  )).map((api) => [api.key, api]),
);

async function tableIn(file: string): Promise<AnyApi> {
  const module: Readonly<Record<string, unknown>> = await import(new URL(file, folder).href);
  const [api = missing(), ...more] = Object.values(module).filter(isApi);
  assert(more.length === 0, `${file} has one table`);
  assert(api.key === parseInt(file), `${file} has the table of key ${api.key}`);
  return api;
}

function isApi(value: unknown): value is AnyApi {
  return typeof value === "object" && value !== null && "request" in value && "response" in value;
}
