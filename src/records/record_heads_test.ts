import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { addInt64, type Int64 } from "../base/int64.ts";
import { itemAt } from "../base/items.ts";
import { batchOverheadBytes } from "./batch.ts";
import { buildBatch } from "./build.ts";
import { RecordCursor } from "./record_cursor.ts";
import { RecordHeads } from "./record_heads.ts";
import { RecordSelection } from "./record_selection.ts";

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 200 }));
const records = fc.array(
  fc.record({
    key: bytesOrNull,
    value: bytesOrNull,
    timestamp: fc.oneof(
      fc.nat(),
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map((ms): Int64 => {
        return ms > BigInt(Number.MAX_SAFE_INTEGER) ? ms : Number(ms);
      }),
    ),
    headers: fc.array(
      fc.record({ key: fc.string({ maxLength: 20 }), value: bytesOrNull }),
      { maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);
const cutBytes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 30 });

function unpacked(of: Parameters<typeof buildBatch>[0]["records"]): Uint8Array {
  return buildBatch({ records: of }).subarray(batchOverheadBytes);
}

/** Chunks of these sizes, and one of the rest. */
function chunksOf(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size));
    start = Math.min(bytes.length, start + size);
  }
  return [...chunks, bytes.subarray(start)];
}

/** What a record's head says, and its key. */
type Head = readonly [offset: number, time: Int64, key: string, keys: number, values: number];

Deno.test("heads say what a cursor over the whole says, wherever the chunks are cut", () => {
  fc.assert(fc.property(records, cutBytes, (list, sizes) => {
    const bytes = unpacked(list);
    const expected: Head[] = [];
    const cursor = new RecordCursor(bytes);
    while (cursor.next()) {
      const { offsetDelta, timestampDelta, keyLength, valueLength, keyStart } = cursor;
      const key = bytes.subarray(keyStart, keyStart + Math.max(0, keyLength)).toString();
      expected.push([offsetDelta, timestampDelta, key, keyLength, valueLength]);
    }
    const heads = new RecordHeads();
    const found: Head[] = [];
    let key: Uint8Array[] = [];
    for (const chunk of chunksOf(bytes, sizes)) {
      heads.push(chunk, {
        onKey: (part, start, end) => void key.push(part.slice(start, end)),
        onHead() {
          const { offsetDelta, timestampDelta, keyLength, valueLength } = heads;
          const text = concatBytes(key).toString();
          found.push([offsetDelta, timestampDelta, text, keyLength, valueLength]);
          key = [];
          return true;
        },
      });
    }
    heads.end();
    assertEquals(found, expected);
  }));
});

Deno.test("a selection is the kept records byte by byte, their times counted anew", () => {
  fc.assert(fc.property(
    records,
    cutBytes,
    fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    (list, sizes, isKept, shiftMs) => {
      const bytes = unpacked(list);
      const selection = new RecordSelection({ isKept: (index) => itemAt(isKept, index), shiftMs });
      const chunks = chunksOf(bytes, sizes).flatMap((chunk) =>
        [...selection.push(chunk)].map((part) => part.slice())
      );
      const selected = new RecordCursor(concatBytes(chunks));
      const cursor = new RecordCursor(bytes);
      for (let i = 0; cursor.next(); i++) {
        if (!isKept[i]) continue;
        assertEquals(selected.next(), true);
        assertEquals(selected.timestampDelta, addInt64(cursor.timestampDelta, shiftMs));
        const [of, from] = [selected, cursor].map((c) => c.bytes.subarray(c.tail, c.end));
        assertEquals(of, from);
      }
      assertEquals(selected.next(), false);
    },
  ));
});

Deno.test("heads of records that are cut off or malformed are decode faults", () => {
  const bytes = unpacked([{ key: new Uint8Array(10), value: new Uint8Array(100), headers: [] }]);
  const visitor = { onKey() {}, onHead: () => true };
  const cut = new RecordHeads();
  cut.push(bytes.subarray(0, 50), visitor);
  assertThrows(() => cut.end(), DecodeFault);
  for (const wrong of [[2, 0], [40, 0, 0, 0, 120], [40, 0, 0, 0, 1, 120]]) {
    assertThrows(() => new RecordHeads().push(Uint8Array.from(wrong), visitor), DecodeFault);
  }
});
