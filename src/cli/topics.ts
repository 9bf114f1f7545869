// `ottla topics`: list, describe, create, delete, grow.

import { UsageFault } from "../base/faults.ts";
import { escaped } from "../base/visible.ts";
import {
  type Client,
  createPartitions,
  createTopic,
  deleteTopic,
  describeConfigs,
  describeTopic,
  listRanges,
  listTopics,
} from "../client/mod.ts";
import { ArgumentFault, command, jsonOption, seeHelp } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { eachOf, isKafkaError, onUnknownTopic } from "./failures.ts";
import { pairsOf } from "./pairs.ts";
import { renderJson, renderTable } from "./table.ts";

const list = command({
  name: "topics list",
  operands: [],
  about: "list the topics",
  options: {
    internal: { kind: "flag", about: "include Kafka's own, such as __consumer_offsets" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["topics list", "the topics of the broker on this machine"],
    ["topics list --json --bootstrap kafka:9092", "those of another, for a program"],
  ],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const topics = (await listTopics(client)).filter((each) =>
        options.internal || !each.isInternal
      );
      const rows = topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.length,
        replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
        id: topic.id,
      }));
      if (options.json) context.out(renderJson(rows));
      else if (rows.length === 0) {
        context.note("There are no topics. Create one with: ottla topics create NAME");
      } else {
        const header = ["name", "partitions", "replicas", "id"];
        context.out(renderTable(header, rows.map((row) => Object.values(row))));
      }
      return exitCode.ok;
    }),
});

const describe = command({
  name: "topics describe",
  operands: ["TOPIC"],
  about: "show a topic's partitions, offsets and configs",
  options: {
    configs: { kind: "flag", about: "show every config, not just those set on the topic" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [["topics describe orders", "leaders, offsets and what was configured"]],
  run: (context, { operands: [name], options }) =>
    withClient(context, options, async (client) => {
      const described = await describeWhole(client, name, options.configs);
      if (options.json) {
        context.out(renderJson(described));
        return exitCode.ok;
      }
      context.out(`${escaped(`Topic ${name}, id ${described.id}`)}\n\n`);
      const header = ["partition", "leader", "replicas", "isr", "first offset", "end offset"];
      context.out(renderTable(
        header,
        described.partitions.map((each) => [
          each.partition,
          each.leader < 0 ? "none" : each.leader,
          each.replicas.join(","),
          each.isr.join(","),
          each.firstOffset,
          each.endOffset,
        ]),
      ));
      if (described.configs.length > 0) {
        const rows = described.configs.map((each) => [each.name, each.value ?? "", each.source]);
        context.out("\n" + renderTable(["config", "value", "from"], rows));
      }
      return exitCode.ok;
    }),
});

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

const create = command({
  name: "topics create",
  operands: ["TOPIC"],
  about: "create a topic",
  options: {
    partitions: { kind: "number", value: "N", about: "default: the broker's num.partitions" },
    replicas: {
      kind: "number",
      value: "N",
      about: "default: the broker's default.replication.factor",
    },
    "if-missing": { kind: "flag", about: "succeed when the topic is there already" },
    ...brokerOptions,
    config: {
      kind: "list",
      value: "KEY=VALUE",
      about: "a topic config; without =, a file of Kafka's client keys",
    },
  },
  examples: [
    ["topics create orders --partitions 6", "six partitions"],
    [
      "topics create audit --config retention.ms=86400000 --config cleanup.policy=delete",
      "kept for a day",
    ],
  ],
  run: (context, { operands: [name], options }) => {
    const [file] = options.config.filter((each) => !each.includes("="));
    const given = options.config.filter((each) => each !== file);
    const pairs = pairsOf(given, { option: "config", command: "topics create" });
    const configs = Object.fromEntries(pairs);
    return withClient(context, { ...options, config: file }, async (client) => {
      try {
        await createTopic(client, {
          name,
          partitions: options.partitions,
          replicationFactor: options.replicas,
          configs,
        });
      } catch (error) {
        const exists = isKafkaError(error, "TOPIC_ALREADY_EXISTS");
        if (!exists || !options["if-missing"]) throw error;
        context.note(`Topic ${name} is there already.`);
        return exitCode.ok;
      }
      context.note(`Created topic ${name}.`);
      return exitCode.ok;
    });
  },
});

const remove = command({
  name: "topics delete",
  operands: ["TOPIC..."],
  about: "delete topics with all their records",
  options: { ...brokerOptions },
  examples: [["topics delete orders", "delete one topic"]],
  run: (context, { operands, options }) =>
    withClient(context, options, (client) =>
      eachOf(context, operands, async (name) => {
        await deleteTopic(client, name).catch((error) => {
          if (!isKafkaError(error, "UNKNOWN_TOPIC_OR_PARTITION")) throw error;
          throw new UsageFault(`there is no topic ${name}. See: ottla topics list`);
        });
        context.note(`Deleted topic ${name}.`);
      })),
});

const alter = command({
  name: "topics alter",
  operands: ["TOPIC"],
  about: "give a topic more partitions",
  options: {
    partitions: { kind: "number", value: "N", about: "the new count, more than there are" },
    ...brokerOptions,
  },
  examples: [["topics alter orders --partitions 12", "grow to twelve"]],
  run: (context, { operands: [name], options }) => {
    const { partitions } = options;
    if (partitions === undefined) {
      throw new ArgumentFault(
        `say how many: --partitions N\n${seeHelp("topics alter")}`,
      );
    }
    return withClient(context, options, async (client) => {
      await createPartitions(client, { topic: name, count: partitions })
        .catch((error) => onUnknownTopic(error, name));
      context.note(`Topic ${name} has ${partitions} partitions. New keys may go elsewhere.`);
      return exitCode.ok;
    });
  },
});

export const commands = [list, describe, create, remove, alter];
