import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SampledRate } from "./quota_rate.ts";
import { ClientQuotas, type QuotaKey } from "./quotas.ts";
import { anonymous } from "../network/session.ts";

const windows = { count: 11, ms: 1000 };
const key: QuotaKey = "producer_byte_rate";

/** Quotas that are set as [user, client id, limit]; "" leaves a part out, null is the default. */
function quotasOf(...set: readonly [user: string | null, client: string | null, limit: number][]) {
  let nowMs = 5_000;
  const quotas = new ClientQuotas({ windows, mutationWindows: windows, monotonic: () => nowMs });
  quotas.set(set.map(([user, client, limit]) => ({
    entity: [
      ...(user === "" ? [] : [{ entityType: "user", entityName: user }]),
      ...(client === "" ? [] : [{ entityType: "client-id", entityName: client }]),
    ],
    values: new Map([[key, limit]]),
  })));
  return { quotas, pass: (ms: number) => nowMs += ms };
}

Deno.test("a client that produces twice its quota pauses for the time that it was ahead", () => {
  const { quotas, pass } = quotasOf(["", "app", 1000]);
  const meter = quotas.meter(anonymous, "app")!;
  // Ten full windows may be used at once; then each byte costs a millisecond.
  assertEquals(meter.onProduced(10_000), 0);
  assertEquals(meter.onProduced(10_000), 10_000);
  pass(11_000);
  assertEquals(meter.onProduced(10_000), 0);
});

Deno.test("a pause is never longer than its field in the answer can say", () => {
  const { quotas } = quotasOf(["", "app", 1]);
  assertEquals(quotas.meter(anonymous, "app")!.onProduced(2 ** 40), 2 ** 31 - 1);
});

Deno.test("without any quota nothing is measured", () => {
  assertEquals(quotasOf().quotas.meter(anonymous, "app"), undefined);
});

Deno.test("a client for which no quota holds never pauses", () => {
  const meter = quotasOf(["", "other", 1]).quotas.meter(anonymous, "app")!;
  assertEquals([meter.onProduced(1e9), meter.onFetched(1e9), meter.onBusy(1e9)], [0, 0, 0]);
  assertEquals(meter.fetchBytesMax, Infinity);
});

Deno.test("of several quotas the first in Kafka's order holds", () => {
  const order: readonly [string | null, string | null][] = [
    ["ANONYMOUS", "app"],
    ["ANONYMOUS", null],
    ["ANONYMOUS", ""],
    [null, "app"],
    [null, null],
    [null, ""],
    ["", "app"],
    ["", null],
  ];
  for (let first = 0; first < order.length; first++) {
    const set = order.slice(first).map(([user, client], i) =>
      [user, client, first + i + 1] as [string | null, string | null, number]
    );
    const { quotas } = quotasOf(...set.reverse());
    assertEquals(quotas.find(key, { user: "ANONYMOUS", clientId: "app" })!.limit, first + 1);
  }
});

Deno.test("a quota of a user is shared by its clients, one of a client id is not", () => {
  const shared = quotasOf(["ANONYMOUS", "", 1000]).quotas;
  assertEquals(shared.meter(anonymous, "a")!.onProduced(10_000), 0);
  assertEquals(shared.meter(anonymous, "b")!.onProduced(1_000), 1_000);
  const own = quotasOf(["", null, 1000]).quotas;
  assertEquals(own.meter(anonymous, "a")!.onProduced(10_000), 0);
  assertEquals(own.meter(anonymous, "b")!.onProduced(1_000), 0);
});

Deno.test("a changed quota holds for what was used before it", () => {
  const { quotas } = quotasOf(["", "app", 1000]);
  quotas.meter(anonymous, "app")!.onProduced(10_000);
  const entity = [{ entityType: "client-id", entityName: "app" }];
  quotas.set([{ entity, values: new Map([[key, 500]]) }]);
  assertEquals(quotas.meter(anonymous, "app")!.onProduced(0), 10_000);
});

Deno.test("bytes of an answer that is not sent are taken back", () => {
  const quotas = new ClientQuotas({ windows, mutationWindows: windows, monotonic: () => 0 });
  const entity = [{ entityType: "client-id", entityName: null }];
  quotas.set([{ entity, values: new Map([["consumer_byte_rate", 1000]]) }]);
  const meter = quotas.meter(anonymous, null)!;
  assertEquals(meter.fetchBytesMax, 10_000);
  assertEquals(meter.onFetched(20_000), 10_000);
  meter.takeBackFetched(20_000);
  assertEquals(meter.onFetched(10_000), 0);
});

Deno.test("a pause for busy time is a window at most", () => {
  const quotas = new ClientQuotas({ windows, mutationWindows: windows, monotonic: () => 0 });
  const entity = [{ entityType: "client-id", entityName: null }];
  quotas.set([{ entity, values: new Map([["request_percentage", 1]]) }]);
  const meter = quotas.meter(anonymous, "busy")!;
  assertEquals(meter.onBusy(100), 0);
  assertEquals(meter.onBusy(5), 500);
  assertEquals(meter.onBusy(60_000), 1000);
});

Deno.test("a client that stays below its quota never pauses", () => {
  const limit = 1000;
  const step = fc.record({
    idleMs: fc.integer({ min: 1, max: 500 }),
    share: fc.double({ min: 0, max: 0.8, noNaN: true }),
  });
  fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
    let nowMs = 0;
    const rate = new SampledRate(windows, nowMs);
    for (const { idleMs, share } of steps) {
      nowMs += idleMs;
      rate.add(share * limit * idleMs / 1000, nowMs);
      assertEquals(rate.excessMs(limit, nowMs), 0);
    }
  }));
});

Deno.test("what was used counts for all windows and no longer", () => {
  const rate = new SampledRate(windows, 0);
  rate.add(20_000, 0);
  assertEquals(rate.excessMs(1000, 10_999) > 0, true);
  assertEquals(rate.excessMs(1000, 11_000), 0);
});

Deno.test("the quota of a user holds for who came in as that user, whatever the client id", () => {
  const alice = { type: "User", name: "alice" };
  const { quotas } = quotasOf(["alice", "", 1000]);
  assertEquals(quotas.meter(alice, "a")!.onProduced(10_000), 0);
  assertEquals(quotas.meter(alice, "b")!.onProduced(1_000), 1_000);
  assertEquals(quotas.meter(anonymous, "a")!.onProduced(2 ** 30), 0);
  assertEquals(quotas.meter({ type: "User", name: "al" }, "ice")!.onProduced(2 ** 30), 0);
});
