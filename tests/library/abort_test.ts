// A program that stops waiting for what it has sent.

import assert from "node:assert/strict";
import { connect, UsageFault } from "../../client.ts";
import { Broker } from "../../testing.ts";

Deno.test("a record whose topic is looked for is not sent when the program stops", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer();
  const fault = broker.faults.fail({ api: "Metadata" }, "LEADER_NOT_AVAILABLE");
  const stop = new AbortController();
  const reason = new Error("the user has gone");

  const sent = producer.send({ topic: "orders", value: "paid" }, { signal: stop.signal });
  const waited = broker.waitFor(() => fault.hits > 0, { timeout: "60s" });
  const refused = assert.rejects(sent, (error) => error === reason);
  await waited;
  stop.abort(reason);
  await refused;

  fault.remove();
  await producer.send({ topic: "orders", value: "later" });
  const values = (await broker.records("orders")).map(({ value }) => value);
  assert.deepEqual(values, ["later"]);
});

Deno.test("a record that has left is written, whether anybody waits for it or not", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer();
  const fault = broker.faults.fail({ api: "Produce" }, "NOT_ENOUGH_REPLICAS");
  const stop = new AbortController();

  const records = ["a", "b"].map((value) => ({ topic: "orders", value }));
  const sent = producer.send(records, { signal: stop.signal });
  const refused = assert.rejects(sent, { name: "AbortError" });
  await broker.waitFor(() => fault.hits > 0, { timeout: "60s" });
  stop.abort();
  await refused;

  fault.remove();
  await producer.flush();
  assert.equal((await broker.records("orders")).length, 2);
});

Deno.test("a signal that is aborted, and what is none, send nothing", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer();
  const send = (signal: AbortSignal) => producer.send({ topic: "orders", value: "a" }, { signal });
  await assert.rejects(send(AbortSignal.abort()), { name: "AbortError" });
  await assert.rejects(send(new AbortController() as unknown as AbortSignal), UsageFault);
  const { signal } = new AbortController();
  await send(signal);
  assert.equal((await broker.records("orders")).length, 1);
});
