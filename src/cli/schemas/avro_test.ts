import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DecodeFault, UsageFault } from "../../base/faults.ts";
import { avroJson } from "./avro_printing.ts";
import { avroType } from "./avro_schema.ts";
import { avroBytes } from "./avro_writing.ts";
import { type Json, jsonText, parseJson } from "./exact_json.ts";

const order = `{"type":"record","name":"Order","namespace":"shop","fields":[
  {"name":"id","type":"long"},
  {"name":"state","type":{"type":"enum","name":"State","symbols":["OPEN","PAID"]}},
  {"name":"last","type":["null","State"],"default":null},
  {"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
    {"name":"sku","type":"string"},{"name":"price","type":"double"}]}},"default":[]},
  {"name":"next","type":["null","Order"],"default":null}]}`;
const typeOf = (schema: string) => avroType(schema, new Map());

Deno.test("a value is printed by its schema, and written from what is printed", () => {
  const type = typeOf(order);
  const bytes = avroBytes(type, { id: 7, state: "PAID" });
  assertEquals(bytes, new Uint8Array([14, 2, 0, 0, 0]));
  const text = '{"id":7,"state":"PAID","last":null,"items":[],"next":null}';
  assertEquals(avroJson(type, bytes), text);
  assertEquals(avroBytes(type, parseJson(text)), bytes);
});

/** Bytes, schema and JSON as org.apache.avro 1.12.2 has them. */
const known: readonly (readonly [hex: string, schema: string, json: string])[] = [
  ["", '"null"', "null"],
  ["01", '"boolean"', "true"],
  ["7f", '"int"', "-64"],
  ["feffffff0f", '{"type":"int","logicalType":"date"}', "2147483647"],
  ["feffffffffffffffff01", '"long"', "9223372036854775807"],
  ["ffffffffffffffffff01", '"long"', "-9223372036854775808"],
  ["8280808080808020", '"long"', "9007199254740993"],
  ["cdcc8c3f", '"float"', "1.1"],
  ["000000000000d0bf", '"double"', "-0.25"],
  ["9c7500883ce4377e", '"double"', "1e+300"],
  ["165a6fc3ab200a20f09f9880", '"string"', '"Zoë \\n 😀"'],
  ["0800ff6162", '"bytes"', '"\\u0000ÿab"'],
  ["0102fe", '{"type":"fixed","name":"Md5","namespace":"a.b","size":3}', '"\\u0001\\u0002þ"'],
  ["04063600", '{"type":"array","items":"long"}', "[3,27]"],
  ["00", '{"type":"array","items":"long"}', "[]"],
  ["0402610202620300", '{"type":"map","values":"int"}', '{"a":1,"b":-2}'],
  ["00", '["null","string"]', "null"],
  ["020261", '["null","string"]', '{"string":"a"}'],
  [
    "04040278020a02790000",
    '["null","string",{"type":"map","values":["null","int"]}]',
    '{"map":{"x":{"int":5},"y":null}}',
  ],
  [
    "0e02020004044137000000000000294000000000000000e03f00020100000000",
    order,
    '{"id":7,"state":"PAID","last":{"shop.State":"OPEN"},' +
    '"items":[{"sku":"A7","price":12.5},{"sku":"","price":0.5}],' +
    '"next":{"shop.Order":{"id":-1,"state":"OPEN","last":null,"items":[],"next":null}}}',
  ],
];

Deno.test("bytes and JSON are those of Avro's own implementation", () => {
  for (const [hex, schema, json] of known) {
    const type = typeOf(schema);
    const bytes = bytesOf(hex);
    assertEquals(avroJson(type, bytes), json, schema);
    assertEquals(avroBytes(type, parseJson(json)), bytes, schema);
  }
});

Deno.test("items may come in blocks that say how long they are", () => {
  const longs = typeOf('{"type":"array","items":"long"}');
  assertEquals(avroJson(longs, bytesOf("0304063600")), "[3,27]");
  assertEquals(avroJson(longs, bytesOf("0206023600")), "[3,27]");
  assertEquals(
    avroJson(typeOf('{"type":"map","values":"int"}'), bytesOf("030c02610202620300")),
    '{"a":1,"b":-2}',
  );
});

Deno.test("what is written is what is printed, whatever it is", () => {
  const schema = `["null","long","double","string",{"type":"array","items":[
    "null","boolean",{"type":"map","values":"bytes"}]}]`;
  const type = typeOf(schema);
  const latin = fc.array(fc.integer({ min: 0, max: 255 }))
    .map((codes) => String.fromCharCode(...codes));
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const item = fc.oneof(
    fc.constant(null),
    fc.boolean().map((boolean) => ({ boolean })),
    fc.dictionary(fc.string().filter((name) => name !== "__proto__"), latin)
      .map((map) => ({ map })),
  );
  const value = fc.oneof(
    fc.constant(null),
    long.map((each) => ({ long: each })),
    fc.double().map((each) => ({ double: Number.isFinite(each) ? each : `${each}` })),
    fc.string({ unit: "grapheme" }).map((string) => ({ string })),
    fc.array(item).map((array) => ({ array })),
  );
  fc.assert(fc.property(value, (value) => {
    const printed = avroJson(type, avroBytes(type, value as Json));
    assertEquals(avroJson(type, avroBytes(type, parseJson(printed))), printed);
    const isDouble = value !== null && "double" in value;
    if (!isDouble) assertEquals(printed, jsonText(value as Json));
  }));
});

Deno.test("people need not say which branch of a union a value is of", () => {
  const type = typeOf('["null","long",{"type":"array","items":["string","bytes"]}]');
  const plain = (value: Json) => avroJson(type, avroBytes(type, value));
  assertEquals(plain(7), '{"long":7}');
  assertEquals(plain(["a"]), '{"array":[{"string":"a"}]}');
  assertEquals(plain({ array: [{ bytes: "a" }] }), '{"array":[{"bytes":"a"}]}');
});

Deno.test("what does not fit is refused by its place", () => {
  const type = typeOf(order);
  const refused = (value: Json, words: string) =>
    assertThrows(() => avroBytes(type, value), UsageFault, words);
  refused({ id: 1.5, state: "OPEN" }, ".id: 1.5 is no long");
  refused({ id: 2n ** 63n, state: "OPEN" }, ".id: 9223372036854775808 is no long");
  refused({ id: 1 }, ".state: it is not there, and has no default");
  refused({ id: 1, state: "LOST" }, '.state: "LOST" is no shop.State (OPEN, PAID)');
  refused({ id: 1, state: "OPEN", at: 2 }, ".at: shop.Order has no such field");
  const items = [{ sku: "a", price: "1" }];
  refused({ id: 1, state: "OPEN", items }, '.items[0].price: "1" is no double');
  refused({ id: 1, state: "OPEN", last: 3 }, ".last: 3 is no null or shop.State");
  refused([], "[] is no shop.Order");
});

Deno.test("bytes that are none of the schema cost no more than they are", () => {
  const refused = (schema: string, hex: string, words: string) =>
    assertThrows(() => avroJson(typeOf(schema), bytesOf(hex)), DecodeFault, words);
  refused('"long"', "0202", "1 bytes are left behind the value");
  refused('"string"', "0a61", "5 bytes of 1");
  refused('"string"', "01", "-1 bytes of 0");
  refused('["null","long"]', "04", "there is no choice 2 of 2");
  const nulls = '{"type":"array","items":"null"}';
  refused(nulls, "feffffff0f", "2147483647 items in 0 bytes");
  const lists = '{"type":"array","items":{"type":"array","items":"null"}}';
  refused(lists, `e807${"904e00".repeat(500)}00`, "items in");
  const chain = '{"type":"record","name":"C","fields":[{"name":"c","type":["null","C"]}]}';
  refused(chain, "02".repeat(1_000) + "00", "nested more than 200 times");
});

Deno.test("a schema that Avro does not know is refused", () => {
  const refused = (schema: string, words: string) =>
    assertThrows(() => typeOf(schema), UsageFault, words);
  refused("{", "an Avro schema is JSON");
  refused('"decimal"', "names decimal, which is no type of it");
  refused('{"type":"record","name":"A","fields":[{"name":"b"}]}', "Avro knows no such schema");
  refused('{"type":"fixed","name":"A","size":"3"}', "Avro knows no such schema");
  refused("7", "Avro knows no such schema: 7");
});

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}
