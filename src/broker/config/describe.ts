// What DescribeConfigs and CreateTopics answer about configuration: each key with its value as
// text, where that value comes from, and the synonyms that would take its place.
//
//   retention.ms = 3600000 (TOPIC)
//     synonyms: retention.ms=3600000 (TOPIC), log.retention.hours=24 (STATIC_BROKER),
//               log.retention.hours=168 (DEFAULT)
//
// Differs from Kafka: DescribeConfigs lists a topic key's synonyms in another unit, such as
// log.retention.hours for retention.ms, and names them as the source; Kafka hides them and calls
// such a value a default. For a key of the broker they are not listed; Kafka lists them once it is
// set.

import { entryOf } from "../../base/items.ts";
import { type ConfigLayer, ConfigSource, layeredTexts } from "./layers.ts";
import { type BrokerKeyName, brokerKeys, type TopicKeyName, topicKeys } from "./broker_table.ts";
import { listenerKeyOf } from "./listener_keys.ts";
import { type TopicOverrides, topicSynonyms, topicValue } from "./topics.ts";
import { type ConfigKey, type ConfigValue, isSensitive, parseType, typeCode } from "./values.ts";

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
  /** Highest precedence first, the one in force included. */
  readonly synonyms: readonly DescribedSynonym[];
  readonly configType: number;
  readonly documentation: string;
}

export interface DescribedSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** This broker's configuration, sorted by name; of listeners' own keys those that are set. */
export function describeBroker(layers: readonly ConfigLayer[]): DescribedConfig[] {
  const names = Object.keys(brokerKeys) as BrokerKeyName[];
  const own = names.flatMap((name) => {
    const key: ConfigKey = brokerKeys[name];
    const synonyms = synonymsOf(layers, name);
    const isSet = synonyms.some(({ source }) => source !== ConfigSource.DEFAULT);
    if (isInternal(key) || (key.listedWhenSet && !isSet)) return [];
    return [describe(key, { name, text: synonyms[0]?.value ?? null, synonyms })];
  });
  return [...own, ...describeListeners(layers)].sort((a, b) => byName([a.name, 0], [b.name, 0]));
}

function synonymsOf(layers: readonly ConfigLayer[], name: BrokerKeyName): DescribedSynonym[] {
  return layeredTexts(layers, name).map(({ text, source }) => ({ name, value: text, source }));
}

/** Keys such as listener.name.outside.max.connections. */
function describeListeners(layers: readonly ConfigLayer[]): DescribedConfig[] {
  const names = new Set(layers.flatMap(({ values }) => [...values.keys()]));
  return [...names].flatMap((name) => {
    const key = listenerKeyOf(name);
    if (key === undefined) return [];
    const set = layers.flatMap(({ source, values }) => {
      const value = values.get(name);
      return value === undefined ? [] : [{ name, value, source }];
    });
    const synonyms = [...set, ...synonymsOf(layers, key)];
    return [describe(brokerKeys[key], { name, text: synonyms[0]?.value ?? null, synonyms })];
  });
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** What is set for all brokers of the cluster, sorted by name. */
export function describeClusterDefault(values: ReadonlyMap<string, string>): DescribedConfig[] {
  const source = ConfigSource.DYNAMIC_DEFAULT_BROKER;
  return [...values].sort(byName).map(([name, value]) => {
    const synonyms = [{ name, value, source }];
    const key = entryOf<ConfigKey>(brokerKeys, name);
    if (key !== undefined) return describe(key, { name, text: value, synonyms });
    // Set by a Kafka that knew the key, or had a plugin that did. Its value may be a secret.
    const hidden = { value: null, readOnly: true, configSource: source, isSensitive: true };
    const said = { isDefault: false, configType: 0, documentation: "Not known here." };
    return { ...hidden, ...said, name, synonyms: [{ name, value: null, source }] };
  });
}

/** A key of a group, or of what clients are asked to measure. */
export interface ResourceKey extends ConfigKey {
  /** The broker key that Kafka names for the default. */
  readonly synonym?: string;
  /** The form of the text, and how to say it. */
  readonly form?: { readonly pattern: RegExp; readonly said: string };
}

/**
 * The configuration of a group or of client metrics: all its keys, sorted by name. `defaults`: of
 * keys whose default is not the table's.
 */
export function describeResource(
  keys: Readonly<Record<string, ResourceKey>>,
  set: {
    readonly values: ReadonlyMap<string, string>;
    readonly source: number;
    readonly defaults?: ReadonlyMap<string, string>;
    /** Where the broker's own keys are set. */
    readonly layers?: readonly ConfigLayer[];
  },
): DescribedConfig[] {
  return Object.entries(keys).sort(byName).map(([name, key]) => {
    const synonyms: DescribedSynonym[] = [];
    const value = set.values.get(name);
    if (value !== undefined) synonyms.push({ name, value, source: set.source });
    const otherwise = set.defaults?.get(name) ?? key.default;
    const { synonym } = key;
    if (synonym !== undefined) {
      const isKey = Object.hasOwn(brokerKeys, synonym);
      const texts = isKey ? layeredTexts(set.layers ?? [], synonym as BrokerKeyName) : [];
      const [first, ...others] = texts;
      const source = first?.source ?? ConfigSource.DEFAULT;
      synonyms.push({ name: synonym, value: otherwise, source });
      for (const other of others) {
        synonyms.push({ name: synonym, value: other.text, source: other.source });
      }
    }
    return { ...describe(key, { name, text: value ?? otherwise, synonyms }), readOnly: false };
  });
}

/** A topic's configuration, sorted by name. */
export function describeTopic(
  layers: readonly ConfigLayer[],
  overrides: TopicOverrides,
): DescribedConfig[] {
  const names = (Object.keys(topicKeys) as TopicKeyName[]).sort();
  const shown = names.filter((name) => !isInternal(topicKeys[name]) || overrides.has(name));
  return shown.map((name) => {
    const synonyms: DescribedSynonym[] = topicSynonyms(layers, name)
      .map((synonym) => ({ name: synonym.name, value: synonym.text, source: synonym.source }));
    const override = overrides.get(name);
    if (override !== undefined) {
      synonyms.unshift({ name, value: override, source: ConfigSource.TOPIC });
    }
    const text = topicText(layers, { name, overrides });
    return describe(topicKeys[name], { name, text, synonyms });
  });
}

function isInternal(key: ConfigKey): boolean {
  return key.internal === true;
}

/** The text in force: as written where that is this key's unit, else in this key's unit. */
function topicText(
  layers: readonly ConfigLayer[],
  options: { readonly name: TopicKeyName; readonly overrides: TopicOverrides },
): string | null {
  const { name, overrides } = options;
  const key: ConfigKey = topicKeys[name];
  const synonym = topicSynonyms(layers, name)[0];
  const brokerKey: ConfigKey | undefined = brokerKeys[synonym?.name as BrokerKeyName];
  const text = overrides.get(name) ??
    (synonym === undefined ? key.default : brokerKey?.unitMs === undefined ? synonym.text : null);
  if (text === null) return valueText(topicValue(layers, options));
  const parsed = parseType(key.type, text);
  return "text" in parsed ? parsed.text : valueText(topicValue(layers, options));
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
): DescribedConfig {
  const sensitive = isSensitive(key);
  const configSource = found.synonyms[0]?.source ?? ConfigSource.DEFAULT;
  const { synonyms } = found;
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
    documentation: key.doc,
  };
}
