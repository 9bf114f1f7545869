// What of a read there is for members of share groups: not markers, not what was aborted.

import { assertEquals } from "@std/assert";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { assignBatch, buildBatch, buildEndTransactionMarker } from "../../records/mod.ts";
import { placedBatches, sliceFor } from "./read_batches.ts";

const leaderEpoch = 0;
const timestamp = 1_700_000_000_000;

/** Batches and markers, one after the other from offset 10 on. */
function log(...entries: readonly (readonly [producerId: number, what: number | boolean])[]) {
  let baseOffset = 10;
  return concatBytes(entries.map(([producerId, what]) => {
    const producer = { producerId, producerEpoch: 0 };
    const bytes = typeof what === "boolean"
      ? buildEndTransactionMarker({ ...producer, committed: what, coordinatorEpoch: 0, timestamp })
      : buildBatch({
        records: Array.from({ length: what }, () => ({ key: null, value: utf8("x"), headers: [] })),
        timestamp,
        ...producerId >= 0 && { ...producer, baseSequence: 0, isTransactional: true },
      });
    assignBatch(bytes, { position: 0, baseOffset, leaderEpoch });
    baseOffset += typeof what === "boolean" ? 1 : what;
    return bytes;
  }));
}

function told(records: Uint8Array, aborted: { producerId: number; firstOffset: number }[] | null) {
  return placedBatches({ records, abortedTransactions: aborted }).map((batch) =>
    `${batch.firstOffset}-${batch.lastOffset}${batch.isGiven ? "" : " passed over"}`
  );
}

Deno.test("markers are passed over, and aborted records for who reads committed ones", () => {
  const records = log([7, 2], [8, 1], [7, false], [-1, 1], [7, 1], [7, true], [8, true]);
  const all = ["10-11", "12-12", "13-13 passed over", "14-14", "15-15"];
  const markers = ["16-16 passed over", "17-17 passed over"];
  assertEquals(told(records, null), [...all, ...markers]);
  const committed = ["10-11 passed over", ...all.slice(1), ...markers];
  assertEquals(told(records, [{ producerId: 7, firstOffset: 10 }]), committed);
});

Deno.test("the transaction that a read begins in is told of, too", () => {
  assertEquals(told(log([7, 1], [7, false], [7, 1]), [{ producerId: 7, firstOffset: 3 }]), [
    "10-10 passed over",
    "11-11 passed over",
    "12-12",
  ]);
});

Deno.test("of what was read the batches are sent that hold what is handed out", () => {
  const records = log([-1, 2], [-1, 2], [-1, 2], [-1, 2]);
  const batches = placedBatches({ records, abortedTransactions: null });
  const sent = (firstOffset: number, lastOffset: number) =>
    told(sliceFor(records, { batches, ranges: [{ firstOffset, lastOffset }] }), null);
  assertEquals(sent(13, 14), ["12-13", "14-15"]);
  assertEquals(sent(10, 10), ["10-11"]);
  assertEquals(sliceFor(records, { batches, ranges: [] }).length, 0);
});
