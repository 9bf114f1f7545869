// What may be set by AlterConfigs and IncrementalAlterConfigs, by kind of resource: the rules that
// src/cluster/configs.ts asks.
//
//   topic            topicKeys          INVALID_CONFIG
//   broker, default  brokerKeys that change while the broker runs        INVALID_REQUEST
//   group            groupKeys          INVALID_CONFIG
//   client metrics   clientMetricsKeys  INVALID_REQUEST or INVALID_CONFIG, as Kafka has it
//
// Only what a request changes is judged: another value may have been stored by a Kafka with other
// bounds, and must not stand in the way.
// Differs from Kafka: an unknown broker key is refused; Kafka stores it, since a plugin may read
// it.
// Differs from Kafka: TLS keys and certificates can be changed without naming a listener, for all
// listeners that have none of their own; Kafka requires the listener's name.
// Differs from Kafka: min.insync.replicas of one broker, which has no effect, may be deleted.
// Differs from Kafka: a number of threads may be changed by any factor, and class names are not
// checked: these keys have no effect here.

import { entryOf } from "../../base/items.ts";
import { ResourceType } from "../../cluster/mod.ts";
import type { ConfigResource, ConfigRules, ProposedConfigs } from "../../cluster/configs.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Logger } from "../../runtime/ports.ts";
import { parseOverrides } from "../network/connection_counts.ts";
import { topicConfigWarnings, validateTopicConfigs } from "./mod.ts";
import type { ResourceKey } from "./describe.ts";
import { clientMatchKeys, clientMetricsKeys, groupKeys } from "./group_table.ts";
import { brokerKeys, topicKeys } from "./broker_table.ts";
import { listenerKeyOf } from "./listener_keys.ts";
import type { GroupSettings, GroupTerms } from "./group_parts.ts";
import { type ConfigKey, isSensitive, nearestName, parseValue } from "./values.ts";

const minIsrKey = "min.insync.replicas";

interface Refusal {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
}

/** A key that is set, as text. */
type Setting = readonly [name: string, value: string];

/** The rules of broker `nodeId`, where groups may have what `groups` says. */
export function configRules(
  { nodeId, groups, refusal, tlsProblem }: {
    readonly nodeId: number;
    /** Why the listeners could not prove themselves with this broker's keys set to these. */
    readonly tlsProblem: (values: ReadonlyMap<string, string>) => string | undefined;
    readonly groups: GroupSettings;
    readonly refusal: ConfigRules["refusal"];
  },
): ConfigRules {
  return {
    refusal,
    nameProblem({ resourceType, resourceName }) {
      const isBroker = resourceType === ResourceType.BROKER;
      // "" is the default of all brokers.
      return resourceType === ResourceType.BROKER_LOGGER || (isBroker && resourceName !== "")
        ? nodeProblem(resourceName, nodeId)
        : undefined;
    },
    problem(resource, proposed) {
      const changed = [...proposed.values].filter(([name]) => proposed.changed.has(name));
      switch (resource.resourceType) {
        case ResourceType.TOPIC:
          return topicProblem(proposed);
        case ResourceType.BROKER:
          return brokerProblem(changed, { isDefault: resource.resourceName === "" }) ??
            minIsrProblem(proposed, { isDefault: resource.resourceName === "" }) ??
            listenerProblem(proposed, tlsProblem);
        case ResourceType.BROKER_LOGGER:
          return loggerProblem(proposed);
        case ResourceType.GROUP:
          return groupProblem(changed, groups);
        default:
          return clientMetricsProblem(changed);
      }
    },
    listDefault({ resourceType }, name) {
      const key = entryOf<ConfigKey>(keysOf(resourceType), name);
      return key?.type === "list" ? key.default ?? "" : undefined;
    },
  };
}

/** Sentences for the log about what is stored and has no effect. */
function configWarnings(resource: ConfigResource, settings: readonly Setting[]): string[] {
  const { resourceType } = resource;
  if (resourceType === ResourceType.TOPIC) {
    return topicConfigWarnings(settings.map(([name, value]) => ({ name, value })));
  }
  const keys = keysOf(resourceType);
  return settings.flatMap(([name]) => {
    const key = entryOf<ConfigKey>(keys, listenerKeyOf(name) ?? name);
    if (resourceType === ResourceType.BROKER && key === undefined) {
      return [`${name} has no effect: it is a topic's`];
    }
    return key?.ignored === undefined ? [] : [`${name} has no effect: ${key.ignored}`];
  });
}

/** Logs the warnings about the resources that the response tells to be done. */
export function logConfigWarnings(
  logger: Logger,
  request: { readonly resources: readonly AlteredResource[] },
  response: { readonly responses: readonly (ConfigResource & { readonly errorCode: number })[] },
): void {
  for (const resource of request.resources) {
    const { resourceType, resourceName } = resource;
    const isDone = response.responses.some((each) =>
      each.resourceType === resourceType && each.resourceName === resourceName &&
      each.errorCode === ErrorCode.NONE
    );
    if (!isDone) continue;
    const settings = resource.configs.flatMap(({ name, value }): Setting[] =>
      value === null ? [] : [[name, value]]
    );
    for (const warning of configWarnings(resource, settings)) {
      logger.log("warn", warning, { resource: resourceName });
    }
  }
}

interface AlteredResource extends ConfigResource {
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

function keysOf(resourceType: number): Readonly<Record<string, ResourceKey>> {
  switch (resourceType) {
    case ResourceType.TOPIC:
      return topicKeys;
    case ResourceType.BROKER:
      return brokerKeys;
    case ResourceType.GROUP:
      return groupKeys;
    default:
      return clientMetricsKeys;
  }
}

function invalidConfig(errorMessage: string): Refusal {
  return { errorCode: ErrorCode.INVALID_CONFIG, errorMessage };
}

function invalidRequest(errorMessage: string): Refusal {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}

/** Relations between keys are judged by all values, single values where they change. */
function topicProblem({ values, changed }: ProposedConfigs): Refusal | undefined {
  const entries = [...values].map(([name, value]) => ({ name, value }))
    .filter(({ name }) => changed.has(name) || name.endsWith(".compaction.lag.ms"));
  const problem = validateTopicConfigs(entries);
  return problem === undefined ? undefined : invalidConfig(problem);
}

function brokerProblem(
  all: readonly Setting[],
  { isDefault }: { isDefault: boolean },
): Refusal | undefined {
  const keys: Readonly<Record<string, ConfigKey>> = brokerKeys;
  const settings: { readonly key: ConfigKey; readonly setting: Setting }[] = [];
  for (const setting of all) {
    const [name] = setting;
    const key = entryOf(keys, listenerKeyOf(name) ?? name);
    if (key !== undefined) {
      settings.push({ key, setting });
      continue;
    }
    // Kafka stores whatever it does not know, so a topic's own keys: who reads them expects that.
    if (entryOf<ConfigKey>(topicKeys, name) !== undefined) continue;
    const nearest = nearestName(name, Object.keys(keys));
    const hint = nearest === undefined ? "" : `: did you mean ${nearest}?`;
    return invalidRequest(`There is no configuration key ${name} of a broker${hint}`);
  }
  const namesOf = (update: ConfigKey["update"]) =>
    settings.filter(({ key }) => key.update === update).map(({ setting: [name] }) => name);
  const fixed = namesOf(undefined);
  if (fixed.length > 0) {
    return invalidRequest(`Cannot update these configs dynamically: [${fixed.join(", ")}]`);
  }
  const perBroker = namesOf("per-broker");
  if (isDefault && perBroker.length > 0) {
    return invalidRequest(
      "Cannot update these configs at default cluster level, broker id must be specified: " +
        `[${perBroker.join(", ")}]`,
    );
  }
  for (const { key, setting } of settings) {
    const problem = valueProblem(key, setting) ?? addressLimitsProblem(setting);
    if (problem !== undefined) return invalidRequest(problem);
  }
  return undefined;
}

/** One that cannot be read would limit nobody, and be refused by the next start's file. */
function addressLimitsProblem([name, value]: Setting): string | undefined {
  if (name !== "max.connections.per.ip.overrides") return undefined;
  const parsed = parseOverrides(value);
  return "problem" in parsed ? `${name}: ${parsed.problem}` : undefined;
}

/**
 * All brokers go by one min.insync.replicas, that of the topic or of the cluster: who is eligible
 * to lead depends on it (KIP-966). One of a broker's own would be told and have no effect, and
 * without the cluster's one replica would be enough, whatever its brokers were started with.
 */
function minIsrProblem(
  { values, changed }: ProposedConfigs,
  { isDefault }: { isDefault: boolean },
): Refusal | undefined {
  if (!changed.has(minIsrKey) || values.has(minIsrKey) === isDefault) return undefined;
  return invalidConfig(
    isDefault
      ? `Cluster-level ${minIsrKey} cannot be removed, only changed: who may lead depends on it.`
      : `Broker-level ${minIsrKey} cannot be set: it is the same for all brokers.`,
  );
}

/** New keys and certificates are tried before they are stored. */
function listenerProblem(
  { values, changed }: ProposedConfigs,
  tlsProblem: (values: ReadonlyMap<string, string>) => string | undefined,
): Refusal | undefined {
  const isTls = [...changed].some((name) => (listenerKeyOf(name) ?? name).startsWith("ssl."));
  const problem = isTls ? tlsProblem(values) : undefined;
  return problem === undefined ? undefined : invalidRequest(problem);
}

function nodeProblem(name: string, nodeId: number): Refusal | undefined {
  if (!/^-?\d+$/.test(name)) {
    return invalidRequest(`Node id must be an integer, but it is: ${name}`);
  }
  if (Number(name) === nodeId) return undefined;
  return invalidRequest(`Unexpected broker id, expected ${nodeId}, but received ${name}`);
}

function loggerProblem({ changed }: ProposedConfigs): Refusal | undefined {
  if (changed.size === 0) return undefined;
  const names = [...changed].join(",");
  return invalidConfig(
    `Logger ${names} does not exist: the log level is set at start, by --log-level.`,
  );
}

function groupProblem(
  settings: readonly Setting[],
  groups: Readonly<Record<string, GroupTerms>>,
): Refusal | undefined {
  for (const setting of settings) {
    const [name] = setting;
    const key = entryOf(groupKeys, name);
    if (key === undefined) return invalidConfig(`Unknown group config name: ${name}`);
    const terms = entryOf(groups, name);
    const bounds = terms && { min: terms.min, max: terms.max };
    const problem = valueProblem({ ...key, ...bounds }, setting);
    if (problem !== undefined) return invalidConfig(problem);
  }
  return undefined;
}

function clientMetricsProblem(settings: readonly Setting[]): Refusal | undefined {
  for (const setting of settings) {
    const [name, value] = setting;
    const key = entryOf<ResourceKey>(clientMetricsKeys, name);
    if (key === undefined) {
      return invalidRequest(`Unknown client metrics configuration: ${name}`);
    }
    const { min, max, ...unbounded } = key;
    const problem = valueProblem(unbounded, setting);
    if (problem !== undefined) return invalidConfig(problem);
    if (min !== undefined && (Number(value) < min || Number(value) > max!)) {
      return invalidRequest(
        `Invalid value ${value} for ${name}, interval must be between ${min} and ${max} (1 hour)`,
      );
    }
    const bad = name !== "match" ? undefined : badMatch(value);
    if (bad !== undefined) return invalidConfig(`Illegal client matching pattern: ${bad}`);
  }
  return undefined;
}

/** The first entry of `match` that is not KEY=PATTERN with a known key and a sound pattern. */
function badMatch(text: string): string | undefined {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "").find((part) => {
    const [key = "", ...pattern] = part.split("=");
    if (!clientMatchKeys.some((each) => each === key.trim()) || pattern.length === 0) return true;
    try {
      new RegExp(pattern.join("="));
      return false;
    } catch {
      return true;
    }
  });
}

function valueProblem(key: ConfigKey & ResourceKey, [name, value]: Setting): string | undefined {
  const parsed = parseValue(key, value);
  const shown = isSensitive(key) ? "(hidden)" : value;
  const start = `Invalid value ${shown} for configuration ${name}: `;
  if ("problem" in parsed) return start + parsed.problem;
  if (key.form !== undefined && !key.form.pattern.test(parsed.text)) {
    return `${start}The value must be ${key.form.said}.`;
  }
  if (key.refused === undefined || parsed.text === key.default) return undefined;
  return `${name}=${isSensitive(key) ? shown : parsed.text} cannot be honoured: ${key.refused}`;
}
