// `ottla produce`: each line of standard input becomes a record, or each of the files named.

import { PlatformFault, UsageFault } from "../../base/faults.ts";
import { entryOf } from "../../base/items.ts";
import { type Client, Producer, type ProducerRecord } from "../../client/mod.ts";
import { ArgumentFault, command, type Values } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import { compressionIn, compressionOption } from "../compression.ts";
import { type CliContext, exitCode, onInterrupt } from "../context.ts";
import { counted } from "../counted.ts";
import { isKafkaError, noPartition, onUnknownTopic } from "../failures.ts";
import { jsonRecord, type RecordDefaults, textRecord, wholeRecord } from "./input_records.ts";
import { linesOf } from "./lines.ts";
import {
  inTransaction,
  type Outlet,
  plainly,
  transactionOf,
  transactionOptions,
} from "./outlet.ts";
import { pairsOf } from "../pairs.ts";
import { momentOf } from "./places.ts";
import { SendProgress } from "./send_progress.ts";
import { encodingOptions, type InputRecord, RecordEncoder } from "../schemas/record_encoding.ts";
import { readFile } from "../text_file.ts";

const acksByName: Readonly<Record<string, "all" | 1 | 0>> = { all: "all", "-1": "all", 1: 1, 0: 0 };

const options = {
  format: {
    kind: "text",
    value: "text|json",
    short: "f",
    about: "json: lines as consume --format json prints them",
  },
  "key-separator": { kind: "text", value: "TEXT", about: "what comes before it is the key" },
  "record-key": { kind: "text", value: "KEY", short: "k", about: "the key of every record" },
  "null-marker": { kind: "text", value: "TEXT", about: "a key or value that reads so is none" },
  tombstone: { kind: "flag", about: "send one record without a value; needs --record-key" },
  header: { kind: "list", value: "KEY=VALUE", short: "H", about: "a header for every record" },
  timestamp: { kind: "text", value: "TIME", about: "the time of every record: ISO 8601 or @ms" },
  partition: { kind: "number", value: "N", short: "p", about: "the partition, instead of by key" },
  ...compressionOption,
  acks: {
    kind: "text",
    value: "0|1|all",
    also: ["request-required-acks"],
    about: "whom to wait for (default all)",
  },
  ...transactionOptions,
  ...encodingOptions,
  ...brokerOptions,
} as const;

const produce = command({
  name: "produce",
  operands: ["TOPIC", "[FILE...]"],
  about: "send each line of standard input as a record, or each file",
  options,
  operandOptions: ["topic"],
  examples: [
    ["produce orders < orders.txt", "a record for each line of a file"],
    ["produce orders --key-separator :", "type `42:paid` for key 42, value paid; end with Ctrl-D"],
    ["produce orders --header source=import --compression zstd", "with a header, compressed"],
    ["produce copies --format json < orders.json", "what consume --format json has printed"],
    ["produce pictures cat.png dog.png", "a record for each file"],
    ["produce orders --record-key 42 --tombstone", "delete key 42 of a compacted topic"],
    ["produce orders --transactional-id import < orders.txt", "all of the file, or none of it"],
    [
      "produce orders -r http://localhost:8081 --value-schema order.avsc < orders.json",
      "lines of JSON as Avro",
    ],
  ],
  run: async (context, { operands: [topic, ...files], options }) => {
    const { partition } = options;
    const compression = compressionIn(options.compression);
    const acks = acksIn(options.acks);
    const transaction = transactionOf(options, acks);
    const encoder = await RecordEncoder.open(context, { topic, options });
    const records = inputOf(context, { topic, files, options, encoder });
    return await withClient(context, options, async (client) => {
      const producer = new Producer(client, {
        compression,
        acks,
        ...transaction,
      });
      const outlet =
        await (transaction === undefined ? plainly(producer) : inTransaction(producer));
      try {
        await sendAll(context, { producer, outlet, topic, records });
      } catch (error) {
        await explain(error, { client, topic, partition });
        throw error;
      }
      return exitCode.ok;
    });
  },
});

export const commands = [produce];

/** Whom to wait for. Throws ArgumentFault. */
function acksIn(word = "all"): "all" | 1 | 0 {
  const acks = entryOf(acksByName, word);
  if (acks !== undefined) return acks;
  throw new ArgumentFault(`--acks takes 0, 1 or all, not "${word}"`);
}

/** The records that the command line asks for, as they come. Throws ArgumentFault at once. */
function inputOf(
  context: CliContext,
  given: {
    readonly topic: string;
    readonly files: readonly string[];
    readonly options: Values<typeof options>;
    readonly encoder: RecordEncoder;
  },
): AsyncIterable<ProducerRecord> {
  const { topic, files, options, encoder } = given;
  const { format = "text", tombstone } = options;
  const key = options["record-key"];
  if (format !== "text" && format !== "json") {
    throw new ArgumentFault(`--format takes text or json, not "${format}"`);
  }
  if (tombstone && key === undefined) throw new ArgumentFault("--tombstone needs --record-key KEY");
  if (tombstone && files.length > 0) {
    throw new ArgumentFault("a tombstone has no value: name no files");
  }
  if (key !== undefined && options["key-separator"] !== undefined) {
    throw new ArgumentFault("give --record-key or --key-separator, not both");
  }
  const { runtime: { clock } } = context;
  const timestamp = options.timestamp === undefined
    ? undefined
    : momentOf(options.timestamp, clock.now());
  if (options.timestamp !== undefined && timestamp === undefined) {
    throw new ArgumentFault(
      `--timestamp takes ISO 8601, @ms or "5m ago", not "${options.timestamp}"`,
    );
  }
  const headers = pairsOf(options.header, "header");
  const defaults = { topic, partition: options.partition, key, headers, timestamp };
  if (tombstone) return one(wholeRecord(null, defaults), encoder);
  if (files.length > 0) return fileRecords(context, { paths: files, defaults, encoder });
  const form = {
    keySeparator: options["key-separator"],
    nullMarker: options["null-marker"],
  };
  const toRecord = (line: Uint8Array, number: number) =>
    format === "json"
      ? jsonRecord(line, { number, defaults, encoder })
      : textRecord(line, { form, defaults });
  return lineRecords(context, { toRecord, encoder });
}

async function* one(
  record: ProducerRecord,
  encoder: RecordEncoder,
): AsyncGenerator<ProducerRecord> {
  yield await encoder.encode(record, "the tombstone");
}

async function* fileRecords(
  context: CliContext,
  from: {
    readonly paths: readonly string[];
    readonly defaults: RecordDefaults;
    readonly encoder: RecordEncoder;
  },
): AsyncGenerator<ProducerRecord> {
  const { paths, defaults, encoder } = from;
  for (const path of paths) {
    const content = readFile(context.runtime.files, { path, option: "" });
    yield await encoder.encode(wholeRecord(content, defaults), path);
  }
}

async function* lineRecords(
  context: CliContext,
  { toRecord, encoder }: {
    readonly toRecord: (line: Uint8Array, number: number) => InputRecord;
    readonly encoder: RecordEncoder;
  },
): AsyncGenerator<ProducerRecord> {
  const { process } = context.runtime;
  if (process.stdinIsTerminal) context.note("Each line is a record; end with Ctrl-D.");
  let number = 0;
  for await (const line of linesOf(process.stdin())) {
    const record = toRecord(line, ++number);
    yield encoder.isNeeded ? await encoder.encode(record, `line ${number}`) : record;
  }
}

/** Sends until the input ends or Ctrl-C comes, and throws what went wrong, if anything did. */
async function sendAll(
  context: CliContext,
  to: {
    readonly producer: Producer;
    readonly outlet: Outlet;
    readonly topic: string;
    readonly records: AsyncIterable<ProducerRecord>;
  },
): Promise<void> {
  const { producer, outlet, topic } = to;
  const progress = new SendProgress(context, () => producer.trouble);
  let failure: unknown;
  const records = to.records[Symbol.asyncIterator]();
  let stop = () => {};
  const interrupted = new Promise<undefined>((resolve) => {
    stop = onInterrupt(context, () => {
      const { underWay } = progress;
      if (underWay > 0) {
        context.note(`Waiting for ${counted(underWay, "record")}; Ctrl-C again waits no longer.`);
      }
      resolve(undefined);
    });
  });
  try {
    while (failure === undefined) {
      const next = await Promise.race([records.next(), interrupted]);
      if (next === undefined && outlet.isTransaction) {
        failure ??= new UsageFault("stopped before the end of the input");
      }
      if (next === undefined || next.done) break;
      progress.follow(outlet.send(next.value), (error) => failure ??= error);
      await producer.ready();
    }
  } catch (error) {
    if (!(error instanceof PlatformFault || error instanceof UsageFault)) throw error;
    // What came before is sent all the same.
    failure ??= error;
  }
  try {
    await outlet.end(failure);
    const { sent } = progress;
    context.note(sentWords({ sent, topic, isTransaction: outlet.isTransaction, failure }));
  } finally {
    progress.end();
    stop();
  }
  if (failure !== undefined) throw failure;
}

function sentWords(
  of: { sent: number; topic: string; isTransaction: boolean; failure: unknown },
): string {
  const { sent, topic, isTransaction, failure } = of;
  const records = counted(sent, "record");
  if (!isTransaction) return `Sent ${records} to ${topic}.`;
  return failure === undefined
    ? `Sent ${records} to ${topic}, in one transaction.`
    : "The transaction is aborted: nobody who reads committed records sees any of it.";
}

/** Throws what went wrong in the words of the command line, where it has some for it. */
async function explain(
  failure: unknown,
  at: { client: Client; topic: string; partition: number | undefined },
): Promise<void> {
  const { client, topic, partition } = at;
  if (!isKafkaError(failure, "UNKNOWN_TOPIC_OR_PARTITION")) return;
  const found = await client.topic(topic).catch((error) => onUnknownTopic(error, topic));
  const count = found.partitions.length;
  // Else a line of JSON names one, and the client has said which.
  if (partition !== undefined) throw noPartition(topic, { partition, count });
}
