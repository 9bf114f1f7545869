// A program that stops waiting for what it has sent.

import assert from "node:assert/strict";
import { type CallOptions, type Cluster, connect, UsageFault } from "../../client.ts";
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

/** Each call waits for an answer that does not come, until its program stops. */
const waitingCalls: readonly {
  readonly name: string;
  /** The request that has no answer. */
  readonly api: string;
  call(cluster: Cluster, options: CallOptions): Promise<unknown>;
}[] = [
  { name: "listTopics", api: "Metadata", call: ({ admin }, options) => admin.listTopics(options) },
  {
    name: "describeTopic",
    api: "Metadata",
    call: ({ admin }, options) => admin.describeTopic("orders", options),
  },
  {
    name: "createTopic",
    api: "CreateTopics",
    call: ({ admin }, options) => admin.createTopic({ name: "refunds" }, options),
  },
  {
    name: "deleteTopic",
    api: "DeleteTopics",
    call: ({ admin }, options) => admin.deleteTopic("orders", options),
  },
  {
    name: "createPartitions",
    api: "CreatePartitions",
    call: ({ admin }, options) => admin.createPartitions({ topic: "orders", count: 2 }, options),
  },
  {
    name: "describeCluster",
    api: "DescribeCluster",
    call: ({ admin }, options) => admin.describeCluster(options),
  },
  {
    name: "describeConfigs",
    api: "DescribeConfigs",
    call: ({ admin }, options) => admin.describeConfigs({ topic: "orders" }, options),
  },
  {
    name: "alterConfigs",
    api: "IncrementalAlterConfigs",
    call: ({ admin }, options) =>
      admin.alterConfigs({ topic: "orders" }, { unset: ["retention.ms"] }, options),
  },
  {
    name: "listOffsets",
    api: "ListOffsets",
    call: ({ admin }, options) =>
      admin.listOffsets([{ topic: "orders", partition: 0 }], { spec: "latest", ...options }),
  },
  {
    name: "deleteRecords",
    api: "DeleteRecords",
    call: ({ admin }, options) =>
      admin.deleteRecords([{ topic: "orders", partition: 0, offset: 0 }], options),
  },
  {
    name: "listGroups",
    api: "ListGroups",
    call: ({ admin }, options) => admin.listGroups(options),
  },
  {
    name: "describeGroup",
    api: "FindCoordinator",
    call: ({ admin }, options) => admin.describeGroup("billing", options),
  },
  {
    name: "deleteGroup",
    api: "FindCoordinator",
    call: ({ admin }, options) => admin.deleteGroup("billing", options),
  },
  {
    name: "committedOffsets",
    api: "FindCoordinator",
    call: ({ admin }, options) =>
      admin.committedOffsets("billing", { partitions: null, ...options }),
  },
  {
    name: "commitOffsets",
    api: "FindCoordinator",
    call: ({ admin }, options) =>
      admin.commitOffsets("billing", {
        offsets: [{ topic: "orders", partition: 0, offset: 0 }],
        ...options,
      }),
  },
  { name: "listUsers", api: "DescribeUserScramCredentials", call: listUsers },
  { name: "listQuotas", api: "DescribeClientQuotas", call: listQuotas },
  {
    name: "describeLogDirs",
    api: "DescribeLogDirs",
    call: ({ admin }, options) => admin.describeLogDirs(options),
  },
  {
    name: "flush",
    api: "InitProducerId",
    call(cluster, options) {
      const producer = cluster.producer();
      producer.send({ topic: "orders", value: "paid" }).catch(() => {});
      return producer.flush(options);
    },
  },
  {
    name: "ready",
    api: "InitProducerId",
    call(cluster, options) {
      const producer = cluster.producer({ bufferBytesMax: 1 });
      producer.send({ topic: "orders", value: "paid" }).catch(() => {});
      return producer.ready(options);
    },
  },
  {
    name: "begin",
    api: "InitProducerId",
    call: (cluster, options) => cluster.producer({ transactionalId: "billing" }).begin(options),
  },
  {
    name: "transaction",
    api: "Produce",
    call: (cluster, options) =>
      cluster.producer({ transactionalId: "billing" }).transaction(
        (tx) => tx.send({ topic: "orders", value: "paid" }),
        options,
      ),
  },
  {
    name: "poll, which joins",
    api: "JoinGroup",
    call(cluster, { signal }) {
      const consumer = cluster.consumer({ groupId: "billing" });
      consumer.subscribe(["orders"]);
      return consumer.poll({ signal, timeoutMs: 600_000 });
    },
  },
  {
    name: "poll",
    api: "Fetch",
    call(cluster, { signal }) {
      const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
      consumer.assign([{ topic: "orders", partition: 0 }]);
      return consumer.poll({ signal, timeoutMs: 600_000 });
    },
  },
  {
    name: "commit",
    api: "OffsetCommit",
    call(cluster, options) {
      const consumer = cluster.consumer({ groupId: "billing", autoCommitIntervalMs: 0 });
      return consumer.commit([{ topic: "orders", partition: 0, offset: 0 }], options);
    },
  },
];

function listUsers({ admin }: Cluster, options: CallOptions): Promise<unknown> {
  return admin.listUsers(options);
}

function listQuotas({ admin }: Cluster, options: CallOptions): Promise<unknown> {
  return admin.listQuotas(options);
}

for (const { name, api, call } of waitingCalls) {
  Deno.test(`a program stops waiting for ${name}`, async () => {
    await using broker = await Broker.start({ topics: { orders: {} } });
    const cluster = await connect({ bootstrap: broker.bootstrap });
    const fault = broker.faults.loseAnswer({ api });
    const stop = new AbortController();
    const reason = new Error("the user has gone");

    const refused = assert.rejects(
      call(cluster, { signal: stop.signal }),
      (error) => error === reason,
    );
    await broker.waitFor(() => fault.hits > 0, { timeout: "60s" });
    stop.abort(reason);
    await refused;

    await assert.rejects(
      call(cluster, { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
      "a signal that is aborted is not waited with",
    );
    fault.remove();
    await cluster.close();
  });
}

Deno.test("a program stops waiting for a connection", async () => {
  await using broker = await Broker.start();
  using fault = broker.faults.loseAnswer({ api: "ApiVersions" });
  const stop = new AbortController();
  const connecting = connect({ bootstrap: broker.bootstrap }, { signal: stop.signal });
  const refused = assert.rejects(connecting, { name: "AbortError" });
  await broker.waitFor(() => fault.hits > 0, { timeout: "60s" });
  stop.abort();
  await refused;
});

Deno.test("a loop over records that waits for its group ends with its signal", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  const cluster = await connect({ bootstrap: broker.bootstrap });
  using fault = broker.faults.loseAnswer({ api: "JoinGroup" });
  const consumer = cluster.consumer({ groupId: "billing" });
  consumer.subscribe(["orders"]);
  const stop = new AbortController();
  const loop = (async () => {
    for await (const _ of consumer.records({ signal: stop.signal }));
    return "ended";
  })();
  await broker.waitFor(() => fault.hits > 0, { timeout: "60s" });
  stop.abort();
  assert.equal(await loop, "ended");
  fault.remove();
  await cluster.close();
});

Deno.test("a transaction that is given up is undone before the next one begins", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer({ transactionalId: "billing" });
  const stop = new AbortController();
  const given = producer.transaction(async (tx) => {
    await tx.send({ topic: "orders", value: "given up" });
    stop.abort();
    await new Promise(() => {});
  }, { signal: stop.signal });
  await assert.rejects(given, { name: "AbortError" });
  await producer.transaction((tx) => tx.send({ topic: "orders", value: "kept" }));

  const consumer = cluster.consumer({ readCommitted: true, autoOffsetReset: "earliest" });
  consumer.assign([{ topic: "orders", partition: 0 }]);
  const { value } = (await consumer.records().next()).value;
  assert.equal(new TextDecoder().decode(value), "kept");
});

Deno.test("what a closed client is asked for is refused for good", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  const cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer();
  await producer.send({ topic: "orders", value: "paid" });
  await cluster.close();
  await assert.rejects(
    cluster.admin.listTopics(),
    (error) => error instanceof UsageFault && !error.isRetriable,
  );
});
