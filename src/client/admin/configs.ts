// Configurations of topics, brokers, groups and of what clients are to measure, for tools:
// described, and changed key by key.

import { IncrementalAlterConfigs } from "../../protocol/apis/44_incremental_alter_configs.ts";
import { DescribeConfigs } from "../../protocol/mod.ts";
import type { Client, RequestTarget } from "../client.ts";
import { checkCode, onlyAnswer } from "../faults.ts";
import type { BrokerConfigName, BrokerConfigs } from "./broker_configs_table.ts";
import type { Configs } from "./config_values.ts";
import type { GroupConfigName, GroupConfigs } from "./group_configs_table.ts";
import type { TopicConfigName, TopicConfigs } from "./topic_configs_table.ts";

/**
 * What has a configuration: a topic or a group by name, a broker by id, all brokers together, a
 * subscription to what clients measure by its name (KIP-714).
 */
export type ConfigResource =
  | { readonly topic: string }
  | { readonly broker: number }
  | { readonly brokers: "all" }
  | { readonly group: string }
  | { readonly clientMetrics: string };

/** A configuration key as it is in force. */
export interface ConfigEntry {
  /** The key. */
  readonly name: string;
  /** null when it is sensitive or has none. */
  readonly value: string | null;
  /** Where the value comes from. */
  readonly source: "topic" | "broker" | "group" | "clientMetrics" | "default" | "unknown";
  /** Whether it holds from the start, and cannot be changed. */
  readonly isReadOnly: boolean;
  /** Whether the value is a secret, and not told. */
  readonly isSensitive: boolean;
}

/** What becomes of single keys; others stay as they are. */
export interface ConfigChanges<Resource extends ConfigResource = ConfigResource> {
  /** New values by key. */
  readonly set?: ConfigsOf<Resource>;
  /** Keys that go back to what holds without them. */
  readonly unset?: readonly ConfigName<Resource>[];
  /** What lists get that they do not have yet, with commas. */
  readonly append?: ConfigsOf<Resource>;
  /** What lists lose, with commas. */
  readonly subtract?: ConfigsOf<Resource>;
}

/** The configurations of a resource, whose keys the type system knows. */
export type ConfigsOf<Resource extends ConfigResource> = Resource extends { topic: string }
  ? TopicConfigs
  : Resource extends { group: string } ? GroupConfigs
  : Resource extends { broker: number } | { brokers: "all" } ? BrokerConfigs
  : Configs;

/** The name of one: those of Kafka's are completed. */
export type ConfigName<Resource extends ConfigResource = ConfigResource> =
  | (Resource extends { topic: string } ? TopicConfigName
    : Resource extends { group: string } ? GroupConfigName
    : Resource extends { broker: number } | { brokers: "all" } ? BrokerConfigName
    : never)
  | (string & Record<never, never>);

/** Those that are set, as their texts. */
export function configsOf(configs: Configs = {}): { name: string; value: string }[] {
  return Object.entries(configs).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value: String(value) }]
  );
}

/** Kafka's ConfigSource: 1 topic; 2, 3, 4 of a broker; 5 default; 7 client metrics; 8 group. */
const sources: Readonly<Record<number, ConfigEntry["source"]>> = {
  1: "topic",
  2: "broker",
  3: "broker",
  4: "broker",
  5: "default",
  7: "clientMetrics",
  8: "group",
};

/** What becomes of a key, as Kafka numbers it. */
const operations = { set: 0, unset: 1, append: 2, subtract: 3 } as const;

/** A resource as Kafka names it, and who has to be asked. */
function named(resource: ConfigResource): { type: number; name: string; target: RequestTarget } {
  if ("topic" in resource) return { type: 2, name: resource.topic, target: { to: "any" } };
  if ("group" in resource) return { type: 32, name: resource.group, target: { to: "any" } };
  if ("clientMetrics" in resource) {
    return { type: 16, name: resource.clientMetrics, target: { to: "any" } };
  }
  if ("brokers" in resource) return { type: 4, name: "", target: { to: "any" } };
  return { type: 4, name: String(resource.broker), target: { to: resource.broker } };
}

function aboutOf(resource: ConfigResource): string {
  if ("topic" in resource) return `topic ${resource.topic}`;
  if ("group" in resource) return `group ${resource.group}`;
  if ("clientMetrics" in resource) return `client metrics ${resource.clientMetrics}`;
  return "brokers" in resource ? "all brokers" : `broker ${resource.broker}`;
}

/** The configs of a resource by name, all or those named. */
export async function describeConfigs(
  client: Client,
  resource: ConfigResource,
  options: { names?: readonly string[] } = {},
): Promise<ConfigEntry[]> {
  const { type: resourceType, name: resourceName, target } = named(resource);
  const answer = await client.request(DescribeConfigs, {
    resources: [{
      resourceType,
      resourceName,
      configurationKeys: options.names === undefined ? null : [...options.names],
    }],
  }, target);
  const about = `describe the configs of ${aboutOf(resource)}`;
  const result = onlyAnswer(answer.results, about);
  checkCode(result.errorCode, about, result.errorMessage);
  return result.configs
    .map((entry) => ({
      name: entry.name,
      value: entry.value,
      source: sources[entry.configSource] ?? "unknown",
      isReadOnly: entry.readOnly,
      isSensitive: entry.isSensitive,
    }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

function changesBy(operation: keyof typeof operations, configs?: Configs) {
  return configsOf(configs).map((each) => (
    { ...each, configOperation: operations[operation] }
  ));
}

/** Changes keys of a resource, all of them or none. Throws INVALID_CONFIG and the like. */
export async function alterConfigs(
  client: Client,
  resource: ConfigResource,
  { set, unset = [], append, subtract }: ConfigChanges,
): Promise<void> {
  const { type: resourceType, name: resourceName, target } = named(resource);
  const configs = [
    ...changesBy("set", set),
    ...changesBy("append", append),
    ...changesBy("subtract", subtract),
    ...unset.map((name) => ({ name, value: null, configOperation: operations.unset })),
  ];
  const answer = await client.request(IncrementalAlterConfigs, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly: false,
  }, target);
  const about = `change the configs of ${aboutOf(resource)}`;
  const result = onlyAnswer(answer.responses, about);
  checkCode(result.errorCode, about, result.errorMessage);
}
