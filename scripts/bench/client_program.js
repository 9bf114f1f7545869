// A client of one kind that sends records as fast as it can, in a Node process of its own, and says
// what that took. Each in the way in which it is fastest: lists of records, several under way.
//
//   node scripts/bench/client_program.js ottla 127.0.0.1:9092 TOPIC RECORDS BYTES
//     -> {"seconds":1.2,"cpuSeconds":0.9}
//
// JavaScript, since the binding is built for the machine's own Node, which may not strip types.

import { createRequire } from "node:module";
import { Buffer } from "node:buffer";
import process from "node:process";

const [kind = "", bootstrap = "", topic = "", records = "0", bytes = "0"] = process.argv.slice(2);
const count = Number(records);
const value = Buffer.alloc(Number(bytes), "x");
const listLength = 1000;
/** Lists that wait for their acknowledgement; more is no faster for any of them. */
const listsMax = 20;

async function ottla() {
  const { connect } = await import("../../client.ts");
  const cluster = await connect({ bootstrap });
  const producer = cluster.producer();
  return {
    send: (length) => producer.send(Array.from({ length }, () => ({ topic, value }))),
    close: () => cluster.close(),
  };
}

async function platformatic() {
  const { Producer } = await import("@platformatic/kafka");
  const producer = new Producer({ clientId: "bench", bootstrapBrokers: [bootstrap] });
  return {
    send: (length) =>
      producer.send({
        messages: Array.from({ length }, () => ({ topic, value })),
        acks: -1,
        autocreateTopics: false,
      }),
    close: () => producer.close(),
  };
}

/** Its callback API, beside which its promises cost three times as much. */
function confluent() {
  const require = createRequire(`${process.env["BENCH_MODULES"]}/package.json`);
  const { Producer } = require("@confluentinc/kafka-javascript");
  const producer = new Producer({
    "bootstrap.servers": bootstrap,
    "enable.idempotence": true,
    "linger.ms": 5,
    "queue.buffering.max.messages": 200_000,
    dr_cb: true,
  });
  producer.setPollInterval(1);
  /** Lists whose reports are due. */
  const waiting = [];
  producer.on("delivery-report", (error) => {
    if (error) throw error;
    const [first] = waiting;
    if (first !== undefined && --first.left === 0) waiting.shift()?.resolve();
  });
  const sender = {
    send(length) {
      for (let i = 0; i < length; i++) producer.produce(topic, null, value);
      return new Promise((resolve) => waiting.push({ left: length, resolve }));
    },
    close: () => new Promise((resolve) => producer.disconnect(resolve)),
  };
  return new Promise((resolve, reject) => {
    producer.on("ready", () => resolve(sender)).on("event.error", reject);
    producer.connect();
  });
}

async function sendAll(sender, total) {
  const underWay = [];
  for (let sent = 0; sent < total; sent += listLength) {
    if (underWay.length >= listsMax) await underWay.shift();
    underWay.push(sender.send(Math.min(listLength, total - sent)));
  }
  await Promise.all(underWay);
}

const kinds = { ottla, platformatic, confluent };
const sender = await kinds[kind]();
await sendAll(sender, Math.min(count, 100_000)); // warm
const startMs = performance.now();
const before = process.cpuUsage();
await sendAll(sender, count);
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - startMs) / 1000;
await sender.close();
process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 })}\n`);
process.exit(0);
