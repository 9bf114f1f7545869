// One member of a group of the newer protocol (KIP-848), by librdkafka: prints the first record that
// it reads, or the error that it is told.
//
//   node confluent_member.js FOLDER_OF_NODE_MODULES 127.0.0.1:9092 GROUP TOPIC

import { createRequire } from "node:module";
import process from "node:process";

const [folder, bootstrap, group, topic] = process.argv.slice(2);
const { KafkaConsumer } = createRequire(`${folder}/`)("@confluentinc/kafka-javascript");

const waitMs = 60_000;
const options = {
  "bootstrap.servers": bootstrap,
  "log_level": 0,
  "group.id": group,
  "group.protocol": "consumer",
};
const consumer = new KafkaConsumer(options, { "auto.offset.reset": "earliest" });

/** Calls what takes a callback for its last argument. */
function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, result) => error ? reject(error) : resolve(result));
  });
}

let told;
consumer.on("event.error", (error) => told ??= { error: error.message });
await promised((done) => consumer.connect({}, done));
consumer.setDefaultConsumeTimeout(100);
consumer.subscribe([topic]);
for (const until = Date.now() + waitMs; told === undefined && Date.now() < until;) {
  try {
    const [message] = await promised((done) => consumer.consume(1, done));
    if (message !== undefined) told = { value: message.value.toString() };
  } catch (error) {
    told ??= { error: error.message };
  }
}
console.log(JSON.stringify(told ?? { error: "nothing came" }));
process.exit(0);
