// A data folder that one broker has written and the other goes on with, both ways: from Kafka to
// Ottla and from Ottla to Kafka.

import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";
import { KafkaProcess } from "./migration/kafka_process.ts";

/** What is in the folder, and how the two tests are called. */
export interface Carried<Begun> {
  /** For the line that says why they are skipped: "share groups". */
  readonly what: string;
  readonly toOttla: string;
  readonly toKafka: string;
  readonly settings?: Record<string, string>;
  /** Begins on the broker that is asked first, and tells what there is. */
  begin(client: RawClient, beganOn: "kafka" | "ottla"): Promise<Begun>;
  /** Asks the other one, which has opened the folder. */
  goOn(client: RawClient, begun: Begun): Promise<void>;
}

/** Registers a test for each way. */
export async function carriedBothWays<Begun>(carried: Carried<Begun>): Promise<void> {
  const { what, settings, begin, goOn } = carried;
  const skip = targetFromEnvironment() === "kafka"
    ? "the target is Kafka itself"
    : await reasonToSkip();
  if (skip) console.log(`folders with ${what} are skipped: ${skip}`);
  const ignore = skip !== undefined;
  const begunOn = async (broker: BrokerProcess, name: "kafka" | "ottla") => {
    const begun = await asking(broker, (client) => begin(client, name));
    await broker.stop();
    return begun;
  };
  Deno.test({
    name: carried.toOttla,
    ignore,
    fn: async () => {
      await using kafka = await BrokerProcess.start({ target: "kafka", settings });
      const begun = await begunOn(kafka, "kafka");
      await using ottla = await BrokerProcess.start({ dataDir: kafka.logFolder, settings });
      await asking(ottla, (client) => goOn(client, begun));
    },
  });
  Deno.test({
    name: carried.toKafka,
    ignore,
    fn: async () => {
      await using ottla = await BrokerProcess.start({ settings });
      const begun = await begunOn(ottla, "ottla");
      const folder = ottla.logFolder;
      const start = { release: "4.3", nodeId: 1, voters: "static", folder, settings } as const;
      await using kafka = await KafkaProcess.start(start);
      const [host = "", port] = kafka.bootstrap.split(":");
      await asking({ host, port: Number(port) }, (client) => goOn(client, begun));
    },
  });
}

async function asking<T>(
  broker: { readonly host: string; readonly port: number },
  ask: (client: RawClient) => Promise<T>,
): Promise<T> {
  using client = await RawClient.connect(broker);
  return await ask(client);
}

const passing: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.CONCURRENT_TRANSACTIONS,
];

/** The first answer that is not about something that passes. */
export async function lasting<A extends { errorCode: number }>(ask: () => Promise<A>): Promise<A> {
  for (;;) {
    const answer = await ask();
    if (!passing.includes(answer.errorCode)) return answer;
  }
}
