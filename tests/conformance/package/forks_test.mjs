// A test file of somebody else, for vitest and `bun test`, which have the same words: each test
// begins with a broker of its own, a fork of one that has all that is needed.

import { Broker } from "@ottla/ottla/testing";

const isBun = globalThis.Bun !== undefined;
const { test, expect, vi, afterAll } = await import(
  isBun ? "bun:test" : "vitest"
);
const count = isBun ? 200 : 50;

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
    expect([record.json(), more.length]).toEqual([{ i }, 0]);
    expect((await broker.group("billing")).lag).toBe(0);
    await broker.close();
  });
}

// Those of Bun hold the whole process, brokers included.
if (!isBun) {
  test("time passes for a broker while the test holds its own", async () => {
    vi.useFakeTimers();
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
      vi.useRealTimers();
    }
  });
}
