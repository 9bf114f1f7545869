// Kafka Streams (java/Streams.java) with exactly_once_v2, while the broker is killed ten times:
// what comes out is what must come out, each result once.

import { assertEquals } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/Streams.java", import.meta.url).pathname;

const keys = 6_000;
/** A count for each of the three words of a line, and a join for each key. */
const results = keys * 4;
const kills = 10;

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka Streams: ${skipped}`);

for (const protocol of ["classic", "streams"] as const) {
  Deno.test({
    name: `Kafka Streams by the ${protocol} protocol: each result once, through ten kills`,
    ignore: skipped !== undefined || targetFromEnvironment() === "kafka",
    fn: async () => {
      const jars = await fetchJars();
      const state = await Deno.makeTempDir({ prefix: "streams-state-" });
      const jvm = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
      jvm.push("--enable-native-access=ALL-UNNAMED");
      jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
      // An application that waits for others first takes longer, and nothing else.
      const settings = { "group.streams.initial.rebalance.delay.ms": "0" };
      await using broker = await BrokerProcess.start({ settings });
      const started = performance.now();
      let killed = 0;
      let killing: Promise<void> = Promise.resolve();
      const java = new ProcessLines({
        command: "java",
        args: [...jvm, program, broker.bootstrap, protocol, String(keys), state],
        onLine(line) {
          const arrived = Number(line.match(/^results (\d+)$/)?.[1] ?? 0);
          if (killed === kills || arrived < results * (killed + 1) / (kills + 2)) return;
          killed++;
          killing = killing.then(() => broker.kill()).then(() => broker.restart());
        },
      });
      try {
        const what = () => `the end of the application\n${java.output}\n${broker.output}`;
        const { stdout, code } = await within(java.finished, { ms: 600_000, what });
        await killing;
        const told = stdout.trimEnd().split("\n").filter((line) => !line.startsWith("results "));
        console.log(`${protocol}: ${Math.round(performance.now() - started)} ms`, told);
        assertEquals(told.slice(-4, -1), [
          `counts: ${keys * 3} right: true`,
          `shipped: ${keys} twice: 0`,
          "wrong: []",
        ]);
        assertEquals([code, killed], [0, kills]);
      } finally {
        await java.kill();
        await Deno.remove(state, { recursive: true });
      }
    },
  });
}
