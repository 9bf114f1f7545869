import assert from "node:assert/strict";
import { Broker } from "../../testing.ts";
import { run } from "../harness/process_lines.ts";
import { nodeProgram } from "./clients/install.ts";
import { ProcessDriver } from "./process_driver.ts";
import { clientTests, type Lack } from "./suite.ts";

const { program, absent } = await nodeProgram("confluent_javascript");

clientTests({
  client: "@confluentinc/kafka-javascript",
  connect: ({ bootstrap }, way) => ProcessDriver.start(program!, { bootstrap, way }),
  lacks: [
    {
      because: "neither of its APIs has the share consumer of its librdkafka",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    ...await lackOfZstd(),
    {
      because: "neither of its admin clients has a method for configurations",
      scenarios: [
        "creates a topic with configurations and reads them",
        "alters a topic's configuration",
      ],
    },
    {
      because:
        "its librdkafka asks for versions unless broker.version.fallback is below 0.10, and " +
        "then cannot read Metadata v0 (its log: tmpabuf memory shortage)",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
      ],
    },
    {
      because: "its librdkafka takes the newest version of both sides: no option names a version",
      scenarios: ["is told that a version is not supported, and can go on"],
    },
  ],
  absent,
});

Deno.test({
  name: "@confluentinc/kafka-javascript sends to a broker of the kit as docs/testing.md has it",
  ignore: program === undefined,
  async fn() {
    const page = await Deno.readTextFile(new URL("../../docs/testing.md", import.meta.url));
    const [, shown] = page.match(/```js\n(const \{ KafkaJS \}.*?)```/s)!;
    await using broker = await Broker.start({ topics: { orders: {} } });
    const source = `const broker = { bootstrap: "${broker.bootstrap}" };
      ${shown}
      (async () => {
        const producer = kafka.producer();
        await producer.connect();
        await producer.send({ topic: "orders", messages: [{ key: "7", value: "paid" }] });
        await producer.disconnect();
      })();`;
    const { command, args: [, folder] } = program!;
    await run({ command, args: ["-e", source], cwd: folder!, withinMs: 120_000 });
    assert.deepEqual((await broker.records("orders")).map(({ value }) => value), ["paid"]);
  },
});

/** librdkafka has zstd where the machine that built it has; it tells by its list of features. */
async function lackOfZstd(): Promise<Lack[]> {
  if (program === undefined) return [];
  const { stdout } = await run({
    ...program,
    args: [...program.args, "--features"],
    withinMs: 60_000,
  });
  if (stdout.trim().split(" ").includes("zstd")) return [];
  return [{
    because: "its librdkafka was built without zstd: see its `features`",
    scenarios: ["sends and reads back codec zstd"],
  }];
}
