// Where an operator has turned the newer protocol of consumers off, a client that speaks it is told
// so, and does not wait in silence.

import { assertEquals, assertMatch } from "@std/assert";
import { CreateTopics, Produce } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { run } from "../harness/process_lines.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import { nodeProgram } from "./clients/install.ts";

const { program, absent } = await nodeProgram("confluent_member");
if (absent !== undefined) console.log(`@confluentinc/kafka-javascript: ${absent.reason}`);

const topic = "t";

/** What a member by librdkafka comes to, on a broker with these settings. */
async function whatComes(settings: Record<string, string>): Promise<Record<string, string>> {
  if (program === undefined) throw new Error(absent?.reason);
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const topics = [{
    name: topic,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }];
  await client.ask(CreateTopics, 7, { topics });
  await client.ask(Produce, 9, produceRequest({ topic, records: batchOf(["read"]) }));
  const args = [...program.args, broker.bootstrap, "members", topic];
  const { stdout } = await run({ command: program.command, args, withinMs: 120_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

Deno.test({
  name: "a member of the newer protocol by librdkafka reads, and is told where that is off",
  ignore: absent?.outcome === "skipped",
  fn: async () => {
    assertEquals(await whatComes({}), { value: "read" });
    const off = { "group.coordinator.rebalance.protocols": "classic" };
    assertMatch((await whatComes(off)).error ?? "", /fatal error|not supported|unsupported/i);
  },
});
