// A client that is there for one piece of work with a broker under test, and the smallest of it.

import { Client, KafkaError, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { BrokerProcess } from "./broker_process.ts";

/** Runs `work` with a client of its own, which gives up soon. */
export async function connected<T>(
  { bootstrap }: BrokerProcess,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await Client.connect(denoRuntime(), { bootstrap, retryTimeoutMs: 5_000 });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** The offset that a record gets, or the code with which it is refused, below 0. */
export function sendOne(broker: BrokerProcess, topic: string): Promise<number> {
  return connected(broker, async (client) => {
    const producer = new Producer(client, { deliveryTimeoutMs: 600 });
    try {
      return (await producer.send({ topic, partition: 0, key: "k", value: "v" })).offset;
    } catch (error) {
      if (error instanceof KafkaError) return -error.errorCode;
      throw error;
    } finally {
      await producer.close().catch(() => {});
    }
  });
}
