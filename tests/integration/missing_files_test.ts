// Files that somebody removes from a data directory, as clients see it: the partition refuses
// records rather than give out an offset twice, the others go on, and a person decides.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { Consumer, createTopic, deleteTopic, Producer } from "../../src/client/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { connected, sendOne } from "../harness/one_request.ts";
import { run } from "../harness/process_lines.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";

const segment = "00000000000000000000.log";
const numbers = Array.from({ length: 20 }, (_, i) => String(i).padStart(2, "0"));

/** Makes topics `orders` and `others` of twenty records each, which a checkpoint tells of. */
async function fill(broker: BrokerProcess): Promise<void> {
  await connected(broker, async (client) => {
    const producer = new Producer(client);
    for (const topic of ["orders", "others"]) {
      await createTopic(client, { name: topic, partitions: 1 });
      for (const value of numbers) await producer.send({ topic, partition: 0, value });
    }
    await producer.close();
  });
  await broker.stop();
  await broker.restart();
}

async function repair(folder: string): Promise<void> {
  const [command, ...prefix] = await ottlaCommand(targetFromEnvironment());
  const args = [...prefix, "log", "repair", folder, "--fill-gaps", "--yes"];
  await run({ command, args, withinMs: 30_000 });
}

async function valuesOf(broker: BrokerProcess, topic: string, endOffset: number) {
  return await connected(broker, async (client) => {
    await using consumer = new Consumer(client, { autoOffsetReset: "earliest" });
    consumer.assign([{ topic, partition: 0 }]);
    const values: string[] = [];
    for (let next = 0; next < endOffset;) {
      for (const { value, offset } of await consumer.poll({ timeoutMs: 200 })) {
        values.push(fromUtf8(value!));
        next = offset + 1;
      }
    }
    return values;
  });
}

/** What somebody does, how many records it leaves, and what a producer is told then. */
const losses: Record<
  string,
  { does(folder: string): Promise<void>; kept: number; code: ErrorCode }
> = {
  "a log that ends too early": {
    async does(folder) {
      const { size } = await Deno.stat(`${folder}/orders-0/${segment}`);
      await Deno.truncate(`${folder}/orders-0/${segment}`, size / 20 * 12);
    },
    kept: 12,
    code: ErrorCode.KAFKA_STORAGE_ERROR,
  },
  "a partition's folder that is gone": {
    does: (folder) => Deno.remove(`${folder}/orders-0`, { recursive: true }),
    kept: 0,
    // There is nothing of it to be read: it is offline, and Metadata says so.
    code: ErrorCode.LEADER_NOT_AVAILABLE,
  },
};

for (const [what, { does, kept, code }] of Object.entries(losses)) {
  for (const end of ["stop", "kill"] as const) {
    Deno.test(`${what} after a ${end} is refused until repair accepts it`, async () => {
      await using broker = await BrokerProcess.start();
      await fill(broker);
      await broker[end]();
      await does(broker.logFolder);
      // It is noticed at each start, not only at the first.
      for (let start = 0; start < 2; start++) {
        await broker.restart();
        assertEquals(await sendOne(broker, "orders"), -code, broker.output);
        assertEquals(await sendOne(broker, "others"), 20 + start);
        assertStringIncludes(broker.output, "ottla log repair");
        if (start === 0) await broker[end]();
      }
      await broker.stop();
      await repair(`${broker.logFolder}/orders-0`);
      await broker.restart();
      assertEquals(await sendOne(broker, "orders"), 20, broker.output);
      const values = await valuesOf(broker, "orders", 21);
      assertEquals(values, [...numbers.slice(0, kept), "v"]);
    });
  }
}

Deno.test("a folder that is removed under a running broker is noticed", async () => {
  await using broker = await BrokerProcess.start();
  await fill(broker);
  await Deno.remove(`${broker.logFolder}/orders-0`, { recursive: true });
  assertEquals(await sendOne(broker, "orders"), -ErrorCode.KAFKA_STORAGE_ERROR, broker.output);
  assertStringIncludes(broker.output, "files of a log are gone");
  assertEquals(await sendOne(broker, "others"), 20);
  await broker.stop();
  await broker.restart();
  assertEquals(await sendOne(broker, "orders"), -ErrorCode.LEADER_NOT_AVAILABLE);
  assertStringIncludes(broker.output, "is gone, with the records below offset");
});

Deno.test("a topic made anew under its old name misses nothing of the old one", async () => {
  await using broker = await BrokerProcess.start();
  await fill(broker);
  await connected(broker, async (client) => {
    await deleteTopic(client, "orders");
    await createTopic(client, { name: "orders", partitions: 1 });
  });
  assertEquals(await sendOne(broker, "orders"), 0);
  await broker.kill();
  // Nothing has written a checkpoint since: it speaks of the first topic.
  const checkpoint = `${broker.logFolder}/recovery-point-offset-checkpoint`;
  assert((await Deno.readTextFile(checkpoint)).includes("orders 0 20\n"));
  await broker.restart();
  assertEquals(await sendOne(broker, "orders"), 1, broker.output);
});
