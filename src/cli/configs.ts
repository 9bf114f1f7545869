// `ottla configs`: what is configured, of topics, brokers and groups, and changes of it.

import {
  alterConfigs,
  type ConfigEntry,
  type ConfigResource,
  describeConfigs,
} from "../client/mod.ts";
import { ArgumentFault, command, jsonOption, type Values } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { onUnknownTopic } from "./failures.ts";
import { pairsOf } from "./pairs.ts";
import { renderJson, renderTable } from "./table.ts";

const resourceOptions = {
  topic: { kind: "text", value: "NAME", short: "t", about: "of a topic" },
  broker: { kind: "number", value: "ID", about: "of one broker" },
  brokers: { kind: "flag", about: "of all brokers together" },
  group: { kind: "text", value: "NAME", short: "g", about: "of a group" },
  "client-metrics": {
    kind: "text",
    value: "NAME",
    about: "of what clients are to measure, a subscription with a name",
  },
} as const;

/** The one resource that the options name. */
function resourceOf(options: Values<typeof resourceOptions>): ConfigResource {
  const { topic, broker, brokers, group, "client-metrics": clientMetrics } = options;
  const named: ConfigResource[] = [];
  if (topic !== undefined) named.push({ topic });
  if (broker !== undefined) named.push({ broker });
  if (brokers) named.push({ brokers: "all" });
  if (group !== undefined) named.push({ group });
  if (clientMetrics !== undefined) named.push({ clientMetrics });
  const [resource] = named;
  if (resource !== undefined && named.length === 1) return resource;
  const ways = "--topic NAME, --broker ID, --brokers, --group NAME or --client-metrics NAME";
  throw new ArgumentFault(`say of what: one of ${ways}`);
}

/** A refusal, in the words of the command line where a topic is not there. */
function onRefusal(error: unknown, resource: ConfigResource): never {
  if ("topic" in resource) return onUnknownTopic(error, resource.topic);
  throw error;
}

const describe = command({
  name: "configs describe",
  operands: ["[KEY...]"],
  about: "show what is configured of a topic, brokers or a group",
  options: {
    ...resourceOptions,
    all: { kind: "flag", short: "a", about: "what holds by default, too" },
    ...jsonOption,
    ...brokerOptions,
  },
  examples: [
    ["configs describe --topic orders", "what is set on the topic"],
    ["configs describe --broker 1 --all", "every key of a broker, with its value"],
    ["configs describe --topic orders retention.ms", "one key"],
  ],
  run: (context, { operands: names, options }) => {
    const resource = resourceOf(options);
    return withClient(context, options, async (client) => {
      const asked = names.length === 0 ? {} : { names };
      const entries = await describeConfigs(client, resource, asked)
        .catch((error) => onRefusal(error, resource));
      const isShown = ({ source }: ConfigEntry) =>
        options.all || names.length > 0 || isOwn(source, resource);
      const shown = entries.filter(isShown);
      if (options.json) context.out(renderJson(shown));
      else if (shown.length === 0) context.note("Nothing is set. See all with --all.");
      else {
        const rows = shown.map(({ name, value, source, isSensitive }) => [
          name,
          isSensitive ? "(secret)" : value ?? undefined,
          source,
        ]);
        context.out(renderTable(["config", "value", "from"], rows));
      }
      return exitCode.ok;
    });
  },
});

/** Whether somebody has set it on the resource itself. */
function isOwn(source: ConfigEntry["source"], resource: ConfigResource): boolean {
  if ("topic" in resource) return source === "topic";
  if ("clientMetrics" in resource) return source === "clientMetrics";
  return source === ("group" in resource ? "group" : "broker");
}

const alter = command({
  name: "configs alter",
  operands: [],
  about: "set and unset keys of a topic, brokers or a group",
  options: {
    ...resourceOptions,
    set: { kind: "list", value: "KEY=VALUE", also: ["add-config"], about: "a new value" },
    unset: {
      kind: "list",
      value: "KEY",
      also: ["delete-config"],
      about: "back to what holds without it",
    },
    ...brokerOptions,
  },
  examples: [
    ["configs alter --topic orders --set retention.ms=86400000", "kept for a day"],
    ["configs alter --brokers --set log.retention.ms=86400000", "of every broker, while they run"],
    ["configs alter --group billing --unset consumer.session.timeout.ms", "as other groups"],
  ],
  run: (context, { options }) => {
    const resource = resourceOf(options);
    const { unset } = options;
    const set = Object.fromEntries(
      pairsOf(options.set, "set"),
    );
    const changed = [...Object.keys(set), ...unset];
    if (changed.length === 0) {
      throw new ArgumentFault("say what: --set KEY=VALUE or --unset KEY");
    }
    return withClient(context, options, async (client) => {
      await alterConfigs(client, resource, { set, unset })
        .catch((error) => onRefusal(error, resource));
      context.note(`Changed: ${changed.join(", ")}.`);
      return exitCode.ok;
    });
  },
});

export const commands = [describe, alter];
