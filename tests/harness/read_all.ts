// What a partition holds, by a consumer of our own.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { type Client, Consumer } from "../../src/client/mod.ts";

/** The first `count` values of partition 0 of `topic`, by a new consumer; waits for them. */
export async function readAll(
  client: Client,
  { topic, count }: { readonly topic: string; readonly count: number },
): Promise<string[]> {
  const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign([{ topic, partition: 0 }]);
  const values: string[] = [];
  while (values.length < count) {
    for (const { value } of await consumer.poll()) values.push(fromUtf8(value!));
  }
  await consumer.close();
  return values;
}
