// A topic's configuration: its overrides over the broker's synonyms over the defaults.
//
//   retention.ms:  override  >  log.retention.ms  >  log.retention.minutes  >  log.retention.hours
//
// Overrides are validated when a client sets them (validateTopicConfigs). What is read back from
// the metadata log is trusted further than that: a Kafka of another version may have stored a
// value that is out of today's bounds, and its topic must open all the same.

import { entryOf } from "../../base/items.ts";
import type { LogConfig } from "../../log/mod.ts";
import { compressionTypes } from "../../records/mod.ts";
import { type ConfigLayer, defaultValue, layeredTexts } from "./layers.ts";
import { type BrokerKeyName, brokerKeys, type TopicKeyName, topicKeys } from "./broker_table.ts";
import { type ConfigKey, parseType, parseValue, type ValueByType } from "./values.ts";

type Table = typeof topicKeys;

/** A topic value's type, or null when the key has no default. */
export type TopicValue<Name extends TopicKeyName> =
  | ValueByType[Table[Name]["type"]]
  | (Table[Name]["default"] extends null ? null : never);

/** Overrides by topic key, as stored in the metadata. */
export type TopicOverrides = ReadonlyMap<string, string>;

/** One place that gives, or would give, a topic key its value. */
export interface TopicSynonym {
  /** The topic key itself, or one of its broker keys. */
  readonly name: string;
  readonly text: string;
  /** A ConfigSource. */
  readonly source: number;
}

/** What gives `name` its value without an override, the one in force first, defaults last. */
export function topicSynonyms(layers: readonly ConfigLayer[], name: TopicKeyName): TopicSynonym[] {
  const synonyms: TopicSynonym[] = [];
  const names: readonly BrokerKeyName[] = topicKeys[name].synonyms;
  for (const synonym of names) {
    for (const { text, source } of layeredTexts(layers, synonym)) {
      synonyms.push({ name: synonym, text, source });
    }
  }
  // ConfigSource grows as precedence falls, and the sort keeps the order of the names.
  return synonyms.sort((a, b) => a.source - b.source);
}

/** The value of one topic key. */
export function topicValue<Name extends TopicKeyName>(
  layers: readonly ConfigLayer[],
  options: { readonly name: Name; readonly overrides: TopicOverrides },
): TopicValue<Name> {
  const key: ConfigKey = topicKeys[options.name];
  const override = options.overrides.get(options.name);
  if (override !== undefined) {
    const parsed = parseType(key.type, override);
    if ("value" in parsed) return parsed.value as TopicValue<Name>;
  }
  for (const synonym of topicSynonyms(layers, options.name)) {
    const brokerKey: ConfigKey = brokerKeys[synonym.name as BrokerKeyName];
    const parsed = parseType(brokerKey.type, synonym.text);
    if (!("value" in parsed)) continue;
    const { value } = parsed;
    const inMs = brokerKey.unitMs === undefined ? value : (value as number) * brokerKey.unitMs;
    return inMs as TopicValue<Name>;
  }
  return defaultValue(key) as TopicValue<Name>;
}

/** What the log of one of the topic's partitions works by. */
export function topicLogConfig(
  layers: readonly ConfigLayer[],
  overrides: TopicOverrides,
): LogConfig {
  const value = <Name extends TopicKeyName>(name: Name) => topicValue(layers, { name, overrides });
  // Kafka reads any negative retention as "unlimited".
  return {
    segmentBytes: value("internal.segment.bytes") ?? value("segment.bytes"),
    segmentMs: value("segment.ms"),
    segmentJitterMs: value("segment.jitter.ms"),
    segmentIndexBytes: value("segment.index.bytes"),
    indexIntervalBytes: value("index.interval.bytes"),
    retentionMs: Math.max(-1, value("retention.ms")),
    retentionBytes: Math.max(-1, value("retention.bytes")),
    maxMessageBytes: value("max.message.bytes"),
    ...topicCompression(value),
    unpackedBytesMax: Number(brokerText(layers, "socket.request.max.bytes")),
    messageTimestampType: value("message.timestamp.type") as LogConfig["messageTimestampType"],
    messageTimestampBeforeMaxMs: value("message.timestamp.before.max.ms"),
    messageTimestampAfterMaxMs: value("message.timestamp.after.max.ms"),
    cleanupPolicy: value("cleanup.policy") as LogConfig["cleanupPolicy"],
    minCleanableDirtyRatio: value("min.cleanable.dirty.ratio"),
    minCompactionLagMs: value("min.compaction.lag.ms"),
    maxCompactionLagMs: value("max.compaction.lag.ms"),
    deleteRetentionMs: value("delete.retention.ms"),
    flushMessages: value("flush.messages"),
    flushMs: value("flush.ms"),
    acksAllSyncMs: acksAllSyncMs(value("ottla.acks.all.sync")),
    fileDeleteDelayMs: value("file.delete.delay.ms"),
    producerIdExpirationMs: Number(brokerText(layers, "producer.id.expiration.ms")),
    transactionsAreVerified: brokerText(layers, "transaction.partition.verification.enable") ===
      "true",
  };
}

/** `interval:500` is 500, `always` 0, `never` Infinity. */
function acksAllSyncMs(text: string): number {
  if (text === "never") return Infinity;
  return text === "always" ? 0 : Number(text.slice(text.indexOf(":") + 1));
}

type ReadValue = <Name extends TopicKeyName>(name: Name) => TopicValue<Name>;

/** The codec in our words, and its level where that is not the codec's own. */
function topicCompression(value: ReadValue): Pick<LogConfig, "compression" | "compressionLevel"> {
  const wanted = value("compression.type");
  const compression = compressionTypes.find((type) => type === wanted);
  switch (compression) {
    case "gzip": {
      const level = value("compression.gzip.level");
      return { compression, compressionLevel: level > 0 ? level : undefined };
    }
    case "zstd":
      return { compression, compressionLevel: value("compression.zstd.level") };
    case undefined: {
      const isUncompressed = wanted === "uncompressed";
      return { compression: isUncompressed ? "none" : "producer", compressionLevel: undefined };
    }
    default:
      return { compression, compressionLevel: undefined };
  }
}

/** A broker's key that holds for all topics. */
function brokerText(
  layers: readonly ConfigLayer[],
  name:
    | "producer.id.expiration.ms"
    | "socket.request.max.bytes"
    | "transaction.partition.verification.enable",
): string | null {
  return layeredTexts(layers, name)[0]?.text ?? null;
}

/** One override that a client asks for. */
export interface TopicConfigEntry {
  readonly name: string;
  readonly value: string | null;
}

/** What is wrong with `entries`, for INVALID_CONFIG; undefined when they can be stored. */
export function validateTopicConfigs(entries: readonly TopicConfigEntry[]): string | undefined {
  const nulls = entries.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length > 0) return `Null value not supported for topic configs: ${nulls.join(",")}`;
  for (const { name, value } of entries) {
    const key = entryOf<ConfigKey>(topicKeys, name);
    if (key === undefined) return `Unknown topic config name: ${name}`;
    const parsed = parseValue(key, value!);
    if ("problem" in parsed) {
      return `Invalid value ${value} for configuration ${name}: ${parsed.problem}`;
    }
    if (key.refused !== undefined && parsed.text !== key.default) {
      return `${name}=${parsed.text} cannot be honoured: ${key.refused}`;
    }
  }
  return lagProblem(entries);
}

/** Sentences for the log about `entries` that are stored and have no effect yet. */
export function topicConfigWarnings(entries: readonly TopicConfigEntry[]): string[] {
  const warnings: string[] = [];
  for (const { name, value } of entries) {
    const key = entryOf<ConfigKey>(topicKeys, name);
    if (key?.ignored !== undefined && value !== key.default) {
      warnings.push(`${name} has no effect: ${key.ignored}`);
    }
  }
  return warnings;
}

function lagProblem(entries: readonly TopicConfigEntry[]): string | undefined {
  const lag = (name: "min.compaction.lag.ms" | "max.compaction.lag.ms") =>
    Number(entries.find((entry) => entry.name === name)?.value ?? topicKeys[name].default);
  const [min, max] = [lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms")];
  if (min <= max) return undefined;
  return `min.compaction.lag.ms (${min}) must not be above max.compaction.lag.ms (${max})`;
}
