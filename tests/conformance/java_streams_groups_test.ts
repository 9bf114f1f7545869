// Kafka's tool for streams groups, by its class, against a running application (java/Streams.java)
// and against what it leaves behind; and ours beside it.

import { assertEquals, assertMatch } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered, within } from "../harness/deadline.ts";
import { run } from "../harness/process_lines.ts";
import { reasonToSkip } from "./java/installed.ts";
import { javaWords, StreamsApplication } from "./java/streams_application.ts";

const groupsTool = "org.apache.kafka.tools.streams.StreamsGroupCommand";
const configsTool = "kafka.admin.ConfigCommand";

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's tool for streams groups: ${skipped}`);

Deno.test({
  name: "Kafka's tool lists, describes, resets and deletes a streams group",
  ignore: skipped !== undefined,
  fn: async () => {
    const settings = { "group.streams.initial.rebalance.delay.ms": "0" };
    await using broker = await BrokerProcess.start({ settings });
    const words = await javaWords();
    const ask = async (text: string, tool = groupsTool): Promise<string> => {
      const args = [...words, tool, "--bootstrap-server", broker.bootstrap, ...text.split(" ")];
      const { stdout, stderr } = await run({ command: "java", args, withinMs: 120_000 });
      return stdout + stderr;
    };
    const { bootstrap } = broker;
    await using application = await StreamsApplication.start({
      bootstrap,
      protocol: "streams",
      keys: 300,
    });
    const { process } = application;
    const what = () => `the application\n${process.output}\n${broker.output}`;
    await within(application.done, { ms: 240_000, what });

    assertMatch(await ask("--list --state"), /^shop +Stable *$/m);
    // What is set while the group is at work, its members hear of.
    const copies = "--alter --group shop --add-config streams.num.standby.replicas=1";
    assertMatch(await ask(copies, configsTool), /Completed updating config for group shop/);
    await untilAnswered(async () => {
      const members = await ask("--describe --group shop --members --verbose");
      assertEquals(members.match(/ACTIVE: 0:.* STANDBY: 1:/g)?.length, 2, members);
    }, 120_000);
    assertMatch(await ask("--describe --group shop --state"), /^shop .* Stable +2 *$/m);
    const lags = await ask("--describe --group shop");
    // Source and repartition topics have three partitions each, and all of it is read.
    assertEquals(lags.match(/^shop .* 0 *$/gm)?.length, 12, lags);
    assertMatch(await ask("--delete --group shop"), /'shop' is not EMPTY/);

    process.endInput();
    assertEquals((await within(process.finished, { ms: 120_000, what })).code, 0);
    assertMatch(await ask("--list --state"), /^shop +Empty *$/m);
    const reset = await ask(
      "--reset-offsets --group shop --to-earliest --all-input-topics --execute",
    );
    assertEquals(reset.match(/^shop +(words|orders|payments) +[0-2] +0 *$/gm)?.length, 9, reset);
    assertMatch(
      await ask("--delete --group shop --delete-all-internal-topics"),
      /groups \('shop'\) was successful[^]*internal topics .* was successful/,
    );
    assertEquals((await ask("--list")).trim(), "");
  },
});
