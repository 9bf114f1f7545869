// Every table at every version: what is encoded decodes to the same message, to the last byte, in
// one go and in pieces.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BytesReader, BytesWriter } from "../../src/base/bytes.ts";
import { drained } from "../../src/base/pieces.ts";
import type { AnyMessage } from "../../src/protocol/schema.ts";
import { anyMessage, eachVersion, everyTable, type Message } from "./decode_messages.ts";

const runsEach = 12;

function encoded(table: AnyMessage, message: Message, version: number): Uint8Array {
  const writer = new BytesWriter();
  table.encode(writer, message, version);
  return writer.finish();
}

for (const table of everyTable) {
  Deno.test(`${table.name} round-trips in every version`, () => {
    for (let version = table.versions.min; version <= table.versions.max; version++) {
      fc.assert(
        fc.property(anyMessage(table.fields, version), (message) => {
          const bytes = encoded(table, message, version);
          const reader = new BytesReader(bytes);
          const decoded = table.decode(reader, version);
          assertEquals(decoded, message);
          assertEquals(reader.remaining, 0);
          assertEquals(encoded(table, decoded, version), bytes);
          // In pieces, too.
          assertEquals(drained(table.decodePieces(new BytesReader(bytes), version)), message);
          const writer = new BytesWriter();
          drained(table.encodePieces(writer, message, version));
          assertEquals(writer.finish(), bytes);
        }),
        { numRuns: runsEach },
      );
    }
  });
}

Deno.test("all tables and versions are covered", () => {
  let versionCount = 0;
  eachVersion(() => versionCount++);
  assert(everyTable.length >= 250, `${everyTable.length} tables`);
  assert(versionCount >= 600, `${versionCount} versions`);
});
