// From what a start is given to a BrokerConfig, or to one message that lists all that is wrong.
//
//   --port, --host, --data-dir, --ephemeral, --metrics-port, --set   >   options of a program that
//     embeds us   >   environment   >   file   >   defaults of the table
//
// Environment names are those of Kafka's container image: KAFKA_ and the key in capitals, with _
// for a dot, __ for an underscore and ___ for a dash; CLUSTER_ID is cluster.id. A flag or an option
// must name a known key: who wrote it is there to mend it. In a file or a variable an unknown one
// gets a warning, as in Kafka: files carry keys of plug-ins, the image has variables of its own,
// and Kubernetes adds KAFKA_PORT and the like for a service called kafka.

import { UsageFault } from "../../base/faults.ts";
import { entryOf } from "../../base/items.ts";
import { show } from "../../base/options.ts";
import { BrokerConfig } from "./in_force.ts";
import { ConfigSource } from "./layers.ts";
import { parseOverrides } from "../network/connection_counts.ts";
import { authorizerProblems } from "./authorizer_terms.ts";
import { loginProblems } from "./login_check.ts";
import { listenerKeyOf } from "./listener_keys.ts";
import { advertisedProblem, formatListener, listenerProblem, parseListeners } from "./listeners.ts";
import { parseConfigFile } from "./properties.ts";
import { brokerKeys, configFamilies, type TopicConfigKey, topicKeys } from "./broker_table.ts";
import { type ConfigKey, isSensitive, nearestName, parseValue } from "./values.ts";

/** What the command line says about the configuration. */
export interface StartFlags {
  /** --port: 0 picks a free one. */
  readonly port?: number;
  /** --host: the address to bind; "" for all. */
  readonly host?: string;
  /** --data-dir */
  readonly dataDir?: string;
  /** --ephemeral */
  readonly ephemeral?: boolean;
  /** --metrics-port: 0 picks a free one. */
  readonly metricsPort?: number;
  /** --cluster: where the metadata of a cluster is. */
  readonly cluster?: string;
  /** --node-id */
  readonly nodeId?: number;
  /** `--accept-metadata-rollback`: ids with commas between them. */
  readonly acceptMetadataRollback?: string;
  /** --set, repeated: `key=value` each. */
  readonly set?: readonly string[];
}

/** Keys and values from a program that starts a broker within itself. */
export type ProgramOptions = Readonly<
  Record<string, string | number | bigint | boolean | undefined>
>;

/** Everything that a start is given. */
export interface ConfigInput {
  readonly flags?: StartFlags;
  readonly options?: ProgramOptions;
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: { readonly name: string; readonly text: string };
}

/** A configuration that holds together. */
export interface LoadedConfig {
  readonly config: BrokerConfig;
  /** Sentences for the log: keys that have no effect, variables that were not understood. */
  readonly warnings: readonly string[];
  /** Where each key that is set was set: "--set", "KAFKA_LOG_DIRS", "server.properties". */
  readonly sources: ReadonlyMap<string, string>;
}

/** Variables of the image and of Kubernetes that look like keys and are not. */
const foreignVariables = new RegExp(
  "^KAFKA_(VERSION|OPTS|\\w+_OPTS|JMX_\\w+|LOG4J\\w*|TOOLS_LOG4J\\w*|DEBUG|HOME|CLASSPATH" +
    "|GC_LOG_ENABLED|PORT|SERVICE_(HOST|PORT)\\w*|PORT_\\d+_TCP\\w*)$",
);

interface Setting {
  readonly text: string;
  readonly origin: string;
  /** An unknown key is passed over, with a warning. */
  readonly mayBeUnknown?: boolean;
}

/** Reads, merges and checks all sources. Throws UsageFault with a line for each problem. */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const settings = new Map<string, Setting>();
  const warnings: string[] = [];
  const problems: string[] = [];
  readFile(input, settings);
  readEnvironment(input, settings);
  for (const [name, value] of Object.entries(input.options ?? {})) {
    if (value === undefined) continue;
    if (!["string", "number", "bigint", "boolean"].includes(typeof value)) {
      problems.push(`${name} must be text, a number, true or false, not ${show(value)}`);
      continue;
    }
    settings.set(name, { text: String(value), origin: "the program's options" });
  }
  readFlags(input.flags ?? {}, settings, problems);

  const values = new Map<string, string>();
  for (const [name, setting] of settings) {
    const checked = checkSetting(name, setting);
    if (checked.problem !== undefined) problems.push(checked.problem);
    if (checked.warning !== undefined) warnings.push(checked.warning);
    if (checked.text !== undefined) values.set(name, checked.text);
  }
  sayUnderBothNames(values);
  const config = new BrokerConfig([{ source: ConfigSource.STATIC_BROKER, values }]);
  if (problems.length === 0) problems.push(...crossCheck(config));
  if (problems.length > 0) throw new UsageFault(problems.join("\n"));
  const sources = new Map([...settings].map(([name, { origin }]) => [name, origin]));
  return { config, warnings, sources };
}

/** The node's id has two names; whoever reads the configuration may know either. */
function sayUnderBothNames(values: Map<string, string>): void {
  const [nodeId, brokerId] = [values.get("node.id"), values.get("broker.id")];
  if (nodeId !== undefined && brokerId === undefined) values.set("broker.id", nodeId);
  if (nodeId === undefined && Number(brokerId) >= 0) values.set("node.id", brokerId!);
}

function readFile(input: ConfigInput, settings: Map<string, Setting>): void {
  if (input.file === undefined) return;
  const { name: origin, text } = input.file;
  const pairs = parseConfigFile(origin, text);
  // Java takes "key value" for a pair as well, and with it any line of prose.
  const isProse = !/^\s*([\w.-]+\s*[=:]|\{)/m.test(text) &&
    ![...pairs.keys()].some((name) => entryOf<ConfigKey>(brokerKeys, name) !== undefined);
  if (pairs.size > 0 && isProse) {
    throw new UsageFault(`${origin} is no configuration: it has no line key=value`);
  }
  for (const [name, value] of pairs) {
    settings.set(name, { text: value, origin, mayBeUnknown: true });
  }
}

function readEnvironment(input: ConfigInput, settings: Map<string, Setting>): void {
  const environment = Object.entries(input.environment ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
  for (const [variable, text] of environment) {
    if (variable === "CLUSTER_ID") settings.set("cluster.id", { text, origin: variable });
    if (!variable.startsWith("KAFKA_") || foreignVariables.test(variable)) continue;
    settings.set(keyOfVariable(variable), { text, origin: variable, mayBeUnknown: true });
  }
}

/** The key that an environment variable of Kafka's image stands for. */
export function keyOfVariable(variable: string): string {
  return variable.slice("KAFKA_".length).toLowerCase()
    .replace(/_{1,3}/g, (run) => run.length === 1 ? "." : run.length === 2 ? "_" : "-");
}

function readFlags(flags: StartFlags, settings: Map<string, Setting>, problems: string[]): void {
  for (const pair of flags.set ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0) {
      const name = pair.slice(0, equals).trim();
      settings.set(name, { text: pair.slice(equals + 1), origin: "--set" });
    } else {
      problems.push(`--set ${pair}: write it as --set key=value`);
    }
  }
  if (flags.ephemeral && flags.dataDir !== undefined) {
    problems.push("--ephemeral keeps nothing on disk, so --data-dir has no use: drop one of them");
  }
  if (flags.ephemeral) settings.set("ottla.ephemeral", { text: "true", origin: "--ephemeral" });
  if (flags.dataDir !== undefined) {
    settings.set("log.dirs", { text: flags.dataDir, origin: "--data-dir" });
  }
  if (flags.cluster !== undefined) {
    settings.set("ottla.cluster", { text: flags.cluster, origin: "--cluster" });
  }
  if (flags.acceptMetadataRollback !== undefined) {
    const text = flags.acceptMetadataRollback;
    settings.set("ottla.accept.metadata.rollback", { text, origin: "--accept-metadata-rollback" });
  }
  if (flags.nodeId !== undefined) {
    settings.set("node.id", { text: String(flags.nodeId), origin: "--node-id" });
  }
  if (flags.metricsPort !== undefined) {
    const text = String(flags.metricsPort);
    settings.set("ottla.metrics.port", { text, origin: "--metrics-port" });
  }
  if (flags.port !== undefined || flags.host !== undefined) moveListener(flags, settings, problems);
}

/** Puts --host and --port into the first listener for clients, leaving the others as they are. */
function moveListener(flags: StartFlags, settings: Map<string, Setting>, problems: string[]): void {
  const { port, host } = flags;
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    problems.push(`--port ${port}: a port is a whole number from 0 to 65535`);
    return;
  }
  const textOf = (name: "listeners" | "controller.listener.names") =>
    (settings.get(name)?.text ?? brokerKeys[name].default).split(",").map((part) => part.trim());
  const parsed = parseListeners(textOf("listeners"));
  if ("problem" in parsed) return; // Reported with the key that it came from.
  const controllers = textOf("controller.listener.names").map((name) => name.toUpperCase());
  const first = parsed.listeners.find(({ name }) => !controllers.includes(name));
  const moved = first ?? { name: "PLAINTEXT", host: "", port: 9092 };
  const listeners = [...parsed.listeners, ...first === undefined ? [moved] : []].map((each) =>
    each === moved ? { ...each, host: host ?? each.host, port: port ?? each.port } : each
  );
  const origin = port === undefined ? "--host" : "--port";
  settings.set("listeners", { text: listeners.map(formatListener).join(","), origin });
}

interface Checked {
  readonly text?: string;
  readonly problem?: string;
  readonly warning?: string;
}

function checkSetting(name: string, setting: Setting): Checked {
  const { text, origin } = setting;
  const known = listenerKeyOf(name) ?? name;
  const key = entryOf<ConfigKey>(brokerKeys, known);
  if (key === undefined) return checkFamily(name, setting);
  // Images and charts write KEY= for "not set".
  if (text.trim() === "" && key.default === null) {
    const problem = `${name} (${origin}) is empty: give it a value, or leave it out`;
    return key.mayNotBeEmpty ? { problem } : {};
  }
  const parsed = parseValue(key, text);
  const shown = isSensitive(key) ? "(hidden)" : text;
  if ("problem" in parsed) {
    return { problem: `Invalid value ${shown} for ${name} (${origin}): ${parsed.problem}` };
  }
  if (key.refused !== undefined && parsed.text !== key.default) {
    return { problem: `${name}=${shown} (${origin}) cannot be honoured: ${key.refused}` };
  }
  const warning = key.ignored === undefined || known !== name
    ? undefined
    : `${name} (${origin}) has no effect: ${key.ignored}`;
  return { text: parsed.text, warning };
}

function checkFamily(name: string, { origin, mayBeUnknown }: Setting): Checked {
  const family = configFamilies.find(({ prefix }) => name.startsWith(prefix));
  if (family === undefined && mayBeUnknown) {
    return { warning: `${name} (${origin}) is ignored: ${unknownKey(name)}` };
  }
  if (family === undefined) return { problem: `${origin}: ${unknownKey(name)}` };
  if (family.refused !== undefined) {
    return { problem: `${name} (${origin}) cannot be honoured: ${family.refused}` };
  }
  return { warning: `${name} (${origin}) has no effect: ${family.ignored}` };
}

function unknownKey(name: string): string {
  const said = `there is no configuration key ${name}`;
  const key = entryOf<TopicConfigKey>(topicKeys, name);
  if (key !== undefined) {
    const [synonym] = key.synonyms;
    if (synonym === undefined) return `${said} of a broker: it belongs to topics`;
    return `${said} of a broker: set ${synonym}, its default for all topics`;
  }
  const nearest = nearestName(name, Object.keys(brokerKeys));
  return nearest === undefined ? said : `${said}: did you mean ${nearest}?`;
}

/** What single values cannot tell. */
function crossCheck(config: BrokerConfig): string[] {
  return [...checkNode(config), ...checkNetwork(config), ...checkRanges(config)];
}

function checkNode(config: BrokerConfig): string[] {
  const problems: string[] = [];
  const [nodeId, brokerId] = [config.get("node.id"), config.get("broker.id")];
  if (config.isSet("node.id") && brokerId >= 0 && brokerId !== nodeId) {
    problems.push(
      `node.id is ${nodeId} and broker.id is ${brokerId}: keep one, or make them equal`,
    );
  }
  const roles = config.get("process.roles");
  if (!roles.includes("broker") || !roles.includes("controller")) {
    problems.push(
      `process.roles is "${roles.join(",")}": one node has to be both, set broker,controller`,
    );
  }
  const voters = config.get("controller.quorum.voters");
  const strange = voters.find((voter) => voter.split("@")[0] !== String(config.nodeId));
  if (strange !== undefined) {
    problems.push(
      `controller.quorum.voters names ${strange}, and several nodes find each other by etcd: ` +
        `drop the key, and start each with --cluster etcd://HOST:2379/NAME`,
    );
  }
  if (config.get("controller.quorum.bootstrap.servers").length > 1) {
    problems.push(
      "controller.quorum.bootstrap.servers names several controllers, and several nodes find " +
        "each other by etcd: drop the key, and start each with --cluster etcd://HOST:2379/NAME",
    );
  }
  const clusterId = config.get("cluster.id");
  if (clusterId !== null && !/^[A-Za-z0-9_-]{22}$/.test(clusterId)) {
    problems.push(
      `cluster.id "${clusterId}" is not 22 characters of base64url: drop it to get one`,
    );
  }
  const folders = config.dataFolders;
  if (folders.length === 0 || folders.includes("") || new Set(folders).size < folders.length) {
    problems.push(`log.dirs "${folders.join(",")}" must name folders, each of them once`);
  }
  return problems;
}

function checkNetwork(config: BrokerConfig): string[] {
  const opened = parseListeners(config.get("listeners"));
  if ("problem" in opened) return [`listeners: ${opened.problem}`];
  const protocolMap = config.get("listener.security.protocol.map");
  const problem = listenerProblem(config.listeners, { protocolMap });
  if (problem !== undefined) return [`listeners: ${problem}`];
  const advertised = parseListeners(config.get("advertised.listeners") ?? []);
  if ("problem" in advertised) return [`advertised.listeners: ${advertised.problem}`];
  const told = advertisedProblem(advertised.listeners, opened.listeners);
  if (told !== undefined) return [`advertised.listeners: ${told}`];
  const overrides = parseOverrides(config.get("max.connections.per.ip.overrides"));
  if ("problem" in overrides) return [`max.connections.per.ip.overrides: ${overrides.problem}`];
  return [...loginProblems(config), ...authorizerProblems(config)];
}

function checkRanges(config: BrokerConfig): string[] {
  const problems: string[] = [];
  for (
    const name of ["log.retention.ms", "log.retention.minutes", "log.retention.hours"] as const
  ) {
    if (config.get(name) === 0) {
      problems.push(`${name} is 0, which would delete everything: set at least 1, or -1 for never`);
    }
  }
  const [min, max] = [
    config.get("group.min.session.timeout.ms"),
    config.get("group.max.session.timeout.ms"),
  ];
  if (min > max) {
    problems.push(`group.min.session.timeout.ms (${min}) is above the maximum (${max})`);
  }
  return problems;
}
