// Offsets within transactions, against what the log says of them.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ZERO_UUID } from "../../../base/ids.ts";
import { firstOf } from "../../../base/items.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { fetchOffsets, OffsetTable } from "./offset_table.ts";

const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 500);
const group = "g";

function valueOf(offset: number) {
  const times = { commitTimestamp: 0, expireTimestamp: -1 };
  return { offset, leaderEpoch: -1, metadata: "", topicId: ZERO_UUID, ...times };
}

/** What is told of a partition: its offset, and whether it may yet change. */
function told(table: OffsetTable, partition: number) {
  const read = (requireStable: boolean) => {
    const topics = [{ name: "t", topicId: ZERO_UUID, partitionIndexes: [partition] }];
    const request = { groupId: group, memberId: null, memberEpoch: -1, topics, requireStable };
    return firstOf(firstOf(fetchOffsets(table, request).topics).partitions);
  };
  const stable = read(true);
  const isUnstable = stable.errorCode === ErrorCode.UNSTABLE_OFFSET_COMMIT;
  const { committedOffset } = read(false);
  assertEquals(stable.committedOffset, isUnstable ? -1 : committedOffset);
  return { committedOffset, isUnstable };
}

function put(table: OffsetTable, o: { partition?: number; offset: number | null; by?: number }) {
  const key = { group, topic: "t", partition: o.partition ?? 0 };
  table.put({ key, value: o.offset === null ? null : valueOf(o.offset) }, o.by);
}

Deno.test("an offset within a transaction counts once that has committed", () => {
  const table = new OffsetTable();
  put(table, { offset: 3 });
  put(table, { offset: 5, by: 7 });
  assertEquals(told(table, 0), { committedOffset: 3, isUnstable: true });
  assertEquals(told(table, 1), { committedOffset: -1, isUnstable: false });
  table.endTransaction(7, true);
  assertEquals(told(table, 0), { committedOffset: 5, isUnstable: false });
});

Deno.test("an aborted transaction leaves nothing, not even the group", () => {
  const table = new OffsetTable();
  put(table, { offset: 5, by: 7 });
  assertEquals([table.has(group), table.ofGroup(group).size], [true, 0]);
  table.endTransaction(7, false);
  assertEquals([table.has(group), told(table, 0).committedOffset], [false, -1]);
});

Deno.test("a later commit outside of the transaction stays when that commits", () => {
  const table = new OffsetTable();
  put(table, { offset: 5, by: 7 });
  put(table, { offset: 6 });
  table.endTransaction(7, true);
  assertEquals(told(table, 0), { committedOffset: 6, isUnstable: false });
});

Deno.test("of two transactions the later commit wins, whichever ends first", () => {
  const table = new OffsetTable();
  put(table, { offset: 5, by: 7 });
  put(table, { offset: 6, by: 8 });
  table.endTransaction(8, true);
  assertEquals(told(table, 0), { committedOffset: 6, isUnstable: true });
  table.endTransaction(7, true);
  assertEquals(told(table, 0), { committedOffset: 6, isUnstable: false });
});

Deno.test("a tombstone takes out what is pending", () => {
  const table = new OffsetTable();
  put(table, { offset: 5, by: 7 });
  put(table, { offset: null });
  table.endTransaction(7, true);
  assertEquals(told(table, 0), { committedOffset: -1, isUnstable: false });
});

type Entry =
  | { readonly kind: "put"; readonly partition: number; offset: number | null; by?: number }
  | { readonly kind: "end"; readonly by: number; readonly committed: boolean };

const partition = fc.nat({ max: 1 });
const by = fc.constantFrom(7, 8, 9);
const offset = fc.nat({ max: 99 });
const entries: fc.Arbitrary<Entry[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("put" as const), partition, offset, by }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("put" as const), partition, offset }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("put" as const),
        partition,
        offset: fc.constant(null),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("end" as const), by, committed: fc.boolean() }),
    },
  ),
  { maxLength: 40 },
);

/** What the log says of a partition: its last record that counts, and those that may come to. */
function modelOf(log: readonly Entry[], partition: number) {
  let committedOffset = -1;
  let isUnstable = false;
  for (const [i, entry] of log.entries()) {
    if (entry.kind !== "put" || entry.partition !== partition) continue;
    const end = entry.by === undefined
      ? { committed: true }
      : log.slice(i).find((other) => other.kind === "end" && other.by === entry.by);
    if (entry.offset === null) [committedOffset, isUnstable] = [-1, false];
    else if (end === undefined) isUnstable = true;
    else if ("committed" in end && end.committed) committedOffset = entry.offset;
  }
  return { committedOffset, isUnstable };
}

Deno.test("the table says of each partition what the log says", () => {
  fc.assert(
    fc.property(entries, (log) => {
      const table = new OffsetTable();
      for (const [i, entry] of log.entries()) {
        if (entry.kind === "put") put(table, entry);
        else table.endTransaction(entry.by, entry.committed);
        for (const id of [0, 1]) assertEquals(told(table, id), modelOf(log.slice(0, i + 1), id));
      }
    }),
    { numRuns: runs },
  );
});
