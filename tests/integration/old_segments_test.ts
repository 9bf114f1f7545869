// A log that a Kafka before 0.11 has begun: message sets of magic 0 and 1, then v2 batches. It is
// never cut, however the last broker ended; it is said what it is; and `ottla log repair` makes a
// log of today of it, every record where it was.

import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { Consumer, createTopic } from "../../src/client/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { buildBatch, loadCompression } from "../../src/records/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { connected, sendOne } from "../harness/one_request.ts";
import { within } from "../harness/deadline.ts";
import { messageSetOf } from "../harness/message_sets.ts";
import { type Finished, ProcessLines } from "../harness/process_lines.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";

await loadCompression("snappy");
const time = 1_400_000_000_000;

/** What is in the log: compaction has left gaps. */
const stored = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 20, 21].map((offset) => ({
  offset,
  key: offset === 4 ? null : `k${offset}`,
  value: offset === 7 ? null : `value of ${offset}`,
  // Magic 0 knows no times.
  timestamp: offset < 4 ? -1 : time + offset,
}));

function messagesFrom(from: number, to: number) {
  const bytes = (text: string | null) => text === null ? null : utf8(text);
  return stored.filter(({ offset }) => offset >= from && offset <= to)
    .map(({ timestamp, key, value }) => ({ timestamp, key: bytes(key), value: bytes(value) }));
}

/** The bytes of each segment, by its file; the last one has no gaps. */
const segments = {
  "00000000000000000000.log": joined(
    messageSetOf(messagesFrom(0, 1), { magic: 0 }),
    messageSetOf(messagesFrom(2, 3), { magic: 0, compression: "gzip", baseOffset: 2 }),
    messageSetOf(messagesFrom(4, 4), { magic: 1, baseOffset: 4 }),
    messageSetOf(messagesFrom(6, 7), { magic: 1, baseOffset: 6 }),
    messageSetOf(messagesFrom(8, 11), { magic: 1, compression: "snappy", baseOffset: 8 }),
  ),
  "00000000000000000020.log": joined(
    messageSetOf(messagesFrom(20, 20), { magic: 1, baseOffset: 20 }),
    buildBatch({ records: messagesFrom(21, 21), baseOffset: 21, partitionLeaderEpoch: 0 }),
  ),
};

function joined(...sets: Uint8Array[]): Uint8Array {
  return new Uint8Array(sets.flatMap((set) => [...set]));
}

async function assertUnchanged(folder: string): Promise<void> {
  for (const [name, bytes] of Object.entries(segments)) {
    assertEquals(await Deno.readFile(`${folder}/${name}`), bytes, name);
  }
}

function readAll(broker: BrokerProcess, topic: string, endOffset: number) {
  return connected(broker, async (client) => {
    await using consumer = new Consumer(client, { autoOffsetReset: "earliest" });
    consumer.assign([{ topic, partition: 0 }]);
    const text = (bytes: Uint8Array | null) => bytes === null ? null : fromUtf8(bytes);
    const read: unknown[] = [];
    for (let next = 0, i = 0; next < endOffset; i++) {
      assertLess(i, 100, broker.output);
      for (const { key, value, offset, timestamp } of await consumer.poll({ timeoutMs: 200 })) {
        read.push({ offset, key: text(key), value: text(value), timestamp });
        next = offset + 1;
      }
    }
    return read;
  });
}

async function repair(folder: string, ...flags: string[]): Promise<Finished> {
  const [command, ...prefix] = await ottlaCommand(targetFromEnvironment());
  const child = new ProcessLines({ command, args: [...prefix, "log", "repair", folder, ...flags] });
  try {
    return await within(child.finished, { ms: 60_000, what: () => child.output });
  } finally {
    await child.kill();
  }
}

Deno.test("messages of before Kafka 0.11 are never cut, and log repair converts them", async () => {
  await using broker = await BrokerProcess.start();
  await connected(broker, async (client) => {
    const configs = { "cleanup.policy": "compact" } as const;
    await createTopic(client, { name: "old", partitions: 1, configs });
    await createTopic(client, { name: "others", partitions: 1 });
  });
  await broker.stop();
  // As a broker leaves it that was killed before its first checkpoint.
  const folder = `${broker.logFolder}/old-0`;
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (name !== "partition.metadata") await Deno.remove(`${folder}/${name}`);
  }
  for (
    const name of [".kafka_cleanshutdown", "recovery-point-offset-checkpoint", ".ottla_boot_id"]
  ) {
    await Deno.remove(`${broker.logFolder}/${name}`).catch(() => {});
  }
  for (const [name, bytes] of Object.entries(segments)) {
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }

  await broker.restart();
  await assertUnchanged(folder);
  assertStringIncludes(broker.output, "messages of the format before Kafka 0.11");
  assertEquals(await sendOne(broker, "old"), -ErrorCode.KAFKA_STORAGE_ERROR);
  assertEquals(await sendOne(broker, "others"), 0);
  await broker.kill();
  await broker.restart();
  await assertUnchanged(folder);
  await broker.stop();

  const looked = await repair(folder);
  assertEquals(looked.code, 1, looked.stderr);
  assertStringIncludes(looked.stdout, "messages of the format before Kafka 0.11");
  await assertUnchanged(folder);
  const repaired = await repair(folder, "--yes");
  assertEquals(repaired.code, 0, repaired.stderr);
  assertStringIncludes(repaired.stdout, "converted");
  const again = await repair(folder);
  assertEquals([again.code, again.stderr], [0, "no damage in 1 partition\n"]);

  await broker.restart();
  assertEquals(await readAll(broker, "old", 22), stored, broker.output);
  assertEquals(await sendOne(broker, "old"), 22);
});
