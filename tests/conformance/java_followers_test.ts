// Two of Kafka's own consumers (java/Followers.java) that commit at full speed, go and come back,
// while the broker is killed and stopped in turn: no record is skipped, and a position never goes
// back but to the last commit. OTTLA_SECONDS=120 goes on for longer.

import { assert, assertEquals } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/Followers.java", import.meta.url).pathname;
const seconds = Number(Deno.env.get("OTTLA_SECONDS") ?? 20);
const upMs = 6_000;

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's consumers and a broker that ends: ${skipped}`);

for (const protocol of ["classic", "consumer"]) {
  Deno.test({
    name: `Kafka's consumers of the ${protocol} protocol skip nothing while the broker ends`,
    ignore: skipped !== undefined || targetFromEnvironment() === "kafka",
    fn: async () => {
      const jars = await fetchJars();
      const jvm = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
      jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
      await using broker = await BrokerProcess.start({
        // One whose goodbye is lost does not keep its partitions for long.
        settings: {
          "group.min.session.timeout.ms": "1000",
          "group.consumer.min.session.timeout.ms": "1000",
          "group.consumer.session.timeout.ms": "3000",
          "group.consumer.min.heartbeat.interval.ms": "200",
          "group.consumer.heartbeat.interval.ms": "200",
        },
      });
      const over = Promise.withResolvers<void>();
      let ends: Promise<number> = Promise.resolve(0);
      const java = new ProcessLines({
        command: "java",
        args: [...jvm, program, broker.bootstrap, protocol, String(seconds)],
        onLine(line) {
          if (line === "begun") ends = endAgain(broker, over.promise);
          if (line === "ended") over.resolve();
        },
      });
      try {
        const what = () => `the end of the followers\n${java.output}\n${broker.output}`;
        const { stdout } = await within(java.finished, { ms: (seconds + 180) * 1_000, what });
        over.resolve();
        const told = stdout.trimEnd().split("\n").slice(2);
        console.log(`${protocol}, ${seconds} s, the broker ended ${await ends} times: ${told[0]}`);
        assertEquals(told.slice(1), ["unread: 0", "broken: []"]);
        assert(await ends > 0);
      } finally {
        over.resolve();
        await ends;
        await java.kill();
      }
    },
  });
}

/** Kills and stops the broker in turn; returns how often. */
async function endAgain(broker: BrokerProcess, over: Promise<void>): Promise<number> {
  let [times, isOver] = [0, false];
  over.then(() => isOver = true);
  while (true) {
    const up = Promise.withResolvers<void>();
    const timer = setTimeout(up.resolve, upMs);
    await Promise.race([up.promise, over]);
    clearTimeout(timer);
    if (isOver) return times;
    await (times++ % 2 === 0 ? broker.kill() : broker.stop());
    await broker.restart();
  }
}
