// The cluster and its configuration, for tools.

import { DescribeCluster, DescribeConfigs } from "../protocol/mod.ts";
import type { Client } from "./client.ts";
import { checkCode, onlyAnswer } from "./faults.ts";
import type { BrokerMetadata } from "./metadata.ts";

/** A cluster and its brokers. */
export interface ClusterDescription {
  /** Its id, given when it was made. */
  readonly clusterId: string;
  /** The broker to ask for changes; -1 where none is told. */
  readonly controller: number;
  /** Who is in it. */
  readonly brokers: readonly BrokerMetadata[];
}

/** A topic by name, or a broker by id. */
export type ConfigResource = { readonly topic: string } | { readonly broker: number };

/** A configuration key as it is in force. */
export interface ConfigEntry {
  /** The key. */
  readonly name: string;
  /** null when it is sensitive or has none. */
  readonly value: string | null;
  /** Where the value comes from. */
  readonly source: "topic" | "broker" | "default" | "unknown";
  /** Whether it holds from the start, and cannot be changed. */
  readonly isReadOnly: boolean;
  /** Whether the value is a secret, and not told. */
  readonly isSensitive: boolean;
}

const topicResource = 2;
const brokerResource = 4;

/** Kafka's ConfigSource codes: 1 topic; 2, 3, 4 of a broker; 5 default. */
const sources = ["unknown", "topic", "broker", "broker", "broker", "default"] as const;

export async function describeCluster(client: Client): Promise<ClusterDescription> {
  const answer = await client.request(DescribeCluster, {
    includeClusterAuthorizedOperations: false,
  }, { to: "any" });
  checkCode(answer.errorCode, "describe the cluster", answer.errorMessage);
  return {
    clusterId: answer.clusterId,
    controller: answer.controllerId,
    brokers: answer.brokers.map(({ brokerId, host, port, rack }) => ({
      id: brokerId,
      host,
      port,
      rack,
    })),
  };
}

/** The configs of a topic or a broker by name, all or those named. */
export async function describeConfigs(
  client: Client,
  resource: ConfigResource,
  options: { names?: readonly string[] } = {},
): Promise<ConfigEntry[]> {
  const isTopic = "topic" in resource;
  const name = isTopic ? resource.topic : String(resource.broker);
  const answer = await client.request(DescribeConfigs, {
    resources: [{
      resourceType: isTopic ? topicResource : brokerResource,
      resourceName: name,
      configurationKeys: options.names === undefined ? null : [...options.names],
    }],
  }, { to: isTopic ? "any" : resource.broker });
  const about = `describe the configs of ${name}`;
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
