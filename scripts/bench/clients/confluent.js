// @confluentinc/kafka-javascript: its callbacks, beside which its promises cost three times as much.

import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(`${process.env["BENCH_MODULES"]}/package.json`);
const { KafkaConsumer, Producer } = require("@confluentinc/kafka-javascript");

function connected(client) {
  return new Promise((resolve, reject) => {
    client.on("ready", () => resolve(client)).on("event.error", reject);
    client.connect();
  });
}

function disconnected(client) {
  return new Promise((resolve) => client.disconnect(resolve));
}

export async function sender({ bootstrap, topic, value }) {
  const producer = await connected(
    new Producer({
      "bootstrap.servers": bootstrap,
      "enable.idempotence": true,
      "linger.ms": 5,
      "queue.buffering.max.messages": 200_000,
      dr_cb: true,
    }),
  );
  producer.setPollInterval(1);
  /** Lists whose reports are due. */
  const waiting = [];
  producer.on("delivery-report", (error) => {
    if (error) throw error;
    const [first] = waiting;
    if (first !== undefined && --first.left === 0) waiting.shift()?.resolve();
  });
  return {
    send(length) {
      for (let i = 0; i < length; i++) producer.produce(topic, null, value);
      return new Promise((resolve) => waiting.push({ left: length, resolve }));
    },
    close: () => disconnected(producer),
  };
}

export async function reader({ bootstrap, topic, group, onAssigned, onRecords }) {
  const options = { "bootstrap.servers": bootstrap, "group.id": group, rebalance_cb: true };
  const consumer = await connected(new KafkaConsumer(options, { "auto.offset.reset": "earliest" }));
  consumer.on("rebalance", onAssigned);
  consumer.setDefaultConsumeTimeout(100);
  consumer.subscribe([topic]);
  let isOver = false;
  const next = () => {
    if (isOver) return;
    consumer.consume(1000, (error, messages) => {
      if (error) throw error;
      onRecords(messages.length);
      next();
    });
  };
  next();
  return {
    close() {
      isOver = true;
      return disconnected(consumer);
    },
  };
}
