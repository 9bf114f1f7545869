// Our own client: lists of records, and batches of them.

import { connect } from "../../../client.ts";

export async function sender({ bootstrap, topic, value }) {
  const cluster = await connect({ bootstrap });
  const producer = cluster.producer();
  return {
    send: (length) => producer.send(Array.from({ length }, () => ({ topic, value }))),
    close: () => cluster.close(),
  };
}

export async function reader({ bootstrap, topic, group, onAssigned, onRecords }) {
  const cluster = await connect({ bootstrap });
  const consumer = cluster.consumer({
    groupId: group,
    autoOffsetReset: "earliest",
    onAssigned,
  });
  consumer.subscribe([topic]);
  const read = async () => {
    for await (const { records } of consumer.batches()) onRecords(records.length);
  };
  read();
  return { close: () => cluster.close() };
}
