// Layers of configuration text, highest precedence first. The numbers are Kafka's ConfigSource.
//
//   dynamic for this broker (2) > dynamic for the cluster (3) > static (4) > default (5)
//
// A topic's own overrides (1) lie above them all; they are kept with the topic. What is dynamic is
// kept in the metadata log: clients set it, and it holds from the next look on.

import { assert } from "../../base/assert.ts";
import { type BrokerKeyName, brokerKeys } from "./broker_table.ts";
import { type ConfigKey, type ConfigValue, parseType } from "./values.ts";

/** Where a value comes from: the ConfigSource byte of DescribeConfigs. */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const;

/** Text values by key, all from one source. */
export interface ConfigLayer {
  /** A {@link ConfigSource}. */
  readonly source: number;
  readonly values: ReadonlyMap<string, string>;
}

/** A text and where it is from. */
export interface LayeredText {
  readonly text: string;
  /** A {@link ConfigSource}. */
  readonly source: number;
}

/** Every text that there is for a broker key, the one in force first, its default last. */
export function layeredTexts(
  layers: readonly ConfigLayer[],
  name: BrokerKeyName,
): LayeredText[] {
  const texts: LayeredText[] = [];
  for (const { source, values } of layers) {
    const text = values.get(name);
    if (text !== undefined) texts.push({ text, source });
  }
  const text = brokerKeys[name].default;
  if (text !== null) texts.push({ text, source: ConfigSource.DEFAULT });
  return texts;
}

/** The default as a value. */
export function defaultValue(key: ConfigKey): ConfigValue {
  if (key.default === null) return null;
  const parsed = parseType(key.type, key.default);
  assert("value" in parsed, "a default must parse");
  return parsed.value;
}
