// `ottla transactions`: list, describe, show who writes, find those that hang, abort one by hand.

import { UsageFault } from "../base/faults.ts";
import { type Int64, saturated } from "../base/int64.ts";
import { escaped, escapedLines } from "../base/visible.ts";
import { type Client, describeTopic, listTopics, loadTransactionAdmin } from "../client/mod.ts";
import { ArgumentFault, command, jsonOption, wholeNumber } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { type CliContext, exitCode } from "./context.ts";
import { isKafkaError, onUnknownTopic } from "./failures.ts";
import { topicsNamed } from "./named_topics.ts";
import { renderJson, renderTable } from "./table.ts";

const msPerMinute = 60_000;
/** transaction.max.timeout.ms, where nobody has changed it. */
const quietMinutes = 15;

const list = command({
  name: "transactions list",
  operands: [],
  about: "list the transactional ids",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["transactions list", "every transactional id with its state"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const { listTransactions } = await loadTransactionAdmin();
      const transactions = await listTransactions(client);
      if (options.json) context.out(renderJson(transactions));
      else if (transactions.length === 0) context.note("There are no transactional ids.");
      else {
        const rows = transactions.map((each) => [
          each.transactionalId,
          each.state,
          each.producerId,
          each.coordinator,
        ]);
        context.out(renderTable(["transactional id", "state", "producer", "coordinator"], rows));
      }
      return exitCode.ok;
    }),
});

const describe = command({
  name: "transactions describe",
  operands: ["TRANSACTIONAL_ID"],
  about: "show a transaction, and the partitions in it",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["transactions describe payments", "what is open, and since when"]],
  run: (context, { operands: [transactionalId], options }) =>
    withClient(context, options, async (client) => {
      const { describeTransaction } = await loadTransactionAdmin();
      const transaction = await describeTransaction(client, transactionalId).catch((error) => {
        if (!isKafkaError(error, "TRANSACTIONAL_ID_NOT_FOUND")) throw error;
        const hint = "See: ottla transactions list";
        throw new UsageFault(`there is no transactional id ${transactionalId}. ${hint}`);
      });
      if (options.json) {
        context.out(renderJson(transaction));
        return exitCode.ok;
      }
      const { state, producerId, producerEpoch, timeoutMs, startMs, partitions } = transaction;
      const line = `${transactionalId}: ${state}, producer ${producerId} epoch ${producerEpoch}`;
      const hasBegun = startMs >= 0 && partitions.length > 0;
      const since = hasBegun ? `, since ${new Date(saturated(startMs)).toISOString()}` : "";
      context.out(`${escaped(line + since)}\n`);
      if (state === "Ongoing") {
        const seconds = timeoutMs / 1_000;
        context.out(escapedLines(`It is aborted once it has been open for ${seconds} s.\n`));
      }
      if (partitions.length > 0) {
        const rows = partitions.map(({ topic, partition }) => [topic, partition]);
        context.out(`\n${renderTable(["topic", "partition"], rows)}`);
      }
      return exitCode.ok;
    }),
});

const findHanging = command({
  name: "transactions find-hanging",
  operands: ["[TOPIC...]"],
  about: "find what is open, and ended by nobody",
  options: {
    "quiet-minutes": {
      kind: "number",
      value: "MINUTES",
      about: `how long the producer has been silent for (default ${quietMinutes})`,
    },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["transactions find-hanging", "in all topics"],
    ["transactions find-hanging orders", "in one"],
  ],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const { hangingTransactions, openTransactions } = await loadTransactionAdmin();
      const topics = operands.length > 0 ? operands : await allTopics(client);
      const open = await openTransactions(client, topics);
      const hanging = await hangingTransactions(client, open, {
        nowMs: context.runtime.clock.now(),
        quietMs: (options["quiet-minutes"] ?? quietMinutes) * msPerMinute,
      });
      if (options.json) context.out(renderJson(hanging));
      else if (hanging.length === 0) context.note("No transaction hangs.");
      else {
        const rows = hanging.map((each) => [
          each.topic,
          each.partition,
          each.producerId,
          each.producerEpoch,
          each.startOffset,
          new Date(saturated(each.lastMs)).toISOString(),
        ]);
        const header = ["topic", "partition", "producer", "epoch", "start offset", "last written"];
        context.out(renderTable(header, rows));
      }
      return exitCode.ok;
    }),
});

const producers = command({
  name: "transactions producers",
  operands: ["TOPIC..."],
  about: "show the producers that partitions remember",
  options: { ...jsonOption, ...brokerOptions },
  operandOptions: ["topic"],
  examples: [["transactions producers orders", "who writes to it, once or in transactions"]],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const { activeProducers } = await loadTransactionAdmin();
      const topics = await topicsNamed(client, operands);
      for (const topic of topics) {
        await describeTopic(client, topic).catch((error) => onUnknownTopic(error, topic));
      }
      const active = await activeProducers(client, topics);
      if (options.json) context.out(renderJson(active));
      else if (active.length === 0) context.note("No producer is remembered there.");
      else {
        const rows = active.map((each) => [
          each.topic,
          each.partition,
          each.producerId,
          each.producerEpoch,
          each.lastSequence,
          new Date(saturated(each.lastMs)).toISOString(),
          each.startOffset,
        ]);
        const header = ["topic", "partition", "producer", "epoch", "last sequence", "last written"];
        context.out(renderTable([...header, "open since"], rows));
      }
      return exitCode.ok;
    }),
});

const abort = command({
  name: "transactions abort",
  operands: ["TOPIC", "PARTITION"],
  about: "abort what a producer has open in a partition, by hand",
  options: {
    "start-offset": {
      kind: "int64",
      value: "OFFSET",
      about: "where the transaction begins, as find-hanging tells it",
    },
    ...brokerOptions,
  },
  examples: [["transactions abort orders 0 --start-offset 17", "let its readers go on"]],
  run: async (context, { operands: [topic, index], options }) => {
    const partition = wholeNumber(index, "PARTITION");
    const startOffset = options["start-offset"];
    if (startOffset === undefined) {
      throw new ArgumentFault("--start-offset OFFSET says which transaction is meant");
    }
    return await withClient(
      context,
      options,
      (client) => abortAt(context, client, { topic, partition, startOffset }),
    );
  },
});

async function abortAt(
  context: CliContext,
  client: Client,
  at: { readonly topic: string; readonly partition: number; readonly startOffset: Int64 },
): Promise<number> {
  const { topic, partition, startOffset } = at;
  const { abortTransaction, openTransactions } = await loadTransactionAdmin();
  const open = await openTransactions(client, [topic]).catch((error) =>
    onUnknownTopic(error, topic)
  );
  const found = open.find((each) =>
    each.partition === partition && each.startOffset === startOffset
  );
  if (found === undefined) {
    throw new UsageFault(
      `no transaction begins at offset ${startOffset} of ${topic}-${partition}. ` +
        `See: ottla transactions find-hanging ${topic}`,
    );
  }
  await abortTransaction(client, found);
  context.note(`The transaction of producer ${found.producerId} is aborted.`);
  return exitCode.ok;
}

async function allTopics(client: Client): Promise<string[]> {
  return (await listTopics(client)).map(({ name }) => name);
}

export const commands = [list, describe, producers, findHanging, abort];
