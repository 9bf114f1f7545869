import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageFault } from "../../base/faults.ts";
import { parseProperties } from "../../base/properties.ts";
import { parseConfigFile } from "./properties.ts";

Deno.test("a properties file has comments, continued lines, escapes and three separators", () => {
  const text = "# a comment\n! another \\\n\n" +
    "a=1\r\n  b : two words \n" +
    "c three\n" +
    "d=one, \\\n     two,\\\n#three\n" +
    "e\\=\\:\\ f=\\u0041\\t\\\\\n" +
    "g\nh=\na=last";
  assertEquals(Object.fromEntries(parseProperties(text)), {
    "a": "last",
    "b": "two words ",
    "c": "three",
    "d": "one, two,#three",
    "e=: f": "A\t\\",
    "g": "",
    "h": "",
  });
});

Deno.test("a JSON file is one object of text, numbers, truth values and lists", () => {
  const text =
    '{"num.partitions": 3, "delete.topic.enable": false, "listeners": ["A://:1", "B://:2"]}';
  assertEquals(Object.fromEntries(parseConfigFile("ottla.json", text)), {
    "num.partitions": "3",
    "delete.topic.enable": "false",
    "listeners": "A://:1,B://:2",
  });
  assertThrows(() => parseConfigFile("x.json", "[1]"), UsageFault, "x.json must hold one object");
  assertThrows(() => parseConfigFile("x.json", "{"), UsageFault, "x.json is not valid JSON");
  assertThrows(() => parseConfigFile("x.json", '{"a": {}}'), UsageFault, "a in x.json must be");
});

Deno.test("what is no text is no configuration, whatever it may begin with", () => {
  const utf16 = [..."num.partitions=3"].map((each) => `${each}\0`).join("");
  for (const text of [utf16, "\x7fELF\x02\x01", "{\x00}", "num.partitions=3\n\x1f\x8b\x08"]) {
    assertThrows(() => parseConfigFile("x", text), UsageFault, "x is no text");
  }
  // Comments of another encoding, a form feed, the Ctrl-Z of an old editor.
  const odd = "# d\uFFFDbut\nnum.partitions=3\n\f\n\x1a";
  assertEquals(parseConfigFile("x", odd).get("num.partitions"), "3");
});

Deno.test("any pairs that are escaped into a properties file are read back", () => {
  const escape = (text: string) =>
    [...text].map((c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0")).join("");
  const word = fc.string({ unit: "binary-ascii" });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ minLength: 1, unit: "grapheme-ascii" }), word)),
      (pairs) => {
        const text = pairs.map(([key, value]) => `${escape(key)}=${escape(value)}`).join("\n");
        assertEquals(parseProperties(text), new Map(pairs));
      },
    ),
  );
});

Deno.test("any text at all is read without throwing", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assertEquals(parseProperties(text) instanceof Map, true);
  }));
});
