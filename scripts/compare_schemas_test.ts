// The comparison must be able to fail: one definition, and tables that differ from it in one fact.

import { assertEquals } from "@std/assert";
import {
  array,
  defaultsTo,
  essential,
  type Fields,
  from,
  int32,
  int64,
  nullable,
  nullableString,
  record,
  string,
  tagged,
  until,
} from "../src/protocol/schema.ts";
import {
  compareSchemas,
  type Definition,
  missingTables,
  parseDefinition,
} from "./compare_schemas.ts";
import { everyTable } from "./every_table.ts";

const definition = parseDefinition(`
// A licence, and other
  // remarks.
{
  "apiKey": 99, "type": "request", "name": "ExampleRequest",
  "validVersions": "0-3", "flexibleVersions": "2+",
  "fields": [
    { "name": "Name", "type": "string", "versions": "0+", "nullableVersions": "1+" },
    // between fields
    { "name": "Old", "type": "int32", "versions": "0-1", "default": "-1", "ignorable": true },
    { "name": "New", "type": "int64", "versions": "1+" },
    { "name": "Items", "type": "[]Item", "versions": "0+", "fields": [
      { "name": "Id", "type": "int32", "versions": "0+" }
    ]},
    { "name": "Note", "type": "string", "versions": "3+", "nullableVersions": "3+",
      "default": "null", "taggedVersions": "3+", "tag": 5, "ignorable": true }
  ]
}`);

const same = {
  name: { ...nullable(string), nullableVersions: { min: 1, max: 32767 } },
  old: until(1, defaultsTo(-1, int32)),
  new: from(1, essential(int64)),
  items: array({ id: int32 }),
  note: tagged(5, 3, nullableString),
};

function differencesOf(
  fields: Fields,
  { versions = "0-3", flexible = "2+", key = 99 } = {},
): readonly string[] {
  const table = record({ key, name: "Example", versions, flexible, fields });
  return compareSchemas([definition], [{ name: "ExampleRequest", table, key }]).differences;
}

Deno.test("a table with the same facts has no difference", () => {
  assertEquals(differencesOf(same), []);
});

Deno.test("each fact that differs is told", () => {
  const at = "ExampleRequest (0-3)";
  const changes: [Fields, string][] = [
    [{ name: string }, `${at}: name: nullable is none here, 1-3 there`],
    [{ old: until(1, int32) }, `${at}: old: default is zero here, -1 there`],
    [{ old: until(2, defaultsTo(-1, int32)) }, `${at}: old: versions is 0-2 here, 0-1 there`],
    [{ new: from(1, essential(int32)) }, `${at}: new: type is int32 here, int64 there`],
    [{ new: from(1, int64) }, `${at}: new: essential is false here, true there`],
    [{ items: array({ id: string }) }, `${at}: items.id: type is string here, int32 there`],
    [
      { note: tagged(4, 3, nullableString) },
      `${at}: note: tag is 4 in 3-3 here, 5 in 3-3 there`,
    ],
    [{ note: from(3, nullableString) }, `${at}: note: tag is none here, 5 in 3-3 there`],
  ];
  for (const [change, difference] of changes) {
    assertEquals(differencesOf({ ...same, ...change }), [difference]);
  }
});

Deno.test("missing, additional and misplaced fields are told", () => {
  const { note: _, ...fewer } = same;
  assertEquals(differencesOf(fewer).length, 1);
  assertEquals(differencesOf({ ...same, more: int32 }).length, 1);
  const { name, ...rest } = same;
  assertEquals(differencesOf({ ...rest, name }).length, 1);
});

Deno.test("a tagged field of our own is no difference, one among Kafka's tags is", () => {
  assertEquals(differencesOf({ ...same, ours: tagged(10_000, 3, nullableString) }), []);
  assertEquals(differencesOf({ ...same, theirs: tagged(6, 3, nullableString) }).length, 1);
});

Deno.test("versions, flexible versions and keys are compared", () => {
  assertEquals(differencesOf(same, { versions: "0-4" }), [
    "ExampleRequest: versions 0-4 here, 0-3 there",
  ]);
  assertEquals(differencesOf(same, { flexible: "3+" }), [
    "ExampleRequest: flexible from 3 here, 2 there",
  ]);
  assertEquals(differencesOf(same, { key: 98 }), ["ExampleRequest: key 98 here, 99 there"]);
});

Deno.test("an older definition of the same name counts for its own valid versions", () => {
  const older = {
    ...definition,
    validVersions: "0-1",
    fields: definition.fields.map((field) => ({ ...field, versions: field.versions })),
  };
  const newer = {
    ...definition,
    validVersions: "2-3",
    fields: definition.fields.filter((field) => field.name !== "Old"),
  };
  const table = record({
    key: 99,
    name: "Example",
    versions: "0-3",
    flexible: "2+",
    fields: same,
  });
  const tables = [{ name: "ExampleRequest", table, key: 99 }];
  assertEquals(compareSchemas([newer, older], tables).differences, []);
  assertEquals(compareSchemas([newer], tables).differences, [
    "ExampleRequest: versions 0-3 here, 2-3 there",
  ]);
});

Deno.test("a table that no definition has is a difference", () => {
  const found = compareSchemas([definition], everyTable());
  assertEquals(found.differences.length, found.tableCount);
});

Deno.test("a definition without a table is told, where a broker is sent it or keeps it", () => {
  const names = (...definitions: Definition[]) => missingTables(definitions, everyTable());
  assertEquals(names(definition), []);
  assertEquals(names({ ...definition, listeners: ["controller"] }), []);
  assertEquals(names({ ...definition, listeners: ["broker"] }), ["ExampleRequest"]);
  assertEquals(
    names(
      { ...definition, listeners: ["broker"] },
      { ...definition, type: "response", name: "ExampleResponse" },
    ),
    ["ExampleRequest", "ExampleResponse"],
  );
  assertEquals(names({ ...definition, type: "metadata", name: "ExampleRecord" }), [
    "ExampleRecord",
  ]);
  assertEquals(names({ ...definition, type: "metadata", name: "TopicRecord" }), []);
  assertEquals(names({ ...definition, type: "data", name: "EndTxnMarker" }), []);
});

Deno.test("a field that names its tagged versions alone exists in those", () => {
  const note = { name: "Note", type: "string", taggedVersions: "3+", tag: 5 };
  const only = { ...definition, fields: [note] };
  const table = record({
    key: 99,
    name: "Example",
    versions: "0-3",
    flexible: "2+",
    fields: { note: tagged(5, 3, essential(string)) },
  });
  const tables = [{ name: "ExampleRequest", table, key: 99 }];
  assertEquals(compareSchemas([only], tables).differences, []);
});
