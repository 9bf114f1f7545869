// Brokers of a cluster that reach each other by a listener of their own, behind TLS and a login:
// replicas, transactions and groups go that way; who may not act for the cluster copies nothing.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { loadConfig, startLocalCluster } from "../../src/broker/mod.ts";
import { UsageFault } from "../../src/base/faults.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import type { Logger } from "../../src/runtime/ports.ts";
import { ca, server } from "../harness/certificates.ts";

const topic = "orders";
const jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required " +
  'username="broker" password="b-secret" user_broker="b-secret";';

const settings = {
  listeners: "CLIENTS://127.0.0.1:0,BROKERS://127.0.0.1:0",
  "listener.security.protocol.map": "CLIENTS:PLAINTEXT,BROKERS:SASL_SSL",
  "inter.broker.listener.name": "BROKERS",
  "sasl.mechanism.inter.broker.protocol": "PLAIN",
  "listener.name.brokers.sasl.enabled.mechanisms": "PLAIN",
  "listener.name.brokers.plain.sasl.jaas.config": jaas,
  "listener.name.brokers.ssl.keystore.key": server.key,
  "listener.name.brokers.ssl.keystore.certificate.chain": server.chain,
  "listener.name.brokers.ssl.truststore.certificates": ca,
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:ANONYMOUS;User:broker",
  "default.replication.factor": 3,
  "offsets.topic.replication.factor": 3,
  "transaction.state.log.replication.factor": 3,
  "offsets.topic.num.partitions": 3,
  "transaction.state.log.num.partitions": 3,
};

/** Hears what brokers say. */
function listening(onSaid: (text: string) => void): Logger {
  return {
    enabled: () => true,
    log: (_level, message, fields) => onSaid(`${message} ${JSON.stringify(fields)}`),
    child: () => listening(onSaid),
  };
}

async function start(more: Record<string, string> = {}, onSaid: (text: string) => void = () => {}) {
  const cluster = await startLocalCluster({
    runtime: await detectRuntime(),
    brokers: 3,
    host: "127.0.0.1",
    port: 0,
    settings: { ...settings, ...more },
    logger: listening(onSaid),
    sessionMs: 100,
  });
  const bootstrap = cluster.addresses.map(({ host, port }) => `${host}:${port}`).join();
  return { bootstrap, [Symbol.asyncDispose]: () => cluster.close() };
}

Deno.test("brokers copy, coordinate and commit over TLS, logged in as a user", async () => {
  await using cluster = await start();
  await using client = await connect({ bootstrap: cluster.bootstrap });
  await client.admin.createTopic({ name: topic, partitions: 3, replicationFactor: 3 });
  const producer = client.producer({ transactionalId: "payments" });
  const transaction = await producer.begin();
  for (const partition of [0, 1, 2]) await transaction.send({ topic, partition, value: "paid" });
  await transaction.commit();
  await producer.close();
  const consumer = client.consumer({
    groupId: "readers",
    autoOffsetReset: "earliest",
    readCommitted: true,
  });
  consumer.subscribe([topic]);
  let read = 0;
  while (read < 3) read += (await consumer.poll()).length;
  await consumer.close();
  const { partitions } = await client.admin.describeTopic(topic);
  assertEquals(partitions.map(({ isr }) => isr.length), [3, 3, 3]);
});

Deno.test("a broker that may not act for the cluster is refused what others have", async () => {
  const refused = Promise.withResolvers<string>();
  const onSaid = (text: string) => {
    if (text.startsWith("a leader refuses its follower")) refused.resolve(text);
  };
  await using cluster = await start({ "super.users": "User:ANONYMOUS" }, onSaid);
  await using client = await connect({ bootstrap: cluster.bootstrap });
  await client.admin.createTopic({ name: topic, partitions: 1, replicationFactor: 3 });
  assertMatch(await refused.promise, /TOPIC_AUTHORIZATION_FAILED/);
});

Deno.test("what brokers cannot reach each other by is said before one starts", async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { "inter.broker.listener.name": "OTHERS" },
      /there is no listener OTHERS\. .*CLIENTS, BROKERS/,
    ],
    [{ "sasl.mechanism.inter.broker.protocol": "GSSAPI" }, /is GSSAPI: brokers log in .* by PLAIN/],
    [{ "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512" }, /does not name/],
    [{
      "listener.name.brokers.plain.sasl.jaas.config": jaas.replace(/ username=\S+/, ""),
    }, /has to have username="NAME"/],
  ];
  for (const [more, told] of cases) {
    const failed = await assertRejects(() => start(more), UsageFault);
    assertMatch(failed.message, told);
  }
});

Deno.test("brokers use the only listener that there is", () => {
  const of = (options: Record<string, string>) => loadConfig({ options }).config;
  const one = { listeners: "MINE://:0", "listener.security.protocol.map": "MINE:PLAINTEXT" };
  assertEquals(of(one).interBrokerListener, "MINE");
  assertEquals(of({}).interBrokerListener, "PLAINTEXT");
  const said = { ...one, "security.inter.broker.protocol": "SSL" };
  assertEquals(of(said).interBrokerListener, "SSL");
});
