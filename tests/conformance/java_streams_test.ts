// Kafka Streams (java/Streams.java) with exactly_once_v2, while the broker is killed ten times:
// what comes out is what must come out, each result once.

import { assertEquals } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";
import { StreamsApplication } from "./java/streams_application.ts";

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
      // An application that waits for others first takes longer, and nothing else.
      const settings = { "group.streams.initial.rebalance.delay.ms": "0" };
      await using broker = await BrokerProcess.start({ settings });
      const started = performance.now();
      let killed = 0;
      let killing: Promise<void> = Promise.resolve();
      await using application = await StreamsApplication.start({
        bootstrap: broker.bootstrap,
        protocol,
        keys,
        onLine(line) {
          const arrived = Number(line.match(/^results (\d+)$/)?.[1] ?? 0);
          if (killed === kills || arrived < results * (killed + 1) / (kills + 2)) return;
          killed++;
          killing = killing.then(() => broker.kill()).then(() => broker.restart());
        },
      });
      const { process } = application;
      const what = () => `the end of the application\n${process.output}\n${broker.output}`;
      await within(application.done, { ms: 600_000, what });
      await killing;
      process.endInput();
      const { stdout, code } = await within(process.finished, { ms: 120_000, what });
      const told = stdout.trimEnd().split("\n").filter((line) => !line.startsWith("results "));
      console.log(`${protocol}: ${Math.round(performance.now() - started)} ms`, told);
      assertEquals(told.slice(-6, -1), [
        `group: shop ${protocol}`,
        `counts: ${keys * 3} right: true`,
        `shipped: ${keys} twice: 0`,
        "wrong: []",
        "done",
      ]);
      assertEquals([code, killed], [0, kills]);
    },
  });
}
