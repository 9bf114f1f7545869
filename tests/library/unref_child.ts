// A program that leaves its brokers open, with clients that are connected to them: what was started
// with `unref` does not keep the process alive. What the program waits for, it sees the end of.

import process from "node:process";
import { connect } from "../../client.ts";
import { Broker, LocalCluster } from "../../mod.ts";
import { Broker as TestBroker } from "../../testing.ts";
import { Client, loadQuotaAdmin } from "../../src/client/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { ca, server } from "../harness/certificates.ts";

const broker = await Broker.start({
  config: { "ottla.metrics.port": 0 },
  tls: { cert: server.chain, key: server.key },
  unref: true,
});
const three = await LocalCluster.start({
  brokers: 3,
  config: { "quota.window.size.seconds": 3_600 },
  unref: true,
});
const kit = await TestBroker.start({
  topics: { orders: { records: ["placed"] } },
  unref: true,
});

const clients = await Promise.all([
  connect({ bootstrap: broker.bootstrap, tls: { ca }, unref: true }),
  connect({ bootstrap: three.bootstrap, unref: true }),
  connect({ bootstrap: kit.bootstrap, unref: true }),
]);
for (const client of clients) await client.producer().send({ topic: "orders", value: "paid" });
const consumer = clients[2].consumer({ groupId: "billing", autoOffsetReset: "earliest" });
consumer.subscribe(["orders"]);
await consumer.poll({ timeoutMs: 60_000 });
await consumer.close();
await kit.waitFor({ topic: "orders", records: 2 });
await kit.clock.advance("1m");
await three.stop(3);
await kit.restart();

// A broker has asked for silence for half an hour or so.
const quotas = { set: { producer_byte_rate: 1 }, remove: [] };
const admin = await Client.connect(await detectRuntime(), { bootstrap: three.bootstrap });
await (await loadQuotaAdmin()).alterQuotas(admin, { user: null }, quotas);
admin.close();
await clients[1].producer().send({ topic: "orders", value: "paid again".repeat(50_000) });

// One that is closed is waited for, although nothing else keeps the process alive.
await using closed = await kit.fork();
await closed.close();
const health = await fetch(`http://127.0.0.1:${broker.metricsAddress?.port}/health`);
process.stdout.write(`${health.status} ${(await kit.records("orders")).length}\n`);
