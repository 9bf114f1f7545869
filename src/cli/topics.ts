// `ottla topics`: list, describe, create, delete, alter, grow, trim. Patterns may stand for several
// topics.

import { UsageFault } from "../base/faults.ts";
import { escaped } from "../base/visible.ts";
import {
  alterConfigs,
  type Client,
  createPartitions,
  createTopic,
  deleteTopic,
  describeConfigs,
  describeTopic,
  listRanges,
  listTopics,
  loadRecordAdmin,
} from "../client/mod.ts";
import { ArgumentFault, command, jsonOption } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { type CliContext, exitCode } from "./context.ts";
import { eachOf, isKafkaError, onUnknownTopic } from "./failures.ts";
import { globMatcher, isGlob } from "./globs.ts";
import { partitionsOf, topicsNamed } from "./named_topics.ts";
import { pairsOf } from "./pairs.ts";
import { offsetsAt, placeOf, placeWords } from "./records/places.ts";
import { renderJson, renderTable } from "./table.ts";

const list = command({
  name: "topics list",
  operands: ["[TOPIC...]"],
  about: "list the topics, all or those named",
  options: {
    internal: { kind: "flag", about: "include Kafka's own, such as __consumer_offsets" },
    "under-replicated": {
      kind: "flag",
      also: ["under-replicated-partitions"],
      about: "only those with a replica that is not in sync",
    },
    ...jsonOption,
    ...brokerOptions,
  },
  operandOptions: ["topic"],
  examples: [
    ["topics list", "the topics of the broker on this machine"],
    ["topics list 'orders-*'", "those whose names begin so"],
    ["topics list --json --bootstrap kafka:9092", "those of another, for a program"],
  ],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const isNamed = matcherOf(operands);
      const named = (await listTopics(client)).filter(({ name, isInternal }) =>
        isNamed(name) && (options.internal || !isInternal || operands.includes(name))
      );
      const topics = options["under-replicated"] ? named.filter(isUnderReplicated) : named;
      const rows = topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.length,
        replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
        id: topic.id,
      }));
      if (options.json) context.out(renderJson(rows));
      else if (rows.length > 0) {
        const header = ["name", "partitions", "replicas", "id"];
        context.out(renderTable(header, rows.map((row) => Object.values(row))));
      } else if (named.length > 0) context.note("All replicas are in sync.");
      else if (operands.length > 0) context.note(`No topic is like ${operands.join(", ")}.`);
      else context.note("There are no topics. Create one with: ottla topics create NAME");
      return exitCode.ok;
    }),
});

/** Whether some broker that is to have a partition has fallen behind, or is away. */
function isUnderReplicated(topic: ListedTopic): boolean {
  return topic.partitions.some(({ replicas, isr }) => isr.length < replicas.length);
}

type ListedTopic = Awaited<ReturnType<typeof listTopics>>[number];

/** Whether a name is among `words`, names and patterns; without any it is. */
function matcherOf(words: readonly string[]): (name: string) => boolean {
  if (words.length === 0) return () => true;
  const matchers = words.map(globMatcher);
  return (name) => matchers.some((isLike) => isLike(name));
}

const describe = command({
  name: "topics describe",
  operands: ["TOPIC..."],
  about: "show topics' partitions, offsets and configs",
  options: {
    configs: { kind: "flag", about: "show every config, not just those set on the topic" },
    ...jsonOption,
    ...brokerOptions,
  },
  operandOptions: ["topic"],
  examples: [["topics describe orders", "leaders, offsets and what was configured"]],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const names = await topicsNamed(client, operands);
      const described: DescribedTopic[] = [];
      for (const name of names) described.push(await describeWhole(client, name, options.configs));
      const [only] = described;
      // One that was asked for by its name alone has always been an object.
      const isOne = operands.length === 1 && !operands.some(isGlob);
      if (options.json) context.out(renderJson(isOne ? only : described));
      else described.forEach((each, i) => printDescribed(context, each, i === 0));
      return exitCode.ok;
    }),
});

type DescribedTopic = Awaited<ReturnType<typeof describeWhole>>;

function printDescribed(context: CliContext, described: DescribedTopic, isFirst: boolean): void {
  const { name, id, partitions, configs } = described;
  context.out((isFirst ? "" : "\n") + escaped(`Topic ${name}, id ${id}`) + "\n\n");
  const header = ["partition", "leader", "replicas", "isr", "first offset", "end offset"];
  context.out(renderTable(
    header,
    partitions.map((each) => [
      each.partition,
      each.leader < 0 ? "none" : each.leader,
      each.replicas.join(","),
      each.isr.join(","),
      each.firstOffset,
      each.endOffset,
    ]),
  ));
  if (configs.length === 0) return;
  const rows = configs.map((each) => [each.name, each.value ?? "", each.source]);
  context.out("\n" + renderTable(["config", "value", "from"], rows));
}

async function describeWhole(client: Client, name: string, allConfigs: boolean) {
  const topic = await describeTopic(client, name).catch((error) => onUnknownTopic(error, name));
  const partitions = topic.partitions.map((each) => ({ topic: name, ...each }));
  const ranges = await listRanges(client, partitions);
  const configs = (await describeConfigs(client, { topic: name }))
    .filter((each) => allConfigs || each.source === "topic");
  return {
    name,
    id: topic.id,
    partitions: ranges.map(({ topic: _, first: firstOffset, end: endOffset, ...each }) => ({
      ...each,
      firstOffset,
      endOffset,
    })),
    configs,
  };
}

/** A topic's own configs; on the way to a broker the same option may name a file of keys. */
const configOption = {
  kind: "list",
  value: "KEY=VALUE",
  about: "a topic config; without =, a file of Kafka's client keys",
} as const;

/** The configs among what `--config` was given, and the file, if any. */
function configsOf(
  words: readonly string[],
): { configs: Record<string, string>; file: string | undefined } {
  const [file] = words.filter((each) => !each.includes("="));
  const given = words.filter((each) => each !== file);
  return { configs: Object.fromEntries(pairsOf(given, "config")), file };
}

const create = command({
  name: "topics create",
  operands: ["TOPIC..."],
  about: "create topics",
  options: {
    partitions: {
      kind: "number",
      value: "N",
      short: "p",
      about: "default: the broker's num.partitions",
    },
    replicas: {
      kind: "number",
      value: "N",
      short: "r",
      also: ["replication-factor"],
      about: "default: the broker's default.replication.factor",
    },
    assign: {
      kind: "text",
      value: "1:2,2:3",
      also: ["replica-assignment"],
      about: "the brokers of each partition, instead of how many; the first one leads",
    },
    "if-missing": {
      kind: "flag",
      also: ["if-not-exists"],
      about: "succeed when the topic is there already",
    },
    ...brokerOptions,
    config: configOption,
  },
  operandOptions: ["topic"],
  examples: [
    ["topics create orders --partitions 6", "six partitions"],
    ["topics create orders --assign 1:2,2:3", "one on the brokers 1 and 2, one on 2 and 3"],
    [
      "topics create audit --config retention.ms=86400000 --config cleanup.policy=delete",
      "kept for a day",
    ],
  ],
  run: (context, { operands, options }) => {
    const { configs, file } = configsOf(options.config);
    const { partitions, replicas, assign } = options;
    if (assign !== undefined && (partitions ?? replicas) !== undefined) {
      throw new ArgumentFault("--assign says how many: drop --partitions and --replicas");
    }
    const assignments = assign === undefined ? undefined : assignmentsIn(assign);
    return withClient(
      context,
      { ...options, config: file },
      (client) =>
        eachOf(context, operands, async (name) => {
          try {
            await createTopic(client, {
              name,
              partitions,
              replicationFactor: replicas,
              assignments,
              configs,
            });
          } catch (error) {
            const exists = isKafkaError(error, "TOPIC_ALREADY_EXISTS");
            if (!exists || !options["if-missing"]) throw error;
            return context.note(`Topic ${name} is there already.`);
          }
          context.note(`Created topic ${name}.`);
        }),
    );
  },
});

/** The brokers of each partition in `1:2,2:3`, as Kafka's tools write it. */
function assignmentsIn(text: string): number[][] {
  if (!/^\d{1,9}(:\d{1,9})*(,\d{1,9}(:\d{1,9})*)*$/.test(text)) {
    throw new ArgumentFault(`--assign takes brokers as in 1:2,2:3, not "${text}"`);
  }
  return text.split(",").map((brokers) => brokers.split(":").map(Number));
}

const remove = command({
  name: "topics delete",
  operands: ["TOPIC..."],
  about: "delete topics with all their records",
  options: {
    yes: { kind: "flag", short: "y", about: "delete what patterns stand for, not only show it" },
    ...brokerOptions,
  },
  operandOptions: ["topic"],
  examples: [
    ["topics delete orders", "delete one topic"],
    ["topics delete 'test-*' --yes", "all whose names begin so"],
  ],
  run: (context, { operands, options }) =>
    withClient(context, options, async (client) => {
      const names = await topicsNamed(client, operands);
      if (operands.some(isGlob) && !options.yes) {
        context.out(renderTable(["name"], names.map((name) => [name])));
        context.note("Nothing was deleted. Delete these with --yes.");
        return exitCode.failed;
      }
      return await eachOf(context, names, async (name) => {
        await deleteTopic(client, name).catch((error) => {
          if (!isKafkaError(error, "UNKNOWN_TOPIC_OR_PARTITION")) throw error;
          throw new UsageFault(`there is no topic ${name}. See: ottla topics list`);
        });
        context.note(`Deleted topic ${name}.`);
      });
    }),
});

const partitionCountOption = {
  partitions: {
    kind: "number",
    value: "N",
    short: "p",
    also: ["num"],
    about: "the new count, more than there are",
  },
} as const;

const alter = command({
  name: "topics alter",
  operands: ["TOPIC..."],
  about: "change configs of topics, or give them more partitions",
  options: {
    unset: {
      kind: "list",
      value: "KEY",
      also: ["delete-config"],
      about: "back to what holds for every topic",
    },
    ...partitionCountOption,
    ...brokerOptions,
    config: { ...configOption, also: ["set", "add-config"] },
  },
  operandOptions: ["topic", "entity-name"],
  examples: [
    ["topics alter orders --config retention.ms=86400000", "kept for a day from now on"],
    ["topics alter 'orders-*' --unset retention.ms", "as long as any other topic"],
    ["topics alter orders --partitions 12", "grow to twelve"],
  ],
  run: (context, { operands, options }) => {
    const { partitions, unset } = options;
    const { configs, file } = configsOf(options.config);
    const changed = [...Object.keys(configs), ...unset];
    if (partitions === undefined && changed.length === 0) {
      const ways = "--config KEY=VALUE, --unset KEY or --partitions N";
      throw new ArgumentFault(`say what: ${ways}`);
    }
    return withClient(context, { ...options, config: file }, async (client) => {
      const names = await topicsNamed(client, operands);
      return await eachOf(context, names, async (name) => {
        if (changed.length > 0) {
          await alterConfigs(client, { topic: name }, { set: configs, unset })
            .catch((error) => onUnknownTopic(error, name));
          context.note(`Topic ${name} has other configs: ${changed.join(", ")}.`);
        }
        if (partitions !== undefined) await grow(context, { client, name, partitions });
      });
    });
  },
});

const addPartitions = command({
  name: "topics add-partitions",
  operands: ["TOPIC..."],
  about: "give topics more partitions",
  options: { ...partitionCountOption, ...brokerOptions },
  operandOptions: ["topic"],
  examples: [["topics add-partitions orders --partitions 12", "grow to twelve"]],
  run: (context, { operands, options }) => {
    const { partitions } = options;
    if (partitions === undefined) {
      throw new ArgumentFault("say how many: --partitions N");
    }
    return withClient(context, options, async (client) => {
      const names = await topicsNamed(client, operands);
      return await eachOf(context, names, (name) => grow(context, { client, name, partitions }));
    });
  },
});

async function grow(
  context: CliContext,
  of: { client: Client; name: string; partitions: number },
): Promise<void> {
  const { client, name, partitions } = of;
  await createPartitions(client, { topic: name, count: partitions })
    .catch((error) => onUnknownTopic(error, name));
  context.note(`Topic ${name} has ${partitions} partitions. New keys may go elsewhere.`);
}

const trim = command({
  name: "topics trim",
  operands: ["TOPIC"],
  about: "delete the records before a place",
  options: {
    to: {
      kind: "text",
      value: "PLACE",
      also: ["offset", "before"],
      about: `the first record to keep: ${placeWords}`,
    },
    partition: { kind: "number", value: "N", short: "p", about: "one partition; default all" },
    yes: { kind: "flag", short: "y", about: "delete them, do not only show how many" },
    ...jsonOption,
    ...brokerOptions,
  },
  operandOptions: ["topic"],
  examples: [
    ["topics trim orders --to '7d ago'", "how many records would go"],
    ["topics trim orders --to latest --yes", "empty a topic, keep it"],
  ],
  run: (context, { operands: [topic], options }) => {
    const { to, yes } = options;
    if (to === undefined) throw new ArgumentFault("say up to where: --to PLACE");
    const place = placeOf(to, context.runtime.clock.now());
    if (place === undefined) throw new ArgumentFault(`--to takes ${placeWords}, not "${to}"`);
    return withClient(context, options, async (client) => {
      const partitions = await partitionsOf(client, { topic, partition: options.partition });
      const ranges = await listRanges(client, partitions);
      const places = await offsetsAt(context, { client, partitions, place });
      const rows = ranges.map(({ partition, first }, i) => {
        const offset = places[i]?.offset ?? first;
        return { topic, partition, first, to: offset, records: offset - first };
      });
      if (yes) await (await loadRecordAdmin()).deleteRecords(client, places);
      if (options.json) context.out(renderJson(rows));
      else {
        const header = ["topic", "partition", "first", "to", "records"];
        context.out(renderTable(header, rows.map((row) => Object.values(row))));
      }
      if (rows.every(({ records }) => records <= 0)) context.note("There is nothing to delete.");
      else if (!yes) context.note("Nothing was deleted. Delete them with --yes.");
      return exitCode.ok;
    });
  },
});

export const commands = [list, describe, create, remove, alter, addPartitions, trim];
