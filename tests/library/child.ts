// A program that starts a broker, uses it and closes it, in a process of its own: nothing may keep
// the process alive after that.

import process from "node:process";
import { Broker, connect } from "../../mod.ts";

const broker = await Broker.start();
const cluster = await connect({ bootstrap: broker.bootstrap });
const consumer = cluster.consumer({ groupId: "billing", autoOffsetReset: "earliest" });
consumer.subscribe(["orders"]);
await cluster.producer().send({ topic: "orders", value: "paid" });
const [record] = await consumer.poll({ timeoutMs: 60_000 });
await cluster.close();
await broker.close();
process.stdout.write(`${record.topic} ${record.offset}\n`);
