import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../base/bytes.ts";
import { ArgumentFault } from "../arguments.ts";
import { filterOf } from "./record_filter.ts";

const order = {
  topic: "orders",
  partition: 0,
  offset: 7,
  timestamp: 1,
  key: utf8("customer-1"),
  value: utf8('{"status":"paid","items":[{"sku":"A7","count":2}],"note":null}'),
  headers: [{ key: "source", value: utf8("import") }, { key: "none", value: null }],
};

function isWanted(
  asked: { key?: string[]; header?: string[]; json?: string[] },
  record = order as Parameters<NonNullable<ReturnType<typeof filterOf>>>[0],
): boolean {
  const { key = [], header = [], json = [] } = asked;
  return filterOf({ "match-key": key, "match-header": header, "match-json": json })!(record);
}

Deno.test("records are chosen by key, header and what stands in their JSON", () => {
  assertEquals(isWanted({ key: ["customer-*"] }), true);
  assertEquals(isWanted({ key: ["customer"] }), false);
  assertEquals(isWanted({ key: ["*"] }, { ...order, key: null }), false);
  assertEquals(isWanted({ header: ["source=imp*"] }), true);
  assertEquals(isWanted({ header: ["none=*"] }), false);
  for (const json of ["status=paid", "$.items[0].sku=A?", "items[0].count=2", "note=null"]) {
    assertEquals(isWanted({ json: [json] }), true, json);
  }
  for (const json of ["status=open", "items[1].sku=*", "toString=*", "items.length=*"]) {
    assertEquals(isWanted({ json: [json] }), false, json);
  }
  assertEquals(isWanted({ json: ["a=*"] }, { ...order, value: utf8("no JSON") }), false);
  assertEquals(isWanted({ json: ["a=*"] }, { ...order, value: null }), false);
  assertEquals(isWanted({ key: ["customer-1"], json: ["status=open"] }), false, "all must hold");
});

Deno.test("no filter is none, and half a filter is refused", () => {
  assertEquals(filterOf({ "match-key": [], "match-header": [], "match-json": [] }), undefined);
  assertThrows(() => isWanted({ header: ["source"] }), ArgumentFault, "--match-header takes a");
  assertThrows(() => isWanted({ json: ["$.=1"] }), ArgumentFault, "--match-json needs a path");
});
