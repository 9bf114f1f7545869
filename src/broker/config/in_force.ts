// The configuration in force: typed values by Kafka's key names, parsed once each.
//
//   get("num.partitions")  first layer that has the key -> its value;  none -> the table's default
//
// setDynamic() puts what clients have set above the layers of the start; whoever has derived
// something from the configuration compares `generation`.
//
// Invariant: what is in a layer was validated on its way in; a value that does not parse any more
// falls through to the next layer.

import type { BrokerId } from "../../base/ids.ts";
import type { LogConfig } from "../../log/mod.ts";
import {
  describeBroker,
  type DescribedConfig,
  describeResource,
  describeTopic,
} from "./describe.ts";
import { groupKeys } from "./group_table.ts";
import { type ConfigLayer, ConfigSource, layeredTexts } from "./layers.ts";
import { type ListenerKeyName, listenerKeyNames, type ListenerScope } from "./listener_keys.ts";
import {
  type ListenerAddress,
  parseListeners,
  type SecurityProtocol,
  securityProtocol,
} from "./listeners.ts";
import { type BrokerKeyName, brokerKeys } from "./broker_table.ts";
import { topicLogConfig, type TopicOverrides } from "./topics.ts";
import { type ConfigValue, parseType, type ValueByType } from "./values.ts";

type Table = typeof brokerKeys;

/** What `get` returns for a key: its type, or null when it has no default. */
export type BrokerValue<Name extends BrokerKeyName> =
  | ValueByType[Table[Name]["type"]]
  | (Table[Name]["default"] extends null ? null : never);

/** The configuration in force. Layers come highest precedence first. */
export class BrokerConfig {
  readonly #static: readonly ConfigLayer[];
  readonly #values = new Map<BrokerKeyName, ConfigValue>();
  #layers: readonly ConfigLayer[];
  #generation = 0;

  constructor(layers: readonly ConfigLayer[]) {
    this.#static = layers;
    this.#layers = layers;
  }

  get layers(): readonly ConfigLayer[] {
    return this.#layers;
  }

  /** Another number whenever the configuration is another. */
  get generation(): number {
    return this.#generation;
  }

  /** Replaces what clients have set. */
  setDynamic(layers: readonly ConfigLayer[]): void {
    this.#layers = [...layers, ...this.#static];
    this.#values.clear();
    this.#generation++;
  }

  /** As it would be if clients had set this of this broker, and nothing else. */
  withValues(values: ReadonlyMap<string, string>): BrokerConfig {
    const source = ConfigSource.DYNAMIC_BROKER;
    const others = this.#layers.filter((layer) => layer.source !== source);
    return new BrokerConfig([{ source, values }, ...others]);
  }

  /** The value in force. Parsed once, so cheap enough for every request. */
  get<Name extends BrokerKeyName>(name: Name): BrokerValue<Name> {
    let value = this.#values.get(name);
    if (value === undefined) {
      value = this.#parse(name);
      this.#values.set(name, value);
    }
    return value as BrokerValue<Name>;
  }

  /** The same for one listener, or a SASL mechanism there, which may have a value of its own. */
  ofListener<Name extends ListenerKeyName>(name: Name, scope: ListenerScope): BrokerValue<Name> {
    for (const each of listenerKeyNames(name, scope)) {
      for (const { values } of this.layers) {
        const text = values.get(each);
        const parsed = text === undefined ? undefined : parseType(brokerKeys[name].type, text);
        if (parsed !== undefined && "value" in parsed) return parsed.value as BrokerValue<Name>;
      }
    }
    return this.get(name);
  }

  /** The protocol that clients of a listener speak. */
  protocolOf(listener: string): SecurityProtocol {
    return securityProtocol(listener, this.get("listener.security.protocol.map")) ?? "PLAINTEXT";
  }

  /** Whether any layer has `name`. */
  isSet(name: BrokerKeyName): boolean {
    return this.layers.some((layer) => layer.values.has(name));
  }

  /** node.id, or broker.id where only that is set. */
  get nodeId(): BrokerId {
    const brokerId = this.get("broker.id");
    return this.isSet("node.id") || brokerId < 0 ? this.get("node.id") : brokerId;
  }

  /** The data directories. The first one is where the cluster's metadata is kept. */
  get dataFolders(): readonly string[] {
    return this.get("log.dirs") ?? this.get("log.dir");
  }

  /** Whether everything is kept in memory. */
  get ephemeral(): boolean {
    return this.get("ottla.ephemeral");
  }

  /** Where to listen for clients, the controller's listeners left out. Host "" is any address. */
  get listeners(): readonly ListenerAddress[] {
    const controllers = this.get("controller.listener.names").map((name) => name.toUpperCase());
    return validListeners(this.get("listeners")).filter(({ name }) => !controllers.includes(name));
  }

  /**
   * The listener that brokers use among themselves, whether there is one of this name or not. Where
   * there is one listener and nothing is set, that one.
   */
  get interBrokerListener(): string {
    const name = this.get("inter.broker.listener.name");
    if (name !== null) return name.toUpperCase();
    const [only, ...others] = this.listeners;
    const isSaid = this.isSet("security.inter.broker.protocol");
    if (only !== undefined && others.length === 0 && !isSaid) return only.name;
    return this.get("security.inter.broker.protocol");
  }

  /** What to tell clients of listener `name`; undefined: the address that they have reached. */
  advertised(name: string): ListenerAddress | undefined {
    const advertised = validListeners(this.get("advertised.listeners") ?? []);
    const found = advertised.find((listener) => listener.name === name);
    return found?.host === "" ? undefined : found;
  }

  /** What the logs of a topic with these overrides work by. */
  topicLogConfig(overrides: TopicOverrides): LogConfig {
    return topicLogConfig(this.layers, overrides);
  }

  /** A topic's configuration for DescribeConfigs, sorted, with all synonyms and documentation. */
  describeTopic(overrides: TopicOverrides): DescribedConfig[] {
    return describeTopic(this.layers, overrides);
  }

  /** This broker's configuration likewise. */
  describeBroker(): DescribedConfig[] {
    return describeBroker(this.layers);
  }

  /** A group's likewise. `defaults`: what holds where nothing is set for it. */
  describeGroup(
    values: ReadonlyMap<string, string>,
    defaults: ReadonlyMap<string, string>,
  ): DescribedConfig[] {
    const { layers } = this;
    return describeResource(groupKeys, { values, defaults, layers, source: ConfigSource.GROUP });
  }

  #parse(name: BrokerKeyName): ConfigValue {
    for (const { text } of layeredTexts(this.layers, name)) {
      const parsed = parseType(brokerKeys[name].type, text);
      if ("value" in parsed) return parsed.value;
    }
    return null;
  }
}

function validListeners(entries: readonly string[]): readonly ListenerAddress[] {
  const parsed = parseListeners(entries);
  return "listeners" in parsed ? parsed.listeners : [];
}
