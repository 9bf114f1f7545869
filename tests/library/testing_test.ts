// The test kit as a test suite of somebody else uses it, the same on Deno, Bun and Node.

import assert from "node:assert/strict";
import { test as register } from "node:test";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import {
  Broker,
  type LogLine,
  type TestBrokerOptions,
  UsageFault,
  type WaitTimeout,
} from "../../testing.ts";
import { connect } from "../../client.ts";
import { ca, server } from "../harness/certificates.ts";
import { within } from "../harness/deadline.ts";

/** A test that says so when it does not end, where the runtime would wait for ever. */
function test(sentence: string, body: () => Promise<void>): void {
  const what = () => `the end of: ${sentence}`;
  register(sentence, { timeout: 70_000 }, () => within(body(), { ms: 60_000, what }));
}

function kafkajs(broker: Broker, clientId = "app"): Kafka {
  return new Kafka({
    clientId,
    brokers: [broker.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 8 },
  });
}

/** Sends with a producer of its own. */
async function send(broker: Broker, topic: string, values: readonly string[]): Promise<void> {
  const producer = kafkajs(broker).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
  } finally {
    await producer.disconnect();
  }
}

/** Runs `use` while a member of `groupId` reads `topic`; its values come to `onValue`. */
async function withMember(
  broker: Broker,
  { topic, groupId, onValue = () => {} }: {
    topic: string;
    groupId: string;
    onValue?: (value: string) => void;
  },
  use: () => Promise<void>,
): Promise<void> {
  const consumer = kafkajs(broker).consumer({
    groupId,
    heartbeatInterval: 100,
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      onValue(message.value!.toString());
      return Promise.resolve();
    },
  });
  try {
    await use();
  } finally {
    await consumer.disconnect();
  }
}

/** Puts in place of the real timers what a test runner does; returns the way back. */
function holdTime(): () => void {
  const held = { setTimeout, setInterval, setImmediate, queueMicrotask };
  const { now } = Date;
  Object.assign(globalThis, Object.fromEntries(Object.keys(held).map((name) => [name, () => 0])));
  Date.now = () => 0;
  return () => {
    Object.assign(globalThis, held);
    Date.now = now;
  };
}

const orders: TestBrokerOptions = {
  topics: {
    orders: {
      partitions: 2,
      records: [{ partition: 0, key: "7", value: { paid: true }, headers: { by: "card" } }],
    },
  },
  groups: { billing: { offsets: { orders: "earliest" } } },
};

test("a test declares topics, records and groups, and looks at them", async () => {
  await using broker = await Broker.start(orders);
  await withMember(broker, { topic: "orders", groupId: "billing" }, async () => {
    const group = await broker.waitFor({ group: "billing", state: "Stable", members: 1, lag: 0 });
    assert.equal(group.members[0].clientId, "app");
  });
  const [record, ...more] = await broker.records("orders");
  assert.deepEqual(more, []);
  assert.deepEqual([record.partition, record.offset, record.key], [0, 0, "7"]);
  assert.deepEqual([record.json(), record.headers], [{ paid: true }, { by: "card" }]);
  const { state, offsets, lag } = await broker.group("billing");
  assert.deepEqual([state, lag], ["Empty", 0]);
  assert.deepEqual(offsets.map(({ partition, offset }) => [partition, offset]), [[0, 1], [1, 0]]);
});

test("a declaration that is applied again does no harm", async () => {
  await using broker = await Broker.start(orders);
  await send(broker, "orders", ["more"]);
  await broker.seed({ ...orders, groups: { billing: { offsets: { orders: "latest" } } } });
  assert.equal((await broker.records("orders")).length, 2);
  assert.equal((await broker.group("billing")).lag, 2);
  await broker.seed({ topics: { orders: { partitions: 3, configs: { "retention.ms": 1_000 } } } });
  await broker.clock.advance("1h");
  await broker.waitFor(async () => (await broker.records("orders")).length === 0);
});

test("a declaration that is none is refused in words", async () => {
  const topics = { orders: { partition: 3 } } as TestBrokerOptions["topics"];
  await assert.rejects(() => Broker.start({ topics }), {
    name: "UsageFault",
    message: "Broker.start: topic orders does not know the option partition: " +
      "it takes partitions, configs, records",
  });
});

test("who waits in vain is told for what, and what there was instead", async () => {
  await using broker = await Broker.start(orders);
  const timeout = "20ms";
  const message = (what: Promise<unknown>) =>
    what.then(() => "it did not wait", (error: Error) => `${error.name}: ${error.message}`);
  assert.equal(
    await message(broker.waitFor({ topic: "orders", records: 3 }, { timeout })),
    "WaitTimeout: waited 20 ms for 3 records of orders: there are 1 (orders-0: 1, orders-1: 0)",
  );
  assert.equal(
    await message(broker.waitFor({ topic: "absent", records: 1 }, { timeout })),
    "WaitTimeout: waited 20 ms for 1 record of absent: there is no such topic",
  );
  assert.equal(
    await message(broker.waitFor({ group: "billing", members: 1 }, { timeout })),
    "WaitTimeout: waited 20 ms for group billing to have 1 members: " +
      "it is Empty, with 0 members and a lag of 1",
  );
  assert.equal(
    await message(broker.waitFor({ requests: { api: "Produce" } }, { timeout })),
    'WaitTimeout: waited 20 ms for 1 request like {"api":"Produce"}: there were 0',
  );
  const wrong = () => assert.ok(false, "one is no two");
  const waited = broker.waitFor(wrong as () => undefined, { timeout });
  await assert.rejects(waited, (error: WaitTimeout) => {
    assert.equal(error.message, "waited 20 ms for wrong: one is no two");
    return error.cause instanceof assert.AssertionError;
  });
});

test("requests can be followed as they come, and by what they are about", async () => {
  await using broker = await Broker.start(orders);
  const sending = send(broker, "orders", ["a"]);
  for await (const request of broker.requests.of({ api: "Produce", topic: "orders" })) {
    assert.deepEqual([request.api, request.clientId, request.body.acks], ["Produce", "app", -1]);
    break;
  }
  await sending;
  assert.equal(broker.requests.of({ topic: "orders", partition: 1 }).seen().length, 0);
  assert.equal(broker.requests.of({ clientId: "another" }).seen().length, 0);
  assert.throws(() => broker.requests.of({ api: "Product" }), UsageFault);
});

test("as many requests as said fail with an error, and of one partition alone", async () => {
  await using broker = await Broker.start(orders);
  using fault = broker.faults.fail(
    { api: "Produce", topic: "orders", partition: 0, next: 2 },
    "NOT_LEADER_OR_FOLLOWER",
  );
  assert.equal(
    String(fault),
    "the next 2 requests of Produce about orders-0 fail with NOT_LEADER_OR_FOLLOWER",
  );
  const producer = kafkajs(broker).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const messages = [{ value: "first", partition: 0 }, { value: "second", partition: 1 }];
  await producer.send({ topic: "orders", messages });
  await producer.disconnect();
  assert.equal(fault.hits, 2);
  const [first, second] = await Promise.all(
    [0, 1].map((partition) => broker.records("orders", { partition })),
  );
  assert.deepEqual(first.map(({ value }) => value), ['{"paid":true}', "first"]);
  // kafkajs repeats what was taken, too, where it has no ids for that.
  assert.deepEqual(second.map(({ value }) => value), ["second", "second", "second"]);
});

test("a consumer goes on behind errors, and behind a coordinator that moves", async () => {
  await using broker = await Broker.start(orders);
  const faults = [
    broker.faults.fail({ api: "Fetch", topic: "orders", next: 1 }, "NOT_LEADER_OR_FOLLOWER"),
    broker.faults.fail({ api: "Metadata", next: 1 }, "LEADER_NOT_AVAILABLE"),
    broker.faults.fail({ api: "ListOffsets", next: 1 }, "NOT_LEADER_OR_FOLLOWER"),
    broker.faults.fail({ api: "FindCoordinator", next: 1 }, "COORDINATOR_NOT_AVAILABLE"),
    broker.faults.moveCoordinator({ group: "ledger" }),
  ];
  const values: string[] = [];
  const member = {
    topic: "orders",
    groupId: "ledger",
    onValue: (each: string) => values.push(each),
  };
  await withMember(broker, member, async () => {
    await broker.waitFor(() => values.length === 1, { timeout: "30s" });
  });
  assert.deepEqual(faults.slice(0, 4).map(({ hits }) => hits), [1, 1, 1, 1]);
  assert.equal(faults[4].hits, 0, "it knew the coordinator from its look-up");
});

test("a request waits, loses its answer or finds its connection cut", async () => {
  await using broker = await Broker.start(orders);
  const cut = broker.faults.cut({ api: "Produce", next: 1 });
  await send(broker, "orders", ["cut"]);
  const late = broker.faults.delay({ api: "Produce", next: 1 }, "1h");
  const sending = send(broker, "orders", ["late"]);
  await broker.waitFor({ requests: { api: "Produce" }, count: 3 });
  await broker.clock.advance("1h");
  await sending;
  const lost = broker.faults.loseAnswer({ api: "Produce", next: 1 });
  const answered = send(broker, "orders", ["lost"]).catch(() => "not answered");
  const records = await broker.waitFor({ topic: "orders", records: 4 });
  assert.deepEqual(records.slice(1).map(({ value }) => value), ["cut", "late", "lost"]);
  assert.deepEqual([cut.hits, late.hits, lost.hits], [1, 1, 1]);
  assert.deepEqual(broker.faults.active.map(String), [
    "the next request of Produce finds its connection cut",
    "the next request of Produce waits for 1 h",
    "the next request of Produce is carried out, and its answer is lost",
  ]);
  broker.faults.clear();
  assert.deepEqual(broker.faults.active, []);
  await broker.close();
  await answered;
});

test("a disk is full until the fault is removed, and slow by the broker's clock", async () => {
  await using broker = await Broker.start(orders);
  {
    using full = broker.faults.fillDisk();
    assert.equal(String(full), "the disk is full");
    const producer = kafkajs(broker).producer({ retry: { retries: 0 } });
    await producer.connect();
    const messages = [{ value: "too much" }];
    await assert.rejects(
      () => producer.send({ topic: "orders", messages }),
      /KAFKA_STORAGE_ERROR|disk/,
    );
    await producer.disconnect();
  }
  await broker.waitFor(() => send(broker, "orders", ["fits"]).then(() => true));
  using slow = broker.faults.slowDisk("1h");
  assert.equal(String(slow), "each sync of the disk takes 1 h longer");
  let isSent = false;
  const sending = send(broker, "orders", ["slow"]).then(() => isSent = true);
  await broker.waitFor({ topic: "orders", records: 3 });
  assert.equal(isSent, false);
  await broker.clock.advance("1h");
  slow.remove();
  await sending;
});

test("an hour passes at once: a session ends, and a transaction is aborted", async () => {
  await using broker = await Broker.start(orders);
  const producer = kafkajs(broker).producer({ transactionalId: "shop", maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: "orders", messages: [{ value: "undecided", partition: 0 }] });
  const before = await broker.records("orders", { readCommitted: true });
  assert.equal(before.length, 1);
  await broker.clock.advance("1h");
  // Its end is in the log, behind which a reader of committed records goes on.
  await send(broker, "orders", ["decided"]);
  const values = async () =>
    (await broker.records("orders", { readCommitted: true })).map(({ value }) => value);
  await broker.waitFor(async () => (await values()).length === 2);
  assert.deepEqual(await values(), ['{"paid":true}', "decided"]);
  await producer.disconnect();
});

test("a member that does not heartbeat is out of its group once its session is over", async () => {
  await using broker = await Broker.start(orders);
  using silent = broker.faults.loseAnswer({ api: "Heartbeat" });
  await withMember(broker, { topic: "orders", groupId: "ledger" }, async () => {
    await broker.waitFor({ group: "ledger", members: 1 });
    await broker.waitFor(() => silent.hits > 0);
    await broker.clock.advance("1m");
    await broker.waitFor({ group: "ledger", members: 0 });
    silent.remove();
  });
});

test("forks begin with all that the broker has, and see nothing of each other", async () => {
  await using broker = await Broker.start(orders);
  const snapshot = broker.snapshot();
  await send(broker, "orders", ["later"]);
  await using one = await snapshot.fork();
  await using two = await broker.fork();
  await send(one, "orders", ["of one"]);
  await send(two, "orders", ["of two"]);
  const values = async (each: Broker) => (await each.records("orders")).map(({ value }) => value);
  const first = '{"paid":true}';
  assert.deepEqual(await values(broker), [first, "later"]);
  assert.deepEqual(await values(one), [first, "of one"]);
  assert.deepEqual(await values(two), [first, "later", "of two"]);
  assert.equal((await one.group("billing")).lag, 2);
});

test("a broker starts again on its port with what it had in memory", async () => {
  await using broker = await Broker.start(orders);
  const { port } = broker.address;
  const values: string[] = [];
  const member = {
    topic: "orders",
    groupId: "billing",
    onValue: (each: string) => values.push(each),
  };
  await withMember(broker, member, async () => {
    await broker.waitFor({ group: "billing", lag: 0, members: 1 });
    await broker.restart();
    assert.equal(broker.address.port, port);
    await send(broker, "orders", ["after it"]);
    await broker.waitFor(() => values.length === 2, { timeout: "30s" });
  });
  assert.deepEqual(values, ['{"paid":true}', "after it"]);
});

test("a broker passes for one of an older release", async () => {
  await using broker = await Broker.start({ ...orders, asKafka: "2.8" });
  await send(broker, "orders", ["a"]);
  const [produce] = broker.requests.of({ api: "Produce" }).seen();
  assert.ok(produce.version <= 9, `version ${produce.version}`);
  const asKafka = "2.7" as TestBrokerOptions["asKafka"];
  await assert.rejects(() => Broker.start({ asKafka }), UsageFault);
});

test("a broker runs, and its time passes, while the test holds its own", async () => {
  const giveBack = holdTime();
  try {
    await using broker = await Broker.start(orders);
    await broker.seed({ topics: { orders: { configs: { "retention.ms": 1_000 } } } });
    await broker.clock.advance("1h");
    await broker.waitFor(async () => (await broker.records("orders")).length === 0);
  } finally {
    giveBack();
  }
});

test("of the requests the newest thousand are kept, and the others are counted", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  await cluster.admin.describeCluster();
  const before = broker.requests.seen();
  assert.equal(broker.requests.missed, 0);
  for (let i = 0; i < 1_000; i++) await cluster.admin.listTopics();
  const kept = broker.requests.seen();
  assert.equal(kept.length, 1_000);
  assert.equal(broker.requests.missed, before.length);
  assert.deepEqual(new Set(kept.map(({ api }) => api)), new Set(["Metadata"]));
});

test("fifty brokers in one process leave nothing behind", async () => {
  await using template = await Broker.start(orders);
  const snapshot = template.snapshot();
  const brokers = await Promise.all(Array.from({ length: 50 }, () => snapshot.fork()));
  assert.equal(new Set(brokers.map(({ address }) => address.port)).size, 50);
  const counts = await Promise.all(
    brokers.map(async (each) => (await each.records("orders")).length),
  );
  assert.ok(counts.every((count) => count === 1));
  await Promise.all(brokers.map((each) => each.close()));
});

test("the lines of its log come to the test", async () => {
  const lines: string[] = [];
  const logger = ({ level, message }: LogLine) => lines.push(`${level}: ${message}`);
  await using broker = await Broker.start({ logger, logLevel: "warn", host: "0.0.0.0" });
  assert.deepEqual(lines, [
    "warn: whoever reaches this listener may do everything: docs/security.md",
  ]);
  assert.equal(broker.address.host, "0.0.0.0");
});

test("a test broker asks who its clients are, and lets them do what rules allow", async () => {
  const users = { alice: "her secret", bob: "his secret" };
  const options: TestBrokerOptions = {
    users,
    acls: [{ allow: "User:alice", to: ["read", "write"], topic: "orders" }],
    topics: { orders: { records: ["declared"] } },
  };
  await using broker = await Broker.start(options);
  const as = (username: keyof typeof users, bootstrap = broker.bootstrap) =>
    connect({ bootstrap, sasl: { username, password: users[username] } });
  {
    await using alice = await as("alice");
    await alice.producer().send({ topic: "orders", value: "by alice" });
    await using bob = await as("bob");
    await assert.rejects(
      bob.producer().send({ topic: "orders", value: "by bob" }),
      { code: "TOPIC_AUTHORIZATION_FAILED" },
    );
  }
  await assert.rejects(
    connect({ bootstrap: broker.bootstrap, sasl: { username: "alice", password: "wrong" } }),
    { code: "SASL_AUTHENTICATION_FAILED" },
  );
  // The kit looks and forks as ever, and what it asks is no request of a client's.
  const values = async (of: Broker) => (await of.records("orders")).map(({ value }) => value);
  assert.deepEqual(await values(broker), ["declared", "by alice"]);
  const clients = broker.requests.seen().map(({ clientId }) => clientId);
  assert.deepEqual([...new Set(clients)], ["ottla"]);
  await using fork = await broker.fork();
  await using alice = await as("alice", fork.bootstrap);
  await alice.producer().send({ topic: "orders", value: "in the fork" });
  await fork.restart();
  assert.deepEqual(await values(fork), ["declared", "by alice", "in the fork"]);
  assert.deepEqual(await values(broker), ["declared", "by alice"]);
});

test("a test broker speaks TLS, and nothing else to clients", async () => {
  const tls = { cert: server.chain, key: server.key };
  await using broker = await Broker.start({ tls, topics: { orders: {} } });
  await using cluster = await connect({ bootstrap: broker.bootstrap, tls: { ca } });
  await cluster.producer().send({ topic: "orders", value: "sealed" });
  const [record] = await broker.waitFor({ topic: "orders", records: 1 });
  assert.equal(record?.value, "sealed");
});
