// What a leader makes of its followers' fetches: where the high watermark stands, who joins the
// ISR, who leaves it.

import { assertEquals } from "@std/assert";
import type { PartitionImage } from "../../cluster/mod.ts";
import { LedReplicas } from "./led_replicas.ts";

const state: PartitionImage = {
  id: 0,
  leader: 1,
  leaderEpoch: 3,
  leaderBrokerEpoch: 10,
  partitionEpoch: 5,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  addingReplicas: [],
  removingReplicas: [],
  elr: [],
  lastKnownElr: [],
  directories: [],
  recovering: false,
};

const minIsr = 2;

/** Broker 1 leads, from offset 100 on. */
function led(changed: Partial<PartitionImage> = {}): LedReplicas {
  return new LedReplicas({
    self: 1,
    state: { ...state, ...changed },
    logStartOffset: 0,
    epochStartOffset: 100,
    nowMs: 0,
  });
}

interface Fetch {
  readonly from: number;
  readonly epoch?: number;
  readonly nowMs?: number;
  readonly end?: number;
}

function fetch(
  replicas: LedReplicas,
  id: number,
  { from, epoch = 20, nowMs = 0, end = 120 }: Fetch,
) {
  replicas.noteFetch(id, {
    brokerEpoch: epoch,
    fetchOffset: from,
    logStartOffset: 0,
    logEndOffset: end,
    nowMs,
  });
}

function joining(replicas: LedReplicas, id: number, highWatermark: number) {
  return replicas.expansion(id, { highWatermark, isEligible: (_, epoch) => epoch === 20 });
}

Deno.test("the high watermark stands where the slowest of the ISR is, and never goes back", () => {
  const replicas = led();
  const standing = (current: number) => replicas.highWatermark(current, { own: 120, minIsr });
  assertEquals(standing(90), 90, "nobody has fetched in this epoch");
  fetch(replicas, 2, { from: 110 });
  fetch(replicas, 3, { from: 105 });
  assertEquals(standing(90), 105);
  fetch(replicas, 3, { from: 101 });
  assertEquals(standing(105), 105);
});

Deno.test("it stands still while too few are in sync", () => {
  const replicas = led({ isr: [1] });
  assertEquals(replicas.highWatermark(90, { own: 120, minIsr }), 90);
});

Deno.test("who is about to join holds it back already, who is about to leave still does", () => {
  const replicas = led({ isr: [1, 2] });
  for (const [id, from] of [[2, 120], [3, 112]] as const) fetch(replicas, id, { from });
  const isr = joining(replicas, 3, 110)!;
  replicas.propose(isr);
  assertEquals(replicas.highWatermark(110, { own: 120, minIsr }), 112);
  replicas.withdraw(isr);
  assertEquals(replicas.highWatermark(110, { own: 120, minIsr }), 120);
});

Deno.test("who joins has what its epoch began with, and fetches as who is registered", () => {
  const replicas = led({ isr: [1, 2] });
  fetch(replicas, 3, { from: 99 });
  assertEquals(joining(replicas, 3, 95), undefined, "KAFKA-7128");
  fetch(replicas, 3, { from: 100, epoch: 19 });
  assertEquals(joining(replicas, 3, 95), undefined, "KIP-903");
  fetch(replicas, 3, { from: 100 });
  assertEquals(joining(replicas, 3, 95)?.map(({ id }) => id), [1, 2, 3]);
});

Deno.test("what a follower said before it restarted does not count when it comes late", () => {
  const replicas = led({ isr: [1, 2] });
  fetch(replicas, 2, { from: 104, epoch: 21 });
  // It had more then, and lost it with its power.
  fetch(replicas, 2, { from: 118, epoch: 20 });
  assertEquals(replicas.highWatermark(100, { own: 120, minIsr }), 104);
  fetch(replicas, 2, { from: 107, epoch: 21 });
  assertEquals(replicas.highWatermark(100, { own: 120, minIsr }), 107);
});

Deno.test("who has not caught up for too long leaves", () => {
  const replicas = led();
  fetch(replicas, 2, { from: 120, nowMs: 900 });
  fetch(replicas, 3, { from: 101, nowMs: 900 });
  const look = { nowMs: 1_100, logEndOffset: 125 };
  const inSync = (lagMsMax: (id: number) => number) =>
    replicas.shrinking({ ...look, lagMsMax })?.map(({ id }) => id);
  assertEquals(inSync(() => 1_000), [1, 2]);
  // Who says that its disk is full has less time.
  assertEquals(inSync((id) => id === 2 ? 100 : Infinity), [1, 3]);
});
