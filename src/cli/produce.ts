// `ottla produce`: each line of standard input becomes a record.

import { PlatformFault } from "../base/faults.ts";
import { type CompressionType, Producer, type ProducerRecord } from "../client/mod.ts";
import { ArgumentFault, command, seeHelp } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { type CliContext, exitCode, onInterrupt } from "./context.ts";
import { isKafkaError, noPartition, onUnknownTopic } from "./failures.ts";
import { pairsOf } from "./pairs.ts";

const compressions: readonly string[] = ["none", "gzip", "snappy", "lz4", "zstd"];
const acksByName: Readonly<Record<string, "all" | 1 | 0>> = { all: "all", "-1": "all", 1: 1, 0: 0 };

const produce = command({
  name: "produce",
  operands: ["TOPIC"],
  about: "send each line of standard input as a record",
  options: {
    "key-separator": { kind: "text", value: "TEXT", about: "what comes before it is the key" },
    header: { kind: "list", value: "KEY=VALUE", about: "a header for every record" },
    partition: { kind: "number", value: "N", about: "the partition, instead of by key" },
    compression: { kind: "text", value: "TYPE", about: "none, gzip, snappy, lz4 or zstd" },
    acks: { kind: "text", value: "0|1|all", about: "whom to wait for (default all)" },
    ...brokerOptions,
  },
  examples: [
    ["produce orders < orders.txt", "a record for each line of a file"],
    ["produce orders --key-separator :", "type `42:paid` for key 42, value paid; end with Ctrl-D"],
    ["produce orders --header source=import --compression zstd", "with a header, compressed"],
  ],
  run: (context, { operands: [topic], options }) => {
    const { compression = "none", acks = "all" } = options;
    if (!compressions.includes(compression)) {
      throw new ArgumentFault(
        `--compression takes ${compressions.join(", ")}, not "${compression}"\n` +
          seeHelp("produce"),
      );
    }
    if (!(acks in acksByName)) {
      throw new ArgumentFault(`--acks takes 0, 1 or all, not "${acks}"\n${seeHelp("produce")}`);
    }
    const headers = pairsOf(options.header, { option: "header", command: "produce" });
    const toRecord = (line: string): ProducerRecord => ({
      topic,
      partition: options.partition,
      headers,
      ...splitKey(line, options["key-separator"]),
    });
    return withClient(context, options, async (client) => {
      const producer = new Producer(client, {
        compression: compression as CompressionType,
        acks: acksByName[acks],
      });
      const failure = await sendLines(context, { producer, topic, toRecord });
      if (failure === undefined) return exitCode.ok;
      const { partition } = options;
      if (partition !== undefined && isKafkaError(failure, "UNKNOWN_TOPIC_OR_PARTITION")) {
        const found = await client.topic(topic).catch((error) => onUnknownTopic(error, topic));
        throw noPartition(topic, { partition, count: found.partitions.length });
      }
      return onUnknownTopic(failure, topic);
    });
  },
});

export const commands = [produce];

/** Sends until the input ends or Ctrl-C comes, and gives what went wrong, if anything did. */
async function sendLines(
  context: CliContext,
  to: { producer: Producer; topic: string; toRecord: (line: string) => ProducerRecord },
): Promise<unknown> {
  const { producer, topic } = to;
  const { process } = context.runtime;
  if (process.stdinIsTerminal) context.note(`Each line goes to ${topic}; end with Ctrl-D.`);
  let sent = 0;
  let failure: unknown;
  const lines = process.stdinLines()[Symbol.asyncIterator]();
  let stop = () => {};
  const interrupted = new Promise<undefined>((resolve) => {
    stop = onInterrupt(context, () => resolve(undefined));
  });
  try {
    while (failure === undefined) {
      const next = await Promise.race([lines.next(), interrupted]);
      if (next === undefined || next.done) break;
      producer.send(to.toRecord(next.value)).then(() => sent++, (error) => failure ??= error);
      await producer.ready();
    }
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    // What came before is sent all the same.
    failure ??= error;
  }
  await producer.close();
  stop();
  context.note(`Sent ${sent} ${sent === 1 ? "record" : "records"} to ${topic}.`);
  return failure;
}

/** Key and value of a line; without the separator in it, the line is the value. */
export function splitKey(
  line: string,
  separator: string | undefined,
): { key: string | null; value: string } {
  const at = separator === undefined ? -1 : line.indexOf(separator);
  if (at < 0 || separator === undefined) return { key: null, value: line };
  return { key: line.slice(0, at), value: line.slice(at + separator.length) };
}
