// kafkajs: lists of messages, and its batches.

import { Kafka, logLevel } from "kafkajs";

function kafka(bootstrap) {
  return new Kafka({ clientId: "bench", brokers: [bootstrap], logLevel: logLevel.ERROR });
}

export async function sender({ bootstrap, topic, value, acks = -1 }) {
  const producer = kafka(bootstrap).producer();
  await producer.connect();
  return {
    send: (length) =>
      producer.send({ topic, acks, messages: Array.from({ length }, () => ({ value })) }),
    close: () => producer.disconnect(),
  };
}

export async function reader({ bootstrap, topic, group, onAssigned, onRecords }) {
  const consumer = kafka(bootstrap).consumer({ groupId: group });
  consumer.on(consumer.events.GROUP_JOIN, onAssigned);
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachBatch: ({ batch }) => {
      onRecords(batch.messages.length);
      return Promise.resolve();
    },
  });
  return { close: () => consumer.disconnect() };
}
