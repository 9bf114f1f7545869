// A test file of somebody else, for each runner in its own words: each test begins with a broker of
// its own, a fork of one that has all that is needed.

import assert from "node:assert/strict";
import { Broker } from "@ottla/ottla/testing";

const { test, afterAll, fakeTimers, count = 50 } = await runner();

const template = await Broker.start({
  topics: { orders: { partitions: 3, records: ["a", "b", "c"] } },
  groups: { billing: { offsets: { orders: "latest" } } },
});
const snapshot = template.snapshot();
afterAll(() => template.close());

for (let i = 0; i < count; i++) {
  test(`order ${i} comes to a broker of its own`, async () => {
    const broker = await snapshot.fork();
    await broker.seed({
      topics: { [`orders-${i}`]: { records: [{ key: "7", value: { i } }] } },
    });
    const [record, ...more] = await broker.records(`orders-${i}`);
    assert.deepEqual([record.json(), more.length], [{ i }, 0]);
    assert.equal((await broker.group("billing")).lag, 0);
    await broker.close();
  });
}

if (fakeTimers !== undefined) {
  test("time passes for a broker while the test holds its own", async () => {
    fakeTimers.hold();
    try {
      const broker = await Broker.start({
        topics: {
          orders: { configs: { "retention.ms": 1_000 }, records: ["old"] },
        },
      });
      await broker.clock.advance("1h");
      await broker.waitFor(async () => (await broker.records("orders")).length === 0);
      await broker.close();
    } finally {
      fakeTimers.release();
    }
  });
}

/** The words of the runner that has this file; without `fakeTimers` where those hold brokers, too. */
async function runner() {
  if (globalThis.Deno !== undefined) return { test: Deno.test, afterAll: Deno.test.afterAll };
  if (globalThis.Bun !== undefined) return { ...await import("bun:test"), count: 200 };
  if (process.env.VITEST !== undefined) {
    const { test, afterAll, vi } = await import("vitest");
    return { test, afterAll, fakeTimers: timersOf(vi) };
  }
  if (process.env.JEST_WORKER_ID !== undefined) {
    const { test, afterAll, jest } = await import("@jest/globals");
    return { test, afterAll, fakeTimers: timersOf(jest) };
  }
  const { test, after, mock } = await import("node:test");
  const fakeTimers = { hold: () => mock.timers.enable(), release: () => mock.timers.reset() };
  return { test, afterAll: after, fakeTimers };
}

function timersOf(kit) {
  return { hold: () => kit.useFakeTimers(), release: () => kit.useRealTimers() };
}
