// A program that leaves its client open: one that was told so does not keep the process alive.

import process from "node:process";
import { connect } from "../../client.ts";

const [bootstrap = ""] = process.argv.slice(2);
const cluster = await connect({ bootstrap, unref: true });
const { offset } = await cluster.producer().send({ topic: "orders", value: "paid" });
const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
consumer.assign([{ topic: "orders", partition: 0 }]);
let count = 0;
for await (const _ of consumer) {
  if (++count === 1) break;
}
process.stdout.write(`${offset} ${count}\n`);
