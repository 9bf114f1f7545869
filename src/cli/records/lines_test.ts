import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes, fromUtf8, utf8 } from "../../base/bytes.ts";
import { linesOf } from "./lines.ts";

async function linesFrom(...chunks: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  const input = (async function* () {
    yield* chunks;
  })();
  for await (const line of linesOf(input)) lines.push(fromUtf8(line));
  return lines;
}

Deno.test("lines end with LF or CRLF, and a last one may have no end", async () => {
  assertEquals(await linesFrom(utf8("a\r\n\nb\rc\nd")), ["a", "", "b\rc", "d"]);
  assertEquals(await linesFrom(utf8("a\n")), ["a"]);
  assertEquals(await linesFrom(), []);
  assertEquals(await linesFrom(utf8("a\r"), utf8("\nb")), ["a", "b"]);
});

Deno.test("lines are the same however the input is cut", async () => {
  const piece = fc.stringMatching(/^[a\r\n]{0,6}$/);
  await fc.assert(fc.asyncProperty(fc.array(piece), async (pieces) => {
    const chunks = pieces.map(utf8);
    assertEquals(await linesFrom(...chunks), await linesFrom(concatBytes(chunks)));
  }));
});

Deno.test("bytes that are no text stay as they are", async () => {
  const input = (async function* () {
    yield new Uint8Array([0xff, 0x00, 0x0a, 0xc3]);
  })();
  const lines: Uint8Array[] = [];
  for await (const line of linesOf(input)) lines.push(line);
  assertEquals(lines.map((line) => [...line]), [[0xff, 0x00], [0xc3]]);
});
