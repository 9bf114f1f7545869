// A producer of JavaScript in a process of its own: sends so many records, as fast as it can.
//
//   node scripts/bench/clients/produce.js kafkajs 127.0.0.1:9092 TOPIC RECORDS PAYLOAD
//     -> 300000000 bytes in 2.341 seconds
//
// Acknowledged by the leader alone (acks=1), in lists of a hundred: a list is a batch or a few.

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";

const [kind = "", bootstrap = "", topic = "", records = "0", payload = ""] = process.argv.slice(2);
const value = Buffer.from(readFileSync(payload, "utf8").split("\n", 1)[0]);
const listLength = 100;
const listsMax = 20;

const client = await import(`./${kind}.js`);
const sender = await client.sender({ bootstrap, topic, value, acks: 1 });
await sender.send(1);
const startMs = performance.now();
const underWay = [];
let sent = 0;
for (; sent < Number(records); sent += listLength) {
  if (underWay.length >= listsMax) await underWay.shift();
  underWay.push(sender.send(listLength));
}
await Promise.all(underWay);
const seconds = (performance.now() - startMs) / 1000;
await sender.close();
process.stdout.write(`${sent * value.length} bytes in ${seconds.toFixed(3)} seconds\n`);
process.exit(0);
