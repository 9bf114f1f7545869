// The library as a test suite of somebody else uses it, the same on Deno, Bun and Node: this file
// is run by each (`deno test`, `bun test`, `node --test`).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test as register } from "node:test";
import { fileURLToPath } from "node:url";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import {
  Broker,
  type BrokerAcl,
  type BrokerOptions,
  connect,
  type ConsumerOptions,
  KafkaError,
  LocalCluster,
  PlatformFault,
  type ProducerRecord,
  UsageFault,
} from "../../mod.ts";
import { alice, ca, server, stranger } from "../harness/certificates.ts";
import { within } from "../harness/deadline.ts";

/** A test that says so when it does not end, where the runtime would wait for ever. */
function test(sentence: string, body: () => Promise<void>): void {
  const what = () => `the end of: ${sentence}`;
  // Bun gives a test five seconds, unless it is told otherwise.
  register(sentence, { timeout: 120_000 }, () => within(body(), { ms: 60_000, what }));
}

function kafkajs(broker: Broker): Kafka {
  return new Kafka({
    brokers: [broker.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 3 },
  });
}

/** Sends `values` to a topic, which the broker makes. */
async function send(broker: Broker, topic: string, values: readonly string[]): Promise<void> {
  const producer = kafkajs(broker).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

/** The next `count` values of a topic, for a group. */
async function receive(broker: Broker, topic: string, count: number): Promise<string[]> {
  const consumer = kafkajs(broker).consumer({ groupId: "tests" });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  const received = new Promise<void>((resolve, reject) => {
    consumer.run({
      eachMessage: ({ message }) => {
        values.push(message.value!.toString());
        if (values.length === count) resolve();
        return Promise.resolve();
      },
    }).catch(reject);
  });
  const what = () => `${count} records of ${topic}, not only ${values.length}`;
  await within(received, { ms: 30_000, what });
  await consumer.disconnect();
  return values;
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/ottla-library-`);
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `start` rejects with. */
async function refusal(start: () => Promise<AsyncDisposable>): Promise<Error> {
  let started: AsyncDisposable;
  try {
    started = await start();
  } catch (error) {
    return error as Error;
  }
  await started[Symbol.asyncDispose]();
  throw new assert.AssertionError({ message: "it started" });
}

test("kafkajs sends to a broker in this very process, and reads from it", async () => {
  await using broker = await Broker.start();
  await send(broker, "orders", ["a", "b", "c"]);
  assert.deepEqual(await receive(broker, "orders", 3), ["a", "b", "c"]);
});

test("the small client sends, reads and asks", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const topicId = await cluster.admin.createTopic({ name: "orders", partitions: 2 });
  assert.equal(topicId.length, 22);
  const producer = cluster.producer();
  const sent = await producer.send({ topic: "orders", partition: 1, key: "7", value: "paid" });
  assert.deepEqual([sent.partition, sent.offset], [1, 0]);
  const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
  consumer.assign([{ topic: "orders", partition: 1 }]);
  const [record] = await consumer.poll({ timeoutMs: 60_000 });
  assert.equal(new TextDecoder().decode(record.value!), "paid");
  const [topic] = await cluster.admin.listTopics();
  assert.deepEqual([topic.name, topic.partitions.length], ["orders", 2]);
  const { clusterId } = await cluster.admin.describeCluster();
  assert.equal(clusterId.length, 22);
});

test("the small client commits a transaction, reads by batches, and shares records", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  await cluster.admin.createTopic({ name: "orders", partitions: 1 });
  const set = { "share.auto.offset.reset": "earliest" };
  await cluster.admin.alterConfigs({ group: "shared" }, { set });
  const producer = cluster.producer({ transactionalId: "billing" });
  const values = ["a", "b", "c"];
  await producer.transaction(async (tx) => {
    await tx.send(values.map((value) => ({ topic: "orders", value })));
  });
  await assert.rejects(() =>
    producer.transaction((tx) => {
      tx.send({ topic: "orders", value: "never" }).catch(() => {});
      throw new RangeError("not this time");
    }), RangeError);
  const textOf = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes!);
  for (const groupProtocol of ["classic", "consumer"] as const) {
    const consumer = cluster.consumer({
      groupId: groupProtocol,
      groupProtocol,
      autoOffsetReset: "earliest",
      readCommitted: true,
    });
    consumer.subscribe(["orders"]);
    for await (const { records } of consumer.batches()) {
      assert.deepEqual(records.map(({ value }) => textOf(value)), values);
      break;
    }
    await consumer.close();
  }
  const shared: string[] = [];
  for await (const record of cluster.shareConsumer({ groupId: "shared", topics: ["orders"] })) {
    shared.push(textOf(record.value));
    record.accept();
    if (shared.length === values.length) break;
  }
  assert.deepEqual(shared, values);
});

test("who only looks at a topic keeps nobody from having it created", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const looked = cluster.admin.listOffsets([{ topic: "orders", partition: 0 }], { spec: "latest" });
  await cluster.producer().send({ topic: "orders", value: "paid" });
  await looked;
});

test("an error of the broker has its name", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  await assert.rejects(
    () => cluster.admin.describeTopic("absent"),
    (error: Error) => error instanceof KafkaError && error.code === "UNKNOWN_TOPIC_OR_PARTITION",
  );
});

test("twenty brokers run in one process, each with topics of its own", async () => {
  const brokers = await Promise.all(Array.from({ length: 20 }, () => Broker.start()));
  try {
    assert.equal(new Set(brokers.map(({ address }) => address.port)).size, 20);
    await Promise.all(brokers.map(async (broker, i) => {
      await using cluster = await connect({ bootstrap: broker.bootstrap });
      await cluster.producer().send({ topic: `topic-${i}`, value: "x" });
      const names = (await cluster.admin.listTopics()).map(({ name }) => name);
      assert.deepEqual(names, [`topic-${i}`]);
    }));
  } finally {
    await Promise.all(brokers.map((broker) => broker.close()));
  }
});

test("records, groups and the cluster id are in dataDir for the next start", async () => {
  await withFolder(async (dataDir) => {
    const about = async (broker: Broker) => {
      await using cluster = await connect({ bootstrap: broker.bootstrap });
      return (await cluster.admin.describeCluster()).clusterId;
    };
    const options = { dataDir, config: { "group.initial.rebalance.delay.ms": 0 } };
    let clusterId: string;
    {
      await using broker = await Broker.start(options);
      await send(broker, "orders", ["a", "b"]);
      assert.deepEqual(await receive(broker, "orders", 2), ["a", "b"]);
      clusterId = await about(broker);
    }
    await using broker = await Broker.start(options);
    assert.equal(await about(broker), clusterId);
    await send(broker, "orders", ["c"]);
    assert.deepEqual(await receive(broker, "orders", 1), ["c"], "the group has read a and b");
  });
});

test("what an ephemeral broker had is gone with it", async () => {
  for (const _ of [1, 2]) {
    await using broker = await Broker.start({ ephemeral: true });
    await using cluster = await connect({ bootstrap: broker.bootstrap });
    assert.deepEqual(await cluster.admin.listTopics(), []);
    await cluster.producer().send({ topic: "orders", value: "x" });
  }
});

test("close is prompt with clients connected and waiting, and may be called twice", async () => {
  const broker = await Broker.start();
  const consumer = kafkajs(broker).consumer({ groupId: "tests", maxWaitTimeInMs: 600_000 });
  await send(broker, "orders", ["a"]);
  await consumer.connect();
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  const received = new Promise<void>((resolve) => {
    consumer.run({ eachMessage: () => Promise.resolve(resolve()) });
  });
  await within(received, { ms: 30_000, what: () => "a record" });
  // Long before the consumer's fetch has waited its ten minutes.
  const closed = Promise.all([broker.close(), broker.close()]);
  await within(closed, { ms: 60_000, what: () => "the end of the broker" });
  await broker.close();
  await consumer.disconnect();
});

test("misspelt and misused options are refused at once, in the library's words", async () => {
  const refused = (call: () => unknown, message: RegExp) =>
    assert.rejects(
      async () => await call(),
      (error: Error) => error instanceof UsageFault && message.test(error.message),
    );
  // As a program without types would.
  const start = Broker.start as (options: unknown) => Promise<Broker>;
  await refused(() => start({ dataDirectory: "x" }), /does not know the option dataDirectory/);
  await refused(() => start({ dataDir: "" }), /dataDir is empty/);
  await refused(() => start({ port: "9092" }), /port must be a whole number/);
  await refused(() => start({ config: { "num.partitions": {} } }), /num\.partitions must be text/);
  const dial = connect as (options?: unknown) => Promise<unknown>;
  await refused(() => dial({}), /connect needs bootstrap/);
  await refused(() => dial(), /connect takes an object of options, not undefined/);
  await refused(() => dial({ brokers: ["x:1"] }), /does not know the option brokers/);
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer();
  const send = (record: unknown) => () => producer.send(record as ProducerRecord);
  await refused(send({ value: "x" }), /needs its topic as text, not undefined/);
  await refused(send([[{ topic: "t" }]]), /takes a record, .* not a list/);
  await refused(send({ topic: "t", messages: [] }), /does not know messages: .* list of them/);
  await refused(send({ topic: "t", value: 42 }), /value is text, bytes .* not 42/);
  await refused(send({ topic: "t", value: { a: 1 } }), /value is text, .* an object with a/);
  await refused(send({ topic: "t", value: undefined }), /null to delete/);
  await refused(send({ topic: "t", value: "x", headers: { a: 1 } }), /header a is text/);
  await refused(send({ topic: "t", value: "x", partition: "0" }), /partition is a whole number/);
  await refused(() => cluster.producer({ acks: "none" as "all" }), /acks must be "all" or 1 or 0/);
  await refused(() => cluster.consumer({ group: "g" } as ConsumerOptions), /the option group/);
  assert.deepEqual(await cluster.admin.listTopics(), []);
});

test("a record that no broker takes is refused at once, and the producer goes on", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const producer = cluster.producer();
  const sent = producer.send({ topic: "orders", value: new Uint8Array(105_000_000) });
  await assert.rejects(
    within(sent, { ms: 30_000, what: () => "a refusal" }),
    (error: Error) => error instanceof KafkaError && error.code === "MESSAGE_TOO_LARGE",
  );
  assert.equal((await producer.send({ topic: "orders", value: "small" })).offset, 0);
});

test("what admin and consumer cannot take is refused at once, and by name", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const { admin } = cluster;
  const consumer = cluster.consumer({ groupId: "readers" });
  // As a program without types would.
  const calls: Record<string, (...given: unknown[]) => unknown> = {};
  for (const [name, call] of Object.entries(admin)) calls[name] = call;
  const refused = (call: () => unknown, message: RegExp) =>
    assert.rejects(
      async () => await call(),
      (error: Error) => {
        assert.match(error.message, message);
        return error instanceof UsageFault;
      },
    );
  const of = (name: string, ...given: unknown[]) => () => calls[name](...given);
  for (const name of ["describeTopic", "deleteTopic", "describeGroup", "deleteGroup"]) {
    for (const given of [undefined, null, 42, ["a"], { name: "a" }]) {
      await refused(of(name, given), new RegExp(`^${name} takes a (topic|group) as text, not`));
    }
  }
  await refused(
    of("createTopic", "orders"),
    /createTopic takes an object of options, not "orders"/,
  );
  await refused(of("createTopic", {}), /createTopic takes name as text, not undefined/);
  await refused(of("createTopic", { name: "a", numPartitions: 3 }), /know the option numPartition/);
  for (const partitions of ["3", -1, 1.5, NaN, Infinity, 2 ** 31, 3n]) {
    const message = /^createTopic: partitions (must be|is) a whole number/;
    await refused(of("createTopic", { name: "a", partitions }), message);
  }
  const configs = { "retention.ms": NaN };
  await refused(of("createTopic", { name: "a", configs }), /config retention\.ms takes .*not NaN/);
  await refused(of("createPartitions", { topic: "a" }), /count is a whole number/);
  await refused(of("createPartitions", "a", 3), /takes an object of options, not "a"/);
  await refused(
    of("describeConfigs", "a"),
    /takes \{ topic \}, \{ group \} or \{ broker \}, not "a"/,
  );
  await refused(
    of("describeConfigs", { topic: "a", broker: 1 }),
    /takes one resource, not/,
  );
  await refused(of("describeConfigs", { topic: "a" }, { names: [1] }), /each of names as text/);
  await refused(of("listOffsets", "a", { spec: "latest" }), /takes a list of partitions, not "a"/);
  await refused(of("listOffsets", [{ topic: "a" }], {}), /partition is a whole number/);
  const at = { topic: "a", partition: 0 };
  await refused(of("listOffsets", [at], { spec: "newest" }), /"earliest", .* not "newest"/);
  await refused(of("listOffsets", [at], { spec: { timestampMs: NaN } }), /whole number, not NaN/);
  await refused(of("listOffsets", [at]), /takes an object of options, not undefined/);
  await refused(of("commitOffsets", "g", { offsets: [at] }), /offset is a whole number/);
  await refused(of("commitOffsets", "g", { offsets: [], by: {} }), /by\.memberId as text/);
  await refused(of("committedOffsets", "g", {}), /a list of partitions, not undefined/);
  await refused(of("committedOffsets", 7, { partitions: null }), /takes a group as text, not 7/);
  const loose = consumer as unknown as Record<string, (...given: unknown[]) => unknown>;
  const by = (name: string, ...given: unknown[]) => () => loose[name](...given);
  await refused(by("subscribe", "orders"), /subscribe takes a list of topics, not "orders"/);
  await refused(by("assign", at), /assign takes a list of partitions, not an object/);
  await refused(by("assign", [{ ...at, at: "start" }]), /assign takes "earliest"/);
  await refused(by("assign", [{ ...at, at: 1.5 }]), /assign: offset is a whole number, not 1.5/);
  await refused(by("seek", at), /seek: offset is a whole number, not undefined/);
  await refused(by("seek", "a", 0, 7), /seek takes objects with topic, partition, offset, not "a"/);
  await refused(by("position", "a"), /position takes objects with topic, partition, not "a"/);
  await refused(by("poll", 1_000), /poll takes an object of options, not 1000/);
  await refused(by("poll", { timeout: 1 }), /poll does not know the option timeout/);
  await refused(by("poll", { timeoutMs: NaN }), /timeoutMs must be a number from 0 on, not NaN/);
  await refused(by("poll", { recordsMax: -1 }), /recordsMax must be a whole number from 0 on/);
  await refused(by("commit", { ...at, offset: 1 }), /commit takes a list of partitions/);
  assert.deepEqual(await admin.listTopics(), []);
});

test("await using closes: the port is free again", async () => {
  let port: number;
  {
    await using broker = await Broker.start();
    port = broker.address.port;
  }
  await using again = await Broker.start({ port });
  assert.equal(again.address.port, port);
  assert.equal(again.bootstrap, `127.0.0.1:${port}`);
});

test("a port in use is refused by name, and nothing is left behind", async () => {
  await withFolder(async (dataDir) => {
    await using broker = await Broker.start();
    const { port } = broker.address;
    const error = await refusal(() => Broker.start({ port, dataDir }));
    assert.ok(error instanceof PlatformFault && error.kind === "AddressInUse", `${error}`);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.deepEqual(readdirSync(dataDir), []);
    const folder = `${dataDir}/new`;
    await refusal(() => Broker.start({ port, dataDir: folder }));
    await refusal(() => LocalCluster.start({ brokers: 1, port, dataDir: folder }));
    assert.deepEqual(readdirSync(dataDir), []);
    await using free = await Broker.start({ dataDir });
    assert.notEqual(free.address.port, port);
  });
});

test("a dataDir belongs to one broker at a time", async () => {
  await withFolder(async (dataDir) => {
    await using _broker = await Broker.start({ dataDir });
    const error = await refusal(() => Broker.start({ dataDir }));
    assert.ok(error instanceof PlatformFault && error.kind === "Denied", `${error}`);
    assert.match(error.message, new RegExp(`${process.pid}`));
  });
});

test("users log in, behind TLS, and may do what a rule allows them", async () => {
  const users = { alice: "her secret", bob: "his secret", "zoë, =": "pass, =wörd" };
  const config = { "super.users": "User:bob" };
  await using broker = await Broker.start({
    tls: { cert: server.chain, key: server.key },
    users,
    acls: [
      { allow: "User:alice", to: ["create", "describe", "write"], topic: "orders" },
      { allow: "User:zoë, =", to: ["read", "write"], topic: "ord", group: "bill", prefixed: true },
      { deny: "User:*", to: "write", topic: "orders-old", host: "127.0.0.1" },
    ],
    config,
  });
  const { bootstrap } = broker;
  const as = (username: keyof typeof users, mechanism?: "PLAIN" | "SCRAM-SHA-256") =>
    connect({ bootstrap, tls: { ca }, sasl: { username, password: users[username], mechanism } });
  const isDenied = (error: Error) =>
    error instanceof KafkaError && /_AUTHORIZATION_FAILED$/.test(error.code);
  await using first = await as("alice");
  await first.producer().send({ topic: "orders", value: "paid" });
  await assert.rejects(() => first.admin.createTopic({ name: "bills" }), isDenied);
  await using second = await as("bob", "SCRAM-SHA-256");
  await second.admin.createTopic({ name: "orders-old" });
  await using third = await as("zoë, =", "PLAIN");
  const consumer = third.consumer({ groupId: "billing", autoOffsetReset: "earliest" });
  consumer.subscribe(["orders"]);
  assert.equal((await consumer.poll({ timeoutMs: 60_000 })).length, 1);
  const old = { topic: "orders-old", value: "x" };
  await assert.rejects(() => third.producer().send(old), isDenied);
  const wrong = { bootstrap, tls: { ca }, sasl: { username: "alice", password: "his secret" } };
  await assert.rejects(() => connect(wrong), KafkaError);
  await assert.rejects(() => connect({ bootstrap, sasl: wrong.sasl }), "without TLS it came in");

  const kafka = new Kafka({
    brokers: [bootstrap],
    ssl: { ca: [ca] },
    sasl: { mechanism: "scram-sha-512", username: "bob", password: "his secret" },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  assert.ok((await admin.listTopics()).includes("orders-old"));
  await admin.disconnect();
});

test("clients with certificates of an authority need no password", async () => {
  await using broker = await Broker.start({
    tls: { cert: server.chain, key: server.key, ca },
    acls: [{ allow: "User:alice", to: "create", cluster: true }],
    config: { "ssl.principal.mapping.rules": "RULE:^CN=(.*?)(,.*)?$/$1/L" },
  });
  const { bootstrap } = broker;
  const own = { ca, cert: alice.chain, key: alice.key };
  await using cluster = await connect({ bootstrap, tls: own });
  await cluster.admin.createTopic({ name: "orders" });
  assert.deepEqual(await cluster.admin.listTopics(), []);
  await assert.rejects(() => connect({ bootstrap, tls: { ca } }));
  const others = { ca, cert: stranger.chain, key: stranger.key };
  await assert.rejects(() => connect({ bootstrap, tls: others }));
});

test("users and rules are added to those of dataDir, a password may change", async () => {
  await withFolder(async (dataDir) => {
    const start = (users: Record<string, string>, acls?: readonly BrokerAcl[]) =>
      Broker.start({ dataDir, users, acls, config: { "super.users": "User:bob" } });
    const isIn = async ({ bootstrap }: Broker, username: string, password: string) => {
      try {
        await using cluster = await connect({ bootstrap, sasl: { username, password } });
        return await cluster.admin.listTopics();
      } catch (error) {
        assert.ok(error instanceof KafkaError, `${error}`);
        return error.code;
      }
    };
    const allowed = [{ allow: "User:alice", to: "describe", topic: "*" }] as const;
    {
      await using broker = await start({ alice: "old", bob: "his" }, allowed);
      await using cluster = await connect({
        bootstrap: broker.bootstrap,
        sasl: { username: "bob", password: "his" },
      });
      await cluster.admin.createTopic({ name: "orders" });
    }
    await using broker = await start({ alice: "new" }, []);
    assert.equal(await isIn(broker, "alice", "old"), "SASL_AUTHENTICATION_FAILED");
    assert.equal((await isIn(broker, "alice", "new")).length, 1);
    assert.equal((await isIn(broker, "bob", "his")).length, 1);
  });
});

test("what is said of security and cannot be is refused, and no secret is told", async () => {
  const start = Broker.start as (options: unknown) => Promise<Broker>;
  const tls = { cert: server.chain, key: server.key };
  const rule = { allow: "User:alice", to: "read", topic: "orders" };
  const cases: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ users: ["alice"] }, /users must be an object/],
    [{ users: { alice: "" } }, /the password of alice must be text, it is empty/],
    [{ users: { alice: 7 } }, /the password of alice must be text, it is number/],
    [{ users: { "": "planted" } }, /a user needs a name/],
    [{ users: { alice: "planted" }, config: { listeners: "PLAINTEXT://:0" } }, /config has listen/],
    [{ tls: true }, /tls must be an object/],
    [{ tls: { cert: server.chain } }, /tls needs cert and key, as PEM text/],
    [{ tls: { ...tls, cert: "cert.pem" } }, /tls\.cert holds no certificate as PEM text/],
    [{ tls: { ...tls, key: "planted" } }, /tls\.key holds no private key as PEM text/],
    [{ tls: { ...tls, ca: "ca.pem" } }, /tls\.ca holds no certificate/],
    [{ tls: { ...tls, clientAuth: "required" } }, /clientAuth "required" needs ca/],
    [{ tls: { ...tls, clientAuth: "always" } }, /clientAuth must be "none" or "requested"/],
    [{ tls: { ...tls, passphrase: "planted" } }, /does not know the option passphrase/],
    [{ acls: rule }, /acls must be a list/],
    [{ acls: [{ ...rule, allow: "alice" }] }, /acls\[0\]: a principal is TYPE:NAME, .* "alice"/],
    [{ acls: [rule, { ...rule, deny: "User:bob" }] }, /acls\[1\] needs allow or deny, one of/],
    [{ acls: [{ ...rule, to: "red" }] }, /there is no operation "red": to takes all, read/],
    [{ acls: [{ ...rule, to: [] }] }, /needs to, an operation or a list/],
    [{ acls: [{ ...rule, to: "idempotentWrite" }] }, /no idempotentWrite on a topic: there are/],
    [{ acls: [{ ...rule, topic: undefined }] }, /needs topic, group, transactionalId or cluster/],
    [{ acls: [{ ...rule, topics: ["a"] }] }, /does not know the option topics/],
    [{ acls: [{ ...rule, topic: "" }] }, /empty resource name/],
  ];
  for (const [options, message] of cases) {
    const error = await refusal(() => start(options));
    assert.ok(error instanceof UsageFault, `${error.stack}`);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /planted/);
  }
  const misfit = await refusal(() => start({ tls: { ...tls, key: alice.key } }));
  assert.match(misfit.message, /the key is not the certificate's/);
});

test("options that do not fit together are refused", async () => {
  const both = await refusal(() => Broker.start({ dataDir: "/nowhere", ephemeral: true }));
  assert.ok(both instanceof UsageFault);
  assert.match(both.message, /dataDir.*ephemeral/);
  const neither = await refusal(() => Broker.start({ ephemeral: false }));
  assert.ok(neither instanceof UsageFault);
  assert.match(neither.message, /dataDir/);
  const port = await refusal(() => Broker.start({ port: 70_000 }));
  assert.match(port.message, /70000/);
});

test("a configuration key that there is not is answered with the nearest", async () => {
  const config = { "num.partition": "3" } as BrokerOptions["config"];
  const error = await refusal(() => Broker.start({ config }));
  assert.ok(error instanceof UsageFault);
  assert.match(error.message, /num\.partition\b.*num\.partitions/);
  assert.match(error.message, /^the program's options/);
});

test("configuration is honoured, with Kafka's own keys", async () => {
  await using broker = await Broker.start({ config: { "num.partitions": 5 } });
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  await cluster.producer().send({ topic: "orders", value: "x" });
  assert.equal((await cluster.admin.describeTopic("orders")).partitions.length, 5);
});

test("nobody listens: connect says so at once", async () => {
  const broker = await Broker.start();
  const { bootstrap } = broker;
  await broker.close();
  await assert.rejects(
    () => connect({ bootstrap }),
    (error: Error) => error instanceof PlatformFault && error.message.includes(bootstrap),
  );
});

test("a program ends by itself once its brokers are closed", async () => {
  assert.equal(await printedBy("child.ts"), "orders 0\n");
});

test("a client that was told so does not keep its program alive", async () => {
  await using broker = await Broker.start();
  assert.equal(await printedBy("idle_child.ts", broker.bootstrap), "0 1\n");
});

test("nor do brokers that were told so", async () => {
  assert.equal(await printedBy("unref_child.ts"), "200 2\n");
});

/** What a program here prints, which has to end by itself. */
async function printedBy(name: string, ...args: string[]): Promise<string> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const before = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...before, program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text) => output += text);
  const ended = new Promise((resolve) => child.on("close", resolve));
  const what = () => `the end of ${name}: something keeps it alive`;
  assert.equal(await within(ended, { ms: 60_000, what }).finally(() => child.kill("SIGKILL")), 0);
  return output;
}
