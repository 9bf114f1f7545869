// `ottla consume`: prints records as they come, of whole topics, one partition, or in a group
// (consume_shared.ts: in a share group).
//
//   topics, partitions --from--> [ position ... --until--> ] --match--> printed
//
// Where `--until` is not given it goes on for ever; where it is, it ends with the last partition
// that gets there.

import { messageOf } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import {
  type Client,
  Consumer,
  type ConsumerRecord,
  type TopicPartition,
  type TopicPartitionOffset,
} from "../../client/mod.ts";
import { ArgumentFault, command, type Values } from "../arguments.ts";
import { brokerOptions, withClient } from "../broker_client.ts";
import {
  type Acknowledgement,
  acknowledgementOf,
  printShared,
  shareOptions,
  tellRead,
} from "./consume_shared.ts";
import { type CliContext, exitCode, onEnough } from "../context.ts";
import { partitionsOf, topicsNamed } from "../named_topics.ts";
import { offsetsAt, type Place, placeOf, placeWords } from "./places.ts";
import { filterOf, filterOptions, type RecordFilter } from "./record_filter.ts";
import { RecordDecoder } from "../schemas/record_decoding.ts";
import { registryOf, registryOptions } from "../schemas/registry.ts";
import { type RecordsFormat, recordsFormat, templateWords } from "./record_format.ts";

const options = {
  "from-beginning": { kind: "flag", about: "begin with the oldest record instead of new ones" },
  from: {
    kind: "text",
    value: "PLACE",
    short: "o",
    also: ["offset"],
    about: `begin there: ${placeWords}`,
  },
  until: {
    kind: "text",
    value: "PLACE",
    about: "end there; latest: with what is there by now",
  },
  partition: { kind: "number", value: "N", short: "p", about: "read one partition only" },
  group: {
    kind: "text",
    value: "NAME",
    short: "g",
    about: "share the partitions in a group, and commit",
  },
  ...shareOptions,
  "max-messages": {
    kind: "number",
    value: "N",
    short: "n",
    also: ["num", "count"],
    about: "stop after so many records",
  },
  "timeout-ms": { kind: "number", value: "MS", about: "stop when nothing comes for so long" },
  ...filterOptions,
  ...registryOptions,
  "isolation-level": {
    kind: "text",
    value: "LEVEL",
    also: ["isolation"],
    about: "read_committed leaves out what was not committed (default read_uncommitted)",
  },
  format: {
    kind: "text",
    value: "FORMAT",
    short: "f",
    about: `text, json, raw, or a template of ${templateWords}`,
  },
  keys: { kind: "flag", about: "print the key and a tab before the value" },
  ...brokerOptions,
} as const;

/** What is to be read, and how it is printed. */
interface Reading {
  readonly words: readonly string[];
  readonly group: string | undefined;
  /** As a member of this share group, saying that of each record. */
  readonly shared: { readonly groupId: string; readonly says: Acknowledgement } | undefined;
  readonly partition: number | undefined;
  readonly from: Place;
  readonly until: Place | undefined;
  readonly readCommitted: boolean;
  readonly recordsMax: number;
  readonly idleMsMax: number;
  readonly isWanted: RecordFilter | undefined;
  /** What decodes keys and values by their schemas; undefined: they are printed as they are. */
  readonly decoder: RecordDecoder | undefined;
  readonly format: RecordsFormat;
}

const consume = command({
  name: "consume",
  operands: ["TOPIC..."],
  about: "print the records of topics, and new ones as they come",
  options,
  operandOptions: ["topic", "topics"],
  examples: [
    ["consume orders --from-beginning", "all there is, then what comes; end with Ctrl-C"],
    ["consume orders --from earliest --until latest --format json", "what there is, as JSON"],
    ["consume orders 'bills-*' --from '5m ago' --format '%D %t %k %v'", "several, since then"],
    ["consume orders --from -5 --match-json status=paid", "among the last five, those paid"],
    ["consume orders --group billing", "as a member of a group: start it twice to share"],
    ["consume jobs --share-group workers --max-messages 1", "one job that nobody else gets"],
    ["consume orders --partition 0 --from 41 --max-messages 1", "one record"],
    ["consume orders --schema-registry http://localhost:8081", "Avro and JSON Schema as JSON"],
  ],
  run: (context, { operands, options }) => {
    const reading = readingOf(context, operands, options);
    return withClient(context, options, async (client) => {
      const topics = await topicsNamed(client, reading.words);
      const partitions: TopicPartition[] = [];
      for (const topic of topics) {
        partitions.push(...await partitionsOf(client, { topic, partition: reading.partition }));
      }
      const { shared } = reading;
      if (shared !== undefined) {
        const { groupId, says: acknowledgement } = shared;
        return await printShared(context, client, { ...reading, groupId, topics, acknowledgement });
      }
      const consumer = new Consumer(client, {
        groupId: reading.group,
        autoOffsetReset: options["from-beginning"] ? "earliest" : "latest",
        allowAutoCreateTopics: false,
        readCommitted: reading.readCommitted,
        onTrouble: (trouble) => {
          context.note(
            trouble === null
              ? "Reading again."
              : `Nothing can be read for now: ${messageOf(trouble)}. Trying again.`,
          );
        },
      });
      let ends: readonly TopicPartitionOffset[] | undefined;
      if (reading.group === undefined) {
        ends = await assign(context, { client, consumer, partitions, reading });
      } else consumer.subscribe(topics);
      return await printRecords(context, { consumer, topics, ends, reading });
    });
  },
});

export const commands = [consume];

/** What the options ask for. Throws ArgumentFault where they contradict each other. */
function readingOf(
  context: CliContext,
  words: readonly string[],
  given: Values<typeof options>,
): Reading {
  const { group, partition, from, until, format = "text" } = given;
  if (group !== undefined && (partition ?? from ?? until) !== undefined) {
    throw new ArgumentFault(
      "a group shares the partitions itself: drop --partition, --from and --until",
    );
  }
  const sharing = given["share-group"];
  const acknowledgement = acknowledgementOf(given);
  if (sharing !== undefined) checkShared(given);
  if (from !== undefined && given["from-beginning"]) {
    throw new ArgumentFault("give --from or --from-beginning, not both");
  }
  const nowMs = context.runtime.clock.now();
  const place = (option: string, text: string) => {
    const found = placeOf(text, nowMs);
    if (found !== undefined) return found;
    throw new ArgumentFault(`--${option} takes ${placeWords}, not "${text}"`);
  };
  const isolation = given["isolation-level"]?.toLowerCase().replace("-", "_");
  if (isolation !== undefined && !/^read_(un)?committed$/.test(isolation)) {
    throw new ArgumentFault(
      `--isolation-level takes read_committed or read_uncommitted, not "${isolation}"`,
    );
  }
  const forTerminal = context.runtime.process.stdoutIsTerminal;
  return {
    words,
    group,
    shared: sharing === undefined || acknowledgement === undefined
      ? undefined
      : { groupId: sharing, says: acknowledgement },
    partition,
    from: from === undefined
      ? given["from-beginning"] ? "earliest" : "latest"
      : place("from", from),
    until: until === undefined ? undefined : place("until", until),
    readCommitted: isolation === "read_committed",
    recordsMax: given["max-messages"] ?? Infinity,
    idleMsMax: given["timeout-ms"] ?? Infinity,
    isWanted: filterOf(given),
    decoder: decoderOf(context, given),
    format: recordsFormat(format, { withKey: given.keys, forTerminal }),
  };
}

/** What decodes by the registry that options name. Throws ArgumentFault, or UsageFault. */
function decoderOf(
  context: CliContext,
  given: Values<typeof options>,
): RecordDecoder | undefined {
  const isRaw = given.format === "raw";
  if (isRaw && given["schema-registry"] !== undefined) {
    throw new ArgumentFault("--format raw prints the bytes as they are: drop --schema-registry");
  }
  const registry = isRaw ? undefined : registryOf(context, given);
  return registry && new RecordDecoder(registry);
}

/** What a share group leaves no room for. */
function checkShared(given: Values<typeof options>): void {
  const { "share-group": name, group, partition, from, until } = given;
  if ((group ?? partition ?? from ?? until ?? given["isolation-level"]) !== undefined) {
    throw new ArgumentFault(
      "the brokers say what a share group reads: drop --group, --partition, --from, --until and " +
        "--isolation-level",
    );
  }
  if (given["from-beginning"]) {
    throw new ArgumentFault(
      "where a share group begins is one of its configs: ottla configs alter --group " +
        `${name} --set share.auto.offset.reset=earliest`,
    );
  }
  if (filterOf(given) !== undefined) {
    throw new ArgumentFault(
      "what a filter left out would be lost for the share group: drop --match-…",
    );
  }
}

/** Has the consumer read from where it is to begin; returns where to end, if anywhere. */
async function assign(
  context: CliContext,
  to: {
    readonly client: Client;
    readonly consumer: Consumer;
    readonly partitions: readonly TopicPartition[];
    readonly reading: Reading;
  },
): Promise<readonly TopicPartitionOffset[] | undefined> {
  const { client, consumer, partitions, reading: { from, until } } = to;
  const ends = until === undefined
    ? undefined
    : await offsetsAt(context, { client, partitions, place: until });
  // New records are those after the consumer is ready, which it finds out itself.
  if (from === "latest" || from === "earliest") {
    consumer.assign(partitions.map((each) => ({ ...each, at: from })));
  } else {
    const starts = await offsetsAt(context, { client, partitions, place: from });
    consumer.assign(starts.map(({ offset, ...each }) => ({ ...each, at: offset })));
  }
  return ends;
}

async function printRecords(
  context: CliContext,
  to: {
    readonly consumer: Consumer;
    readonly topics: readonly string[];
    readonly ends: readonly TopicPartitionOffset[] | undefined;
    readonly reading: Reading;
  },
): Promise<number> {
  const { consumer, topics, ends, reading } = to;
  const { recordsMax, idleMsMax, isWanted, decoder, format: formatRecords } = reading;
  const { clock } = context.runtime;
  const isDue = dueBefore(ends);
  let pending = ends;
  let isEnough = false;
  let isUnread = false;
  const stop = onEnough(context, (why) => {
    isEnough = true;
    isUnread = why === "unread";
    consumer.close();
  });
  let printed = 0;
  try {
    let isWaiting = false;
    let lastMs = clock.monotonic();
    while (!isEnough && printed < recordsMax && pending?.length !== 0) {
      const leftMs = idleMsMax - (clock.monotonic() - lastMs);
      if (leftMs <= 0) break;
      // What a filter drops counts for nothing, so it may take many to print one.
      const wantedMax = isWanted === undefined ? recordsMax - printed : Infinity;
      const records = await consumer.poll({
        timeoutMs: Math.min(leftMs, 1000),
        recordsMax: Math.min(500, wantedMax),
      });
      pending = pending?.filter((end) => (consumer.position(end) ?? -1) < end.offset);
      if (records.length === 0) {
        // With --timeout-ms or --until it ends by itself, soon.
        const isPatient = idleMsMax === Infinity && ends === undefined;
        if (isPatient && !isWaiting) context.note(`Waiting for records of ${topics.join(", ")}.`);
        isWaiting = true;
        continue;
      }
      lastMs = clock.monotonic();
      const due = records.filter(isDue);
      const decoded = await decoder?.decode(due) ?? due;
      const wanted = decoded.filter((record) => isWanted?.(record) ?? true)
        .slice(0, recordsMax - printed);
      if (wanted.length > 0) context.out(formatRecords(wanted));
      printed += wanted.length;
    }
  } finally {
    await consumer.close();
    stop();
  }
  if (!isUnread) tellRead(context, { printed, decoder });
  return exitCode.ok;
}

/** Whether a record comes before the end of its partition. */
function dueBefore(
  ends: readonly TopicPartitionOffset[] | undefined,
): (record: ConsumerRecord) => boolean {
  if (ends === undefined) return () => true;
  const byName = new Map<string, Offset>();
  for (const { topic, partition, offset } of ends) {
    byName.set(`${topic}-${partition}`, Number(offset));
  }
  return ({ topic, partition, offset }) =>
    offset < (byName.get(`${topic}-${partition}`) ?? Infinity);
}
