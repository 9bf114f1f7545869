import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";
import { decodeEpochs, EpochCache } from "../partition/epoch_cache.ts";
import { decodeOffsetIndex, OffsetIndex } from "./offset_index.ts";
import { decodeTimeIndex, TimeIndex } from "./time_index.ts";
import { decodeAborted, encodeAborted } from "./txn_index.ts";

function offsetIndex(entries: readonly (readonly [number, number])[]): OffsetIndex {
  const index = new OffsetIndex();
  for (const [relativeOffset, position] of entries) index.append(relativeOffset, position);
  return index;
}

Deno.test("an offset is looked up at the last entry that is not beyond it", () => {
  const index = offsetIndex([[10, 100], [20, 200], [30, 300]]);
  const at = (offset: number) => index.lookup(offset);
  assertEquals([at(0), at(9), at(10), at(19), at(20), at(1000)], [0, 0, 100, 100, 200, 300]);
});

Deno.test("a cut offset index has no entry at or behind the cut", () => {
  const index = offsetIndex([[10, 100], [20, 200], [30, 300]]);
  index.truncate(200);
  assertEquals([index.entryCount, index.lookup(1000)], [1, 100]);
});

Deno.test("any offset index survives its file, with the zeros that Kafka allocates ahead", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99 })),
  );
  fc.assert(fc.property(steps, fc.nat(5), (steps, zeros) => {
    let [offset, position] = [0, 0];
    const index = offsetIndex(steps.map(([a, b]) => [offset += a, position += b]));
    const file = new Uint8Array([...index.encode(), ...new Uint8Array(8 * zeros)]);
    assertEquals(decodeOffsetIndex(file, position + 1)?.encode(), index.encode());
  }));
});

Deno.test("an offset index that cannot be its log's is not taken", () => {
  const file = offsetIndex([[10, 100], [20, 200]]).encode();
  assertEquals(decodeOffsetIndex(file, 200), undefined);
  assertEquals(decodeOffsetIndex(file.subarray(0, 9), 1000), undefined);
  assertEquals(decodeOffsetIndex(offsetIndex([[10, 100], [10, 200]]).encode(), 1000), undefined);
});

Deno.test("a time is looked up where all that comes before is earlier", () => {
  const index = new TimeIndex();
  index.maybeAppend(1000, 4);
  index.maybeAppend(1000, 9);
  index.maybeAppend(2000, 12);
  index.maybeAppend(-1, 20);
  assertEquals(index.entryCount, 2);
  const at = (timestamp: number) => index.lookup(timestamp);
  assertEquals([at(0), at(1000), at(1001), at(2000), at(9999)], [0, 0, 4, 4, 12]);
  assertEquals(decodeTimeIndex(index.encode())?.last, { timestamp: 2000, relativeOffset: 12 });
  index.truncate(12);
  assertEquals(index.last, { timestamp: 1000, relativeOffset: 4 });
});

Deno.test("aborted transactions survive their file", () => {
  const entries = [{ producerId: 7, firstOffset: 1, lastOffset: 5, lastStableOffset: 6 }];
  assertEquals(decodeAborted(encodeAborted(entries)), entries);
  assertEquals(decodeAborted(encodeAborted([...entries, ...entries])), undefined);
  assertEquals(decodeAborted(encodeAborted(entries).subarray(1)), undefined);
});

Deno.test("epochs begin in order, and one without records gives way to the next", () => {
  const epochs = new EpochCache();
  epochs.assign(1, 0);
  epochs.assign(2, 10);
  epochs.assign(4, 10);
  epochs.assign(3, 15);
  assertEquals(epochs.starts, [{ epoch: 1, startOffset: 0 }, { epoch: 4, startOffset: 10 }]);
  assertEquals(epochs.endOffsetFor(2, 20), { leaderEpoch: 1, endOffset: 10 });
  assertEquals(epochs.endOffsetFor(0, 20), { leaderEpoch: 0, endOffset: 0 });
  assertEquals([epochs.epochAt(9), epochs.epochAt(10)], [1, 4]);
});

Deno.test("epochs follow the log when it is cut at either end", () => {
  const starts = [{ epoch: 1, startOffset: 0 }, { epoch: 2, startOffset: 10 }];
  const cutAtStart = new EpochCache(starts);
  cutAtStart.truncateFromStart(5);
  assertEquals(cutAtStart.starts, [{ epoch: 1, startOffset: 5 }, { epoch: 2, startOffset: 10 }]);
  cutAtStart.truncateFromStart(12);
  assertEquals(cutAtStart.starts, [{ epoch: 2, startOffset: 12 }]);
  const cutAtEnd = new EpochCache(starts);
  cutAtEnd.truncateFromEnd(10);
  assertEquals([cutAtEnd.latestEpoch, cutAtEnd.changed], [1, true]);
});

Deno.test("leader-epoch-checkpoint is the text that Kafka writes", () => {
  const epochs = new EpochCache([{ epoch: 0, startOffset: 0 }, { epoch: 3, startOffset: 15 }]);
  assertEquals(epochs.encodeForFile(), utf8("0\n2\n0 0\n3 15\n"));
  assertEquals(decodeEpochs(utf8("0\n1\n3 15\n")), [{ epoch: 3, startOffset: 15 }]);
  for (const spoiled of ["", "1\n0\n", "0\n2\n0 0\n", "0\n2\n3 15\n0 20\n", "0\n1\nx y\n"]) {
    assertThrows(() => decodeEpochs(utf8(spoiled)), DecodeFault);
  }
});
