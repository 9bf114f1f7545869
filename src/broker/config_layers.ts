// The values in force: one typed getter over layers of text.
//
//   get(key)   first layer that has the key -> parsed value;  none -> the table's default
//   layers     dynamic for this broker (2) > dynamic for the cluster (3) > static (4) > default (5)
//
// Invariant: what is in a layer was validated on its way in; a value that does not parse any more
// falls through to the next layer. The numbers are Kafka's ConfigSource bytes.

import { assert } from "../base/assert.ts";
import type { BrokerId } from "../base/ids.ts";
import { type ListenerAddress, parseListeners } from "./config_listeners.ts";
import { type BrokerKeyName, brokerKeys } from "./config_table.ts";
import { type ConfigKey, type ConfigValue, parseType, type ValueByType } from "./config_values.ts";

/** Where a value comes from: the ConfigSource byte of DescribeConfigs. */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
} as const;

/** Text values by key, all from one source. */
export interface ConfigLayer {
  /** A {@link ConfigSource}. */
  readonly source: number;
  readonly values: ReadonlyMap<string, string>;
}

type Table = typeof brokerKeys;

/** What `get` returns for a key: its type, or null when it has no default. */
export type BrokerValue<Name extends BrokerKeyName> =
  | ValueByType[Table[Name]["type"]]
  | (Table[Name]["default"] extends null ? null : never);

/** The configuration in force. Layers come highest precedence first. */
export class BrokerConfig {
  readonly layers: readonly ConfigLayer[];
  readonly #values = new Map<BrokerKeyName, ConfigValue>();

  constructor(layers: readonly ConfigLayer[]) {
    this.layers = layers;
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

  /** Whether any layer has `name`. */
  isSet(name: BrokerKeyName): boolean {
    return this.layers.some((layer) => layer.values.has(name));
  }

  /** node.id, or broker.id where only that is set. */
  get nodeId(): BrokerId {
    const brokerId = this.get("broker.id");
    return this.isSet("node.id") || brokerId < 0 ? this.get("node.id") : brokerId;
  }

  /** The data folder. */
  get dataFolder(): string {
    return (this.get("log.dirs") ?? this.get("log.dir"))[0];
  }

  /** Whether everything is kept in memory. */
  get ephemeral(): boolean {
    return this.get("ottla.ephemeral");
  }

  /** Where to listen for clients; the controller's listeners are left out. Host "" is any address. */
  get listeners(): readonly ListenerAddress[] {
    const controllers = this.get("controller.listener.names").map((name) => name.toUpperCase());
    return validListeners(this.get("listeners")).filter(({ name }) => !controllers.includes(name));
  }

  /** What to tell clients of listener `name`; undefined: the address that they have reached. */
  advertised(name: string): ListenerAddress | undefined {
    const advertised = validListeners(this.get("advertised.listeners") ?? []);
    const found = advertised.find((listener) => listener.name === name);
    return found?.host === "" ? undefined : found;
  }

  #parse(name: BrokerKeyName): ConfigValue {
    const key: ConfigKey = brokerKeys[name];
    for (const { values } of this.layers) {
      const text = values.get(name);
      if (text === undefined) continue;
      const parsed = parseType(key.type, text);
      if ("value" in parsed) return parsed.value;
    }
    return defaultValue(key);
  }
}

/** The default as a value. */
export function defaultValue(key: ConfigKey): ConfigValue {
  if (key.default === null) return null;
  const parsed = parseType(key.type, key.default);
  assert("value" in parsed, "a default must parse");
  return parsed.value;
}

function validListeners(entries: readonly string[]): readonly ListenerAddress[] {
  const parsed = parseListeners(entries);
  return "listeners" in parsed ? parsed.listeners : [];
}
