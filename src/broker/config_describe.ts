// What DescribeConfigs and CreateTopics answer about configuration: each key with its value as text,
// where that value comes from, and the synonyms that would take its place.
//
//   retention.ms = 3600000 (TOPIC)
//     synonyms: retention.ms=3600000 (TOPIC), log.retention.hours=24 (STATIC_BROKER),
//               log.retention.hours=168 (DEFAULT)
//
// Differs from Kafka: synonyms in another unit are listed, and count as the source; Kafka hides them
// and calls such a value a default.

import { type BrokerConfig, ConfigSource } from "./config_layers.ts";
import { type BrokerKeyName, brokerKeys, type TopicKeyName, topicKeys } from "./config_table.ts";
import { type TopicOverrides, topicSynonyms, topicValue } from "./config_topics.ts";
import {
  type ConfigKey,
  type ConfigValue,
  isSensitive,
  parseType,
  typeCode,
} from "./config_values.ts";

/** One entry of DescribeConfigs, in the protocol's field names. */
export interface DescribedConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  /** A {@link ConfigSource}. */
  readonly configSource: number;
  /** Version 0's way to say that the source is DEFAULT. */
  readonly isDefault: boolean;
  readonly isSensitive: boolean;
  /** Highest precedence first, the one in force included; empty when not asked for. */
  readonly synonyms: readonly DescribedSynonym[];
  readonly configType: number;
  /** null when not asked for. */
  readonly documentation: string | null;
}

export interface DescribedSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** What to describe. */
export interface DescribeOptions {
  /** The keys asked for; null or absent for all. Unknown ones are left out, as in Kafka. */
  readonly keys?: readonly string[] | null;
  readonly includeSynonyms?: boolean;
  readonly includeDocumentation?: boolean;
}

/** This broker's configuration, sorted by name. */
export function describeBroker(
  config: BrokerConfig,
  options: DescribeOptions = {},
): DescribedConfig[] {
  const names = chosen(Object.keys(brokerKeys) as BrokerKeyName[], options);
  return names.filter((name) => !isInternal(brokerKeys[name])).map((name) => {
    const key: ConfigKey = brokerKeys[name];
    const synonyms = brokerSynonyms(config, name);
    return describe(key, { name, text: synonyms[0]?.value ?? null, synonyms }, options);
  });
}

/** The cluster-wide defaults that were set while running: resource "" of type broker. */
export function describeClusterDefault(
  config: BrokerConfig,
  options: DescribeOptions = {},
): DescribedConfig[] {
  const layer = config.layers.find(({ source }) => source === ConfigSource.DYNAMIC_DEFAULT_BROKER);
  if (layer === undefined) return [];
  return describeBroker(config, options).filter(({ name }) => layer.values.has(name));
}

/** A topic's configuration, sorted by name. */
export function describeTopic(
  config: BrokerConfig,
  options: DescribeOptions & { readonly overrides: TopicOverrides },
): DescribedConfig[] {
  const { overrides } = options;
  const names = chosen(Object.keys(topicKeys) as TopicKeyName[], options);
  const shown = names.filter((name) => !isInternal(topicKeys[name]) || overrides.has(name));
  return shown.map((name) => {
    const key: ConfigKey = topicKeys[name];
    const synonyms: DescribedSynonym[] = topicSynonyms(config, name)
      .map((synonym) => ({ name: synonym.name, value: synonym.text, source: synonym.source }));
    const override = overrides.get(name);
    if (override !== undefined) {
      synonyms.unshift({ name, value: override, source: ConfigSource.TOPIC });
    }
    return describe(key, { name, text: topicText(config, { name, overrides }), synonyms }, options);
  });
}

function chosen<Name extends string>(all: Name[], options: DescribeOptions): Name[] {
  const { keys } = options;
  const wanted = keys && keys.length > 0 ? all.filter((name) => keys.includes(name)) : all;
  return wanted.sort();
}

function isInternal(key: ConfigKey): boolean {
  return key.internal === true;
}

function brokerSynonyms(config: BrokerConfig, name: BrokerKeyName): DescribedSynonym[] {
  const synonyms: DescribedSynonym[] = [];
  for (const { source, values } of config.layers) {
    const value = values.get(name);
    if (value !== undefined) synonyms.push({ name, value, source });
  }
  const value = brokerKeys[name].default;
  if (value !== null) synonyms.push({ name, value, source: ConfigSource.DEFAULT });
  return synonyms;
}

/** The text in force: as written where that is this key's unit, else in this key's unit. */
function topicText(
  config: BrokerConfig,
  options: { readonly name: TopicKeyName; readonly overrides: TopicOverrides },
): string | null {
  const { name, overrides } = options;
  const key: ConfigKey = topicKeys[name];
  const synonym = topicSynonyms(config, name)[0];
  const brokerKey: ConfigKey | undefined = brokerKeys[synonym?.name as BrokerKeyName];
  const text = overrides.get(name) ??
    (synonym === undefined ? key.default : brokerKey?.unitMs === undefined ? synonym.text : null);
  if (text === null) return valueText(topicValue(config, options));
  const parsed = parseType(key.type, text);
  return "text" in parsed ? parsed.text : valueText(topicValue(config, options));
}

function valueText(value: ConfigValue): string | null {
  return value === null ? null : String(value);
}

function describe(
  key: ConfigKey,
  found: {
    readonly name: string;
    readonly text: string | null;
    readonly synonyms: readonly DescribedSynonym[];
  },
  options: DescribeOptions,
): DescribedConfig {
  const sensitive = isSensitive(key);
  const configSource = found.synonyms[0]?.source ?? ConfigSource.DEFAULT;
  const synonyms = options.includeSynonyms ? found.synonyms : [];
  return {
    name: found.name,
    value: sensitive ? null : found.text,
    // Topic keys can always be altered.
    readOnly: !("synonyms" in key) && key.update === undefined,
    configSource,
    isDefault: configSource === ConfigSource.DEFAULT,
    isSensitive: sensitive,
    synonyms: sensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
    configType: typeCode(key.type),
    documentation: options.includeDocumentation ? key.doc : null,
  };
}
