// @platformatic/kafka: lists of messages, and a stream's events, which cost less than its iterator.

import { Consumer, Producer } from "@platformatic/kafka";

export function sender({ bootstrap, topic, value, acks = -1 }) {
  const producer = new Producer({ clientId: "bench", bootstrapBrokers: [bootstrap] });
  return {
    send: (length) =>
      producer.send({
        messages: Array.from({ length }, () => ({ topic, value })),
        acks,
        autocreateTopics: false,
      }),
    close: () => producer.close(),
  };
}

export async function reader({ bootstrap, topic, group, onAssigned, onRecords }) {
  const options = { clientId: "bench", groupId: group, bootstrapBrokers: [bootstrap] };
  const consumer = new Consumer(options);
  consumer.on("consumer:group:join", onAssigned);
  const stream = await consumer.consume({
    topics: [topic],
    mode: "earliest",
    maxWaitTime: 500,
    maxBytes: 50_000_000,
  });
  stream.on("data", () => onRecords(1));
  return { close: () => consumer.close(true) };
}
