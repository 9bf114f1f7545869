// `ottla transactions`, as people use it: what is there, what is in it, what hangs, and its end.

import { assertEquals, assertMatch } from "@std/assert";
import { ErrorCode, FindCoordinator, InitProducerId } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { type Finished, ProcessLines } from "../harness/process_lines.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { ottlaCommand } from "../harness/targets.ts";

/** Runs `ottla words` against `broker` to its end. */
async function ottla(broker: BrokerProcess, words: string): Promise<Finished> {
  const [command, ...prefix] = await ottlaCommand("deno");
  const process = new ProcessLines({
    command,
    args: [...prefix, ...words.split(" ")],
    env: { OTTLA_BOOTSTRAP: broker.bootstrap },
  });
  try {
    return await within(process.finished, { ms: 60_000, what: () => `ottla ${words}` });
  } finally {
    await process.kill();
  }
}

Deno.test("transactions are listed and described, and what hangs is aborted", async () => {
  await using broker = await BrokerProcess.start({
    settings: { "transaction.partition.verification.enable": "false" },
  });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  const transactionalId = "payments";
  await client.ask(FindCoordinator, 4, { keyType: 1, coordinatorKeys: [transactionalId] });
  const request = { transactionalId, transactionTimeoutMs: 60_000 };
  const { producerId, producerEpoch } = await client.ask(InitProducerId, 4, request);
  const batch = { producerEpoch, baseSequence: 0, isTransactional: true };
  const records = batchOf(["open"], { ...batch, producerId: Number(producerId) });
  const open = { topic, records, transactionalId, version: 12 };
  assertEquals((await produceTo(client, open)).errorCode, ErrorCode.NONE);

  assertMatch((await ottla(broker, "transactions list")).stdout, /payments +Ongoing +\d+ +1/);
  const described = (await ottla(broker, "transactions describe payments")).stdout;
  assertMatch(described, /^payments: Ongoing, producer \d+ epoch 0, since 20\d\d-/);
  assertMatch(described, /It is aborted once it has been open for \d+ s\.\n/);
  assertMatch(described, new RegExp(`${topic} +0\n`));
  const unknown = await ottla(broker, "transactions describe refunds");
  assertMatch(unknown.stderr, /there is no transactional id refunds/);
  // It is open, and its coordinator will end it.
  const calm = await ottla(broker, `transactions find-hanging ${topic} --quiet-minutes 0`);
  assertEquals(calm.stderr, "No transaction hangs.\n");

  // Without verification a producer can write what no coordinator knows of.
  const lost = batchOf(["lost"], { ...batch, producerId: 9_000_000 });
  const unheard = { topic, records: lost, transactionalId: "nobody", version: 9 };
  assertEquals((await produceTo(client, unheard)).errorCode, ErrorCode.NONE);
  const written = await ottla(broker, `transactions producers ${topic}`);
  assertMatch(
    written.stdout,
    /^TOPIC +PARTITION +PRODUCER +EPOCH +LAST SEQUENCE +LAST WRITTEN +OPEN/,
  );
  assertMatch(written.stdout, new RegExp(`${topic} +0 +${producerId} +0 +0 +20\\S+ +0\n`));
  assertMatch(written.stdout, new RegExp(`${topic} +0 +9000000 +0 +0 +20\\S+ +1\n`));
  const nowhere = await ottla(broker, "transactions producers nowhere");
  assertMatch(nowhere.stderr, /there is no topic nowhere\. See: ottla topics list/);
  const found = await ottla(broker, `transactions find-hanging ${topic} --quiet-minutes 0 --json`);
  const [hanging, ...others] = JSON.parse(found.stdout);
  assertEquals([hanging.producerId, hanging.startOffset, others], [9_000_000, 1, []]);
  const beyond = await ottla(
    broker,
    `transactions abort ${topic} 0 --start-offset ${2n ** 63n - 1n}`,
  );
  assertMatch(beyond.stderr, /no transaction begins at offset 9223372036854775807 of /);
  const misnamed = await ottla(broker, `transactions abort ${topic} zero --start-offset 1`);
  assertEquals([misnamed.code, misnamed.stderr.split("\n")[0]], [
    2,
    'ottla: PARTITION is a whole number, not "zero"',
  ]);
  const aborted = await ottla(broker, `transactions abort ${topic} 0 --start-offset 1`);
  assertEquals(aborted.code, 0, aborted.stderr);
  const { abortedTransactions } = await fetchFrom(client, { topic, isolationLevel: 1 });
  assertEquals(abortedTransactions, []); // The other one is still open in front of it.
  const none = await ottla(broker, `transactions find-hanging ${topic} --quiet-minutes 0`);
  assertEquals(none.stderr, "No transaction hangs.\n");
});
