import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageFault } from "../../base/faults.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { jsonRecord, splitKey, textRecord } from "./input_records.ts";
import { formatJson } from "./record_format.ts";

const defaults = {
  topic: "orders",
  partition: undefined,
  key: undefined,
  headers: [],
  timestamp: undefined,
};

Deno.test("a line splits at the first separator, if it has one", () => {
  const split = (line: string, separator: string | undefined) => {
    const { key, value } = splitKey(utf8(line), separator);
    return [key && fromUtf8(key), fromUtf8(value)];
  };
  assertEquals(split("a:b:c", ":"), ["a", "b:c"]);
  assertEquals(split("a::b", "::"), ["a", "b"]);
  assertEquals(split("a:b", "::"), [null, "a:b"]);
  assertEquals(split("abc", ":"), [null, "abc"]);
  assertEquals(split("a:b", undefined), [null, "a:b"]);
});

Deno.test("a marker stands for no key and no value, and bytes stay what they are", () => {
  const form = { keySeparator: ":", nullMarker: "NULL" };
  const record = (line: Uint8Array) => textRecord(line, { form, defaults });
  assertEquals(record(utf8("7:NULL")).value, null);
  assertEquals(record(utf8("NULL:x")).key, null);
  assertEquals(record(new Uint8Array([0xff, 0x3a, 0xfe])), {
    topic: "orders",
    partition: undefined,
    key: new Uint8Array([0xff]),
    value: new Uint8Array([0xfe]),
    headers: [],
    timestamp: undefined,
  });
});

Deno.test("what consume prints as JSON, produce takes for the same record", () => {
  const bytes = fc.option(fc.uint8Array({ maxLength: 6 }), { nil: null });
  const header = fc.record({ key: fc.string(), value: bytes });
  const record = fc.record({
    topic: fc.constant("elsewhere"),
    partition: fc.nat(9),
    offset: fc.nat(),
    timestamp: fc.oneof(fc.nat(), fc.bigInt({ min: 2n ** 60n, max: 2n ** 62n })),
    key: bytes,
    value: bytes,
    headers: fc.array(header),
  });
  fc.assert(fc.property(record, (printed) => {
    const { offset: _, ...expected } = printed;
    const again = jsonRecord(utf8(formatJson(printed)), { number: 1, defaults });
    assertEquals(again, {
      ...expected,
      topic: "orders",
      headers: printed.headers.map(({ key, value }) => [key, value] as const),
    });
  }));
});

Deno.test("a line of JSON may leave out what the options give", () => {
  const given = { ...defaults, partition: 3, key: "k", headers: [["h", "1"]] as const };
  const record = jsonRecord(utf8('{"value":"v","headers":{"a":null}}'), {
    number: 1,
    defaults: given,
  });
  assertEquals([record.partition, record.key], [3, "k"]);
  assertEquals(record.headers, [["a", null]]);
  assertEquals(jsonRecord(utf8("{}"), { number: 1, defaults }).value, null);
});

Deno.test("a line that is no record is refused by its number", () => {
  const no = [
    ["{", "it is no JSON"],
    ["[]", "it is no object"],
    ['{"value":7}', "its value is neither text, nor null"],
    ['{"key":{"base64":"?"}}', "its key is neither text"],
    ['{"partition":-1}', "its partition is no whole number"],
    ['{"timestamp":"soon"}', "its timestamp is no whole number"],
    ['{"headers":[["a"]]}', "its headers are no pairs"],
    ['{"headers":[["a\\u0000",1]]}', "its header a\\u0000 is neither"],
  ] as const;
  for (const [line, reason] of no) {
    const read = () => jsonRecord(utf8(line), { number: 12, defaults });
    assertThrows(read, UsageFault, `line 12 is no record: ${reason}`);
  }
});
