// `ottla consume`: prints records as they come, of whole topics, one partition, or in a group.

import { parseInt64, saturated } from "../base/int64.ts";
import {
  type Client,
  Consumer,
  type ConsumerRecord,
  describeTopic,
  listRanges,
  type OffsetSpec,
  type TopicPartition,
} from "../client/mod.ts";
import { messageOf } from "../base/faults.ts";
import { ArgumentFault, command, seeHelp } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { type CliContext, exitCode, onInterrupt } from "./context.ts";
import { noPartition, onUnknownTopic } from "./failures.ts";
import { formatJson, formatRecords, formatText } from "./record_format.ts";

const consume = command({
  name: "consume",
  operands: ["TOPIC..."],
  about: "print the records of topics, and new ones as they come",
  options: {
    "from-beginning": { kind: "flag", about: "begin with the oldest record instead of new ones" },
    offset: { kind: "text", value: "N", about: "begin at this offset; needs --partition" },
    partition: { kind: "number", value: "N", about: "read one partition only" },
    group: { kind: "text", value: "NAME", about: "share the partitions in a group, and commit" },
    "max-messages": { kind: "number", value: "N", about: "stop after so many records" },
    "timeout-ms": { kind: "number", value: "MS", about: "stop when nothing comes for so long" },
    format: { kind: "text", value: "text|json", about: "json prints all of a record, one a line" },
    keys: { kind: "flag", about: "print the key and a tab before the value" },
    ...brokerOptions,
  },
  examples: [
    ["consume orders --from-beginning", "all there is, then what comes; end with Ctrl-C"],
    ["consume orders --from-beginning --timeout-ms 1000 --format json", "what there is, as JSON"],
    ["consume orders --group billing", "as a member of a group: start it twice to share"],
    ["consume orders --partition 0 --offset 41 --max-messages 1", "one record"],
  ],
  run: (context, { operands, options }) => {
    const { format = "text", group, partition, offset } = options;
    const refuse = (reason: string) => new ArgumentFault(`${reason}\n${seeHelp("consume")}`);
    if (format !== "text" && format !== "json") {
      throw refuse(`--format takes text or json, not "${format}"`);
    }
    if (group !== undefined && (partition ?? offset) !== undefined) {
      throw refuse("a group shares the partitions itself: drop --partition and --offset");
    }
    if (offset !== undefined && partition === undefined) {
      throw refuse("--offset needs --partition N: each partition counts for itself");
    }
    const at = startOf(offset, options["from-beginning"]);
    if (at === undefined) throw refuse(`--offset takes a number, not "${offset}"`);
    const forTerminal = context.runtime.process.stdoutIsTerminal;
    return withClient(context, options, async (client) => {
      for (const name of operands) {
        await describeTopic(client, name).catch((error) => onUnknownTopic(error, name));
      }
      const consumer = new Consumer(client, {
        groupId: group,
        autoOffsetReset: options["from-beginning"] ? "earliest" : "latest",
        allowAutoCreateTopics: false,
        onTrouble: (trouble) => {
          context.note(
            trouble === null
              ? "Reading again."
              : `Nothing can be read for now: ${messageOf(trouble)}. Trying again.`,
          );
        },
      });
      if (group === undefined) {
        const chosen = await partitionsOf(client, { topics: operands, partition, at });
        consumer.assign(
          typeof at === "number" ? await withinLogs(context, { client, chosen, at }) : chosen,
        );
      } else consumer.subscribe(operands);
      return await printRecords(context, consumer, {
        recordsMax: options["max-messages"] ?? Infinity,
        idleMsMax: options["timeout-ms"] ?? Infinity,
        topics: operands,
        print: format === "json"
          ? formatJson
          : (record) => formatText(record, { withKey: options.keys, forTerminal }),
      });
    });
  },
});

export const commands = [consume];

function startOf(
  offset: string | undefined,
  fromBeginning: boolean,
): number | OffsetSpec | undefined {
  if (offset === undefined) return fromBeginning ? "earliest" : "latest";
  const exact = /^\d/.test(offset) ? parseInt64(offset) : undefined;
  return exact === undefined ? undefined : saturated(exact);
}

async function partitionsOf(
  client: Client,
  of: { topics: readonly string[]; partition?: number; at: number | OffsetSpec },
) {
  const found = [];
  for (const name of of.topics) {
    const { partitions } = await client.topic(name);
    const { partition = -1 } = of;
    if (partition >= partitions.length || of.partition !== undefined && partition < 0) {
      throw noPartition(name, { partition, count: partitions.length });
    }
    for (const each of partitions) {
      if (of.partition !== undefined && each.partition !== of.partition) continue;
      found.push({ topic: name, partition: each.partition, at: of.at });
    }
  }
  return found;
}

/** The partitions at `at`, or at the end that is nearer where they have no such offset. */
async function withinLogs(
  context: CliContext,
  of: { client: Client; chosen: readonly TopicPartition[]; at: number },
) {
  const { client, chosen, at } = of;
  const ranges = await listRanges(client, chosen);
  return ranges.map(({ topic, partition, first, end }) => {
    const name = `${topic}-${partition}`;
    if (at < first) context.note(`${name} begins at offset ${first}: reading from there.`);
    if (at > end) context.note(`${name} ends at offset ${end}: waiting for what comes next.`);
    return { topic, partition, at: Math.min(Math.max(at, first), end) };
  });
}

async function printRecords(
  context: CliContext,
  consumer: Consumer,
  options: {
    topics: readonly string[];
    recordsMax: number;
    idleMsMax: number;
    print: (record: ConsumerRecord) => string;
  },
): Promise<number> {
  const { clock } = context.runtime;
  let isInterrupted = false;
  const stop = onInterrupt(context, () => {
    isInterrupted = true;
    consumer.close();
  });
  try {
    let printed = 0;
    let isWaiting = false;
    let lastMs = clock.monotonic();
    while (!isInterrupted && printed < options.recordsMax) {
      const leftMs = options.idleMsMax - (clock.monotonic() - lastMs);
      if (leftMs <= 0) break;
      const records = await consumer.poll({
        timeoutMs: Math.min(leftMs, 1000),
        recordsMax: Math.min(500, options.recordsMax - printed),
      });
      if (records.length === 0) {
        // With --timeout-ms it ends by itself, soon.
        const isPatient = options.idleMsMax === Infinity;
        if (isPatient && !isWaiting) {
          context.note(`Waiting for records of ${options.topics.join(", ")}.`);
        }
        isWaiting = true;
        continue;
      }
      context.out(formatRecords(records, options.print));
      printed += records.length;
      lastMs = clock.monotonic();
    }
    return exitCode.ok;
  } finally {
    await consumer.close();
    stop();
  }
}
