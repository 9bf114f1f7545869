// Transactions of Kafka's own clients (java/Transactions.java), with the broker killed in the
// middle of them, and Kafka's tool for transactions by its class.

import { assertEquals, assertMatch } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines, run } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/Transactions.java", import.meta.url).pathname;
const tool = "org.apache.kafka.tools.TransactionsCommand";

/** OTTLA_RECORDS=100000 copies more. */
const records = Number(Deno.env.get("OTTLA_RECORDS") ?? 5_000);
const kills = 2;

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's clients with transactions: ${skipped}`);

for (const protocol of ["classic", "consumer"] as const) {
  Deno.test({
    name:
      `Kafka's clients (${protocol}) copy each record once, though the broker is killed in between`,
    ignore: skipped !== undefined || targetFromEnvironment() === "kafka",
    fn: async () => {
      const jars = await fetchJars();
      const jvm = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
      jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
      await using broker = await BrokerProcess.start();
      let [copies, killed] = [0, 0];
      let killing: Promise<void> | undefined;
      const java = new ProcessLines({
        command: "java",
        args: [...jvm, program, broker.bootstrap, String(records), protocol],
        onLine(line) {
          if (!line.startsWith("copied ") || ++copies % 5 !== 0 || killed === kills) return;
          killed++;
          killing = broker.kill().then(() => broker.restart());
        },
      });
      try {
        const what = () => `the end of the copying\n${java.output}\n${broker.output}`;
        const { stdout } = await within(java.finished, { ms: 900_000, what });
        await killing;
        const told = stdout.trimEnd().split("\n").filter((line) => !line.startsWith("copied "));
        const sum = records * (records - 1) / 2;
        assertEquals(told, [
          `arrived: ${records} once: ${records} sum: ${sum}`,
          "fenced: InvalidProducerEpochException",
          "states: [Ongoing]",
        ]);
        assertEquals(killed, kills);
      } finally {
        await java.kill();
      }
      if (protocol === "consumer") return; // Tools look at transactions alone.
      const ask = async (...words: string[]) => {
        const args = [...jvm, tool, "--bootstrap-server", broker.bootstrap, ...words];
        return (await run({ command: "java", args, withinMs: 600_000 })).stdout;
      };
      assertMatch(await ask("list"), /copier\s+\d+\s+\d+\s+Ongoing/);
      assertMatch(await ask("describe", "--transactional-id", "copier"), /Ongoing\s+900000/);
      assertMatch(await ask("list", "--transactional-id-pattern", "fee.*"), /feeder/);
      assertEquals(
        (await ask("find-hanging", "--topic", "target")).trimEnd().split("\n").length,
        1,
      );
    },
  });
}
