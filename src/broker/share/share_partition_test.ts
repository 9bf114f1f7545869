// A partition in a share group: who gets which records, how often, and what is stored of that.
// Every history of small worlds of it is walked in tests/walk.

import { assertEquals } from "@std/assert";
import { ErrorCode } from "../../protocol/mod.ts";
import { acknowledgeTypes, type ReadBatch, SharePartition } from "./share_partition.ts";

const { gap, accept, release, reject, renew } = acknowledgeTypes;

const terms = { recordLocksMax: 100, deliveryCountMax: 2, lockMs: 1_000, canRenew: true };

/** A partition that begins at offset 0, and what members do with it. */
function rig(changes: Partial<typeof terms> = {}) {
  const now = { ms: 0 };
  const inForce = { ...terms, ...changes };
  const partition = new SharePartition({ startOffset: 0, stateBatches: [] }, () => inForce);
  return {
    partition,
    now,
    inForce,
    fetch(memberId: string, batches: readonly ReadBatch[], options: object = {}) {
      const fromOffset = partition.fetchOffset;
      if (fromOffset === undefined) return [];
      const acquired = partition.acquire({
        memberId,
        batches,
        fromOffset,
        recordsMax: 500,
        isStrict: false,
        batchSize: 500,
        nowMs: now.ms,
        ...options,
      });
      return acquired.map(({ firstOffset, lastOffset, deliveryCount }) =>
        `${firstOffset}-${lastOffset} x${deliveryCount}`
      );
    },
    say(memberId: string, firstOffset: number, lastOffset: number, ...types: number[]) {
      const batches = [{ firstOffset, lastOffset, types }];
      return partition.acknowledge({ memberId, batches, nowMs: now.ms }).errorCode;
    },
    store(isStored = true) {
      const write = partition.beginWrite();
      if (write === undefined) return undefined;
      partition.settle(write.number, isStored);
      const { number: _, ...said } = write;
      return said;
    },
  };
}

function records(...sizes: number[]): ReadBatch[] {
  let firstOffset = 0;
  return sizes.map((size) => {
    const batch = { firstOffset, lastOffset: firstOffset + size - 1, isGiven: true };
    firstOffset += size;
    return batch;
  });
}

Deno.test("records are handed out, accepted, given back and handed out again", () => {
  const { partition, fetch, say, store } = rig();
  assertEquals(fetch("a", records(10)), ["0-9 x1"]);
  assertEquals(fetch("b", records(10)), []);
  assertEquals(say("b", 0, 9, accept), ErrorCode.INVALID_RECORD_STATE);
  assertEquals(say("a", 0, 3, accept, accept, release, reject), ErrorCode.NONE);
  assertEquals(fetch("b", records(10)), [], "it is not stored yet");
  assertEquals(store(), {
    startOffset: 2,
    deliveryCompleteCount: 1,
    stateBatches: [
      { firstOffset: 2, lastOffset: 2, deliveryState: 0, deliveryCount: 1 },
      { firstOffset: 3, lastOffset: 3, deliveryState: 4, deliveryCount: 1 },
    ],
  });
  assertEquals(partition.startOffset, 2);
  assertEquals(fetch("b", records(10)), ["2-2 x2"]);
});

Deno.test("what cannot be stored has not happened", () => {
  const { partition, fetch, say, store } = rig();
  fetch("a", records(2));
  assertEquals(say("a", 0, 1, accept), ErrorCode.NONE);
  assertEquals(say("a", 0, 1, accept), ErrorCode.INVALID_RECORD_STATE, "it is under way");
  store(false);
  assertEquals(partition.heldBy("a"), 2);
  assertEquals(say("a", 0, 1, accept), ErrorCode.NONE);
  store();
  assertEquals(partition.startOffset, 2);
});

Deno.test("of what is done with nothing more is said, nor of anything together with it", () => {
  const { fetch, say, store } = rig();
  fetch("a", records(4));
  say("a", 0, 1, accept);
  store();
  assertEquals(say("a", 0, 3, accept), ErrorCode.INVALID_RECORD_STATE);
  assertEquals(say("a", 2, 3, accept), ErrorCode.NONE);
});

Deno.test("a lock runs out, unless it is renewed, and a record comes so often at most", () => {
  const { partition, now, fetch, say, store } = rig();
  fetch("a", records(2));
  now.ms = 900;
  assertEquals(partition.deadlineMs, 1_000);
  assertEquals(say("a", 1, 1, renew), ErrorCode.NONE);
  now.ms = 1_000;
  partition.onTick(now.ms);
  assertEquals(partition.deadlineMs, 1_900);
  store();
  assertEquals(fetch("b", records(2)), ["0-0 x2"]);
  assertEquals(partition.heldBy("a"), 1);
  now.ms = 5_000;
  partition.onTick(now.ms);
  store();
  assertEquals(partition.startOffset, 1, "it was delivered twice, and is given up");
});

Deno.test("who may not renew is told so, and what else was said is not done", () => {
  const { fetch, say, inForce } = rig();
  fetch("a", records(2));
  inForce.canRenew = false;
  assertEquals(say("a", 0, 1, accept, renew), ErrorCode.INVALID_RECORD_STATE);
  inForce.canRenew = true;
  assertEquals(say("a", 0, 1, accept, renew), ErrorCode.NONE);
});

Deno.test("whole batches are handed out, or no more records than asked for", () => {
  const whole = rig();
  assertEquals(whole.fetch("a", records(4, 4, 4), { recordsMax: 5, batchSize: 1 }), [
    "0-3 x1",
    "4-7 x1",
  ]);
  const strict = rig();
  const asked = { recordsMax: 5, isStrict: true };
  assertEquals(strict.fetch("a", records(4, 4, 4), asked), ["0-4 x1"]);
  assertEquals(strict.fetch("b", records(4, 4, 4), asked), ["5-9 x1"]);
});

Deno.test("no more records are under way than may be, but for the rest of a batch", () => {
  const { partition, fetch, say, store } = rig({ recordLocksMax: 5 });
  assertEquals(fetch("a", records(4, 4, 4)), ["0-7 x1"]);
  assertEquals(partition.fetchOffset, undefined);
  assertEquals(say("a", 6, 6, release), ErrorCode.NONE);
  store();
  assertEquals(partition.fetchOffset, 6, "what was looked at before can be had");
  assertEquals(fetch("b", records(4, 4, 4)), ["6-6 x2"]);
});

Deno.test("nobody is given markers, aborted records and what compaction removed", () => {
  const { partition, fetch, say, store } = rig();
  const batches = [
    { firstOffset: 2, lastOffset: 3, isGiven: true },
    { firstOffset: 4, lastOffset: 4, isGiven: false },
    { firstOffset: 7, lastOffset: 8, isGiven: true },
  ];
  assertEquals(fetch("a", batches), ["2-3 x1", "7-8 x1"]);
  store();
  assertEquals(partition.startOffset, 2);
  assertEquals(say("a", 2, 3, accept, gap), ErrorCode.NONE);
  store();
  assertEquals(partition.startOffset, 7);
});

Deno.test("a leader begins with what is stored, and hands out what is missing there", () => {
  const partition = new SharePartition({
    startOffset: 3,
    stateBatches: [
      { firstOffset: 3, lastOffset: 4, deliveryState: 2, deliveryCount: 1 },
      { firstOffset: 6, lastOffset: 6, deliveryState: 0, deliveryCount: 1 },
      { firstOffset: 7, lastOffset: 7, deliveryState: 4, deliveryCount: 2 },
    ],
  }, () => terms);
  assertEquals([partition.startOffset, partition.fetchOffset, partition.nextOffset], [5, 5, 8]);
  const acquired = partition.acquire({
    memberId: "a",
    batches: [{ firstOffset: 0, lastOffset: 9, isGiven: true }],
    fromOffset: 5,
    recordsMax: 10,
    isStrict: true,
    batchSize: 10,
    nowMs: 0,
  });
  assertEquals(acquired, [
    { firstOffset: 5, lastOffset: 5, deliveryCount: 1 },
    { firstOffset: 6, lastOffset: 6, deliveryCount: 2 },
    { firstOffset: 8, lastOffset: 9, deliveryCount: 1 },
  ]);
});

Deno.test("what the log deletes is let go of, and whoever held it is not troubled", () => {
  const { partition, fetch, say, store } = rig();
  fetch("a", records(10));
  partition.onDeleted(5);
  assertEquals(partition.heldBy("a"), 5);
  assertEquals(say("a", 0, 4, accept), ErrorCode.NONE);
  assertEquals(say("a", 3, 6, accept), ErrorCode.NONE);
  assertEquals(store()?.startOffset, 7);
  assertEquals(say("a", 5, 6, accept), ErrorCode.INVALID_RECORD_STATE);
  assertEquals(say("a", 9, 10, accept), ErrorCode.INVALID_REQUEST);
});
