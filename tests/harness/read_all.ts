// What a partition holds, by a consumer of our own.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { type Client, Consumer } from "../../src/client/mod.ts";

/** The first `count` values of `topic`, of partition 0 or so many, by a new consumer; waits. */
export async function readAll(
  client: Client,
  { topic, count, partitions = 1 }: {
    readonly topic: string;
    readonly count: number;
    readonly partitions?: number;
  },
): Promise<string[]> {
  const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })));
  const values: string[] = [];
  while (values.length < count) {
    for (const { value } of await consumer.poll()) values.push(fromUtf8(value!));
  }
  await consumer.close();
  return values;
}
