import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { escaped, escapedJson, escapedLines, quoted, quotedUnless } from "./visible.ts";

/** Line ends, colours in seven and in eight bits, DEL, a C1, reversed reading, separators. */
const rude = "a\n\r\t\x1b[31mb\x9b32mc\x7f\x85\u202edcba\u2066\u200b\u2028\u2029\ud800";

Deno.test("what hides or steers is shown as text", () => {
  assertEquals(
    escaped(rude),
    "a\\u000a\\u000d\\u0009\\u001b[31mb\\u009b32mc\\u007f\\u0085\\u202edcba\\u2066\\u200b" +
      "\\u2028\\u2029\\ud800",
  );
  assertEquals(escaped("orders, Zürich, 注文, 🦊"), "orders, Zürich, 注文, 🦊");
  assertEquals(quoted("a\n\x9b"), '"a\\n\\u009b"');
});

Deno.test("our own line ends stay where we have laid out the lines", () => {
  assertEquals(escapedLines("one\ntwo\r\x9b\u2028"), "one\ntwo\\u000d\\u009b\\u2028");
  assertEquals(escapedJson('{\n  "a": "\x9b\u202e"\n}'), '{\n  "a": "\\u009b\\u202e"\n}');
});

Deno.test("a name is quoted unless it is plain", () => {
  const plain = /^[\w.-]+$/;
  assertEquals(quotedUnless(plain, "orders-1"), "orders-1");
  assertEquals(quotedUnless(plain, "two words"), '"two words"');
  assertEquals(quotedUnless(plain, ""), '""');
  assertEquals(quotedUnless(/^/, "\u202e"), '"\\u202e"');
});

Deno.test("whatever the text, nothing of it steers, and JSON reads it again", () => {
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  fc.assert(fc.property(texts, (text) => {
    for (const shown of [escaped(text), quoted(text), quotedUnless(/^/, text)]) {
      assert(!/[\p{C}\u2028\u2029]/u.test(shown), JSON.stringify(shown));
    }
    assert(!/[^\P{C}\n]|[\u2028\u2029]/u.test(escapedLines(text)));
    assertEquals(JSON.parse(quoted(text)), text);
    assertEquals(JSON.parse(escapedJson(JSON.stringify({ text }, null, 2))), { text });
  }));
});
