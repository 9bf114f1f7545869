import { assertEquals } from "@std/assert";
import { uuidFromRandom } from "../../base/ids.ts";
import { entryBytes, type JournalEntry, readEntries, writeEntry } from "./entries.ts";

const entries: readonly JournalEntry[] = [1, 300, 61].map((length, i) => ({
  topicId: uuidFromRandom(new Uint8Array(16).fill(i + 1)),
  partition: 7 * i,
  batch: new Uint8Array(length).fill(i + 1),
}));

function written(): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, { batch }) => sum + entryBytes(batch), 0));
  let start = 0;
  for (const entry of entries) start = writeEntry(bytes, { start, entry });
  assertEquals(start, bytes.length);
  return bytes;
}

Deno.test("what was written is read", () => {
  assertEquals([...readEntries(written())], entries);
});

Deno.test("reading ends at the first entry that is not whole, wherever it is spoiled", () => {
  const whole = written();
  const ends = entries.map((_, i) =>
    entries.slice(0, i + 1).reduce((sum, { batch }) => sum + entryBytes(batch), 0)
  );
  for (let at = 0; at < whole.length; at++) {
    const before = entries.slice(0, ends.filter((end) => end <= at).length);
    assertEquals([...readEntries(whole.subarray(0, at))], before);
    const spoiled = whole.slice();
    spoiled[at]! ^= 0x10;
    assertEquals([...readEntries(spoiled)], before);
  }
});
