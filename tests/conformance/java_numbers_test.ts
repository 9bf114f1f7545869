// Numbers past 2^53 from Kafka's own clients (java/LargeNumbers.java): what they choose is
// compared, kept and given back to the last bit. OTTLA_TARGET=kafka asks a real Kafka the same.

import { assertEquals } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { run } from "../harness/process_lines.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/LargeNumbers.java", import.meta.url).pathname;

const expected = [
  "sent in nanoseconds: InvalidTimestampException",
  "stamped by the broker: 0",
  "any time, nanoseconds: 0",
  "any time, the last: 1",
  "times looked up: 0 at 1700000000000000001 1 at 9223372036854775807",
  "no time so late: nothing",
  "read back: 1700000000000000001 9223372036854775807",
  "sought too far: 1700000000000000001 9223372036854775807",
  "committed: 9007199254740993",
  "committed: 9223372036854775807",
  "listed: -1",
  "latest time: 9223372036854775807",
  "deleted: OffsetOutOfRangeException",
  "groups: 1",
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's clients with large numbers: ${skipped}`);

Deno.test({
  name: "Kafka's clients choose any 64 bits, and get them back",
  ignore: skipped !== undefined,
  fn: async () => {
    const jars = await fetchJars();
    const jvm = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
    await using broker = await BrokerProcess.start();
    const args = [...jvm, program, broker.bootstrap];
    const { stdout } = await run({ command: "java", args, withinMs: 120_000 });
    assertEquals(stdout.trimEnd().split("\n"), expected);
  },
});
