import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BytesReader, utf8 } from "./bytes.ts";

Deno.test("a text reads as what it is, whatever was read before it", () => {
  // Few letters, so that texts repeat, and many that share a place among the recent ones.
  const short = fc.string({
    unit: fc.constantFrom("a", "b", "\0", "\x7f", "ä", "€"),
    maxLength: 5,
  });
  const any = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(fc.property(fc.array(fc.oneof(short, any), { maxLength: 200 }), (texts) => {
    for (const text of texts) {
      const bytes = utf8(text);
      const reader = new BytesReader(new Uint8Array([7, ...bytes, 7]), 1, bytes.length + 1);
      const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      assertEquals(reader.text(bytes.length), expected);
      assertEquals(reader.remaining, 0);
    }
  }));
});
