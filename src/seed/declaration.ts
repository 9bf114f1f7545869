// What a cluster is to have: topics with their settings and first records, and groups with their
// offsets. In a program an object, in a file the same as JSON.
//
//   { "topics": { "orders": { "partitions": 3, "records": [{ "key": "7", "value": "paid" }] } },
//     "groups": { "billing": { "offsets": { "orders": "latest" } } } }
//
// Invariant: what has passed the check can be applied, as far as a cluster takes it.

import { messageOf, UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds, show } from "../base/options.ts";
import type { KnownGroupConfigs, KnownTopicConfigs } from "../client/mod.ts";

/** A key, a value or a header's value: text, bytes, null, or anything else as its JSON. */
export type Seeded = string | Uint8Array | null | number | boolean | object;

/** A record to begin with. */
export interface SeedRecord {
  /** Decides the partition, where none is given. */
  readonly key?: Seeded;
  /** What it says; left out or null: a tombstone. */
  readonly value?: Seeded;
  /** By name. */
  readonly headers?: Readonly<Record<string, Seeded>>;
  /** Without one the key decides; records without either take turns. */
  readonly partition?: number;
  /** Milliseconds since the Unix epoch; default: when it is written. */
  readonly timestamp?: number;
}

/** A topic to have. */
export interface SeedTopic {
  /** Default: the broker's `num.partitions`; a topic that has fewer grows. */
  readonly partitions?: number;
  /** Kafka's topic configs by name, such as `{ "retention.ms": 1000 }`. */
  readonly configs?: KnownTopicConfigs;
  /** Written once, while the topic has never had a record; text is a value. */
  readonly records?: readonly (SeedRecord | string)[];
}

/** An offset: a number, or where the partition begins or ends when it is applied. */
export type SeedOffset = number | "earliest" | "latest";

/** Offsets by topic. */
export type SeedOffsets = NonNullable<SeedGroup["offsets"]>;

/** A group to have. */
export interface SeedGroup {
  /** Kafka's group configs by name, such as `{ "share.auto.offset.reset": "earliest" }`. */
  readonly configs?: KnownGroupConfigs;
  /** By topic, for all of its partitions or for each by its number. */
  readonly offsets?: Readonly<Record<string, SeedOffset | Readonly<Record<number, SeedOffset>>>>;
}

/** What a cluster is to have. */
export interface Declaration {
  /** Topics by name. */
  readonly topics?: Readonly<Record<string, SeedTopic>>;
  /** Groups by id; an offset that a group has committed stays. */
  readonly groups?: Readonly<Record<string, SeedGroup>>;
}

const declarationKinds: OptionKinds<Declaration> = { topics: "object", groups: "object" };
const topicKinds: OptionKinds<SeedTopic> = {
  partitions: "count",
  configs: "object",
  records: "list",
};
const recordKinds: OptionKinds<SeedRecord> = {
  key: "any",
  value: "any",
  headers: "object",
  partition: "count",
  timestamp: "count",
};
const groupKinds: OptionKinds<SeedGroup> = { configs: "object", offsets: "object" };

/** `given`, which `where` names in messages. Throws UsageFault for what is none. */
export function checkDeclaration(where: string, given: Declaration): Declaration {
  const { topics = {}, groups = {} } = checkOptions(where, given, declarationKinds);
  for (const [name, topic] of Object.entries(topics)) {
    const at = `${where}: topic ${name}`;
    checkOptions(at, topic, topicKinds);
    for (const record of topic.records ?? []) {
      if (typeof record !== "string") checkOptions(`${at}: a record`, record, recordKinds);
    }
  }
  for (const [id, group] of Object.entries(groups)) {
    const at = `${where}: group ${id}`;
    const { offsets = {} } = checkOptions(at, group, groupKinds);
    for (const [topic, offset] of Object.entries(offsets)) checkOffsets(`${at}: ${topic}`, offset);
  }
  return { topics, groups };
}

function checkOffsets(at: string, given: SeedOffsets[string]): void {
  const offsets = typeof given === "object" && given !== null ? Object.values(given) : [given];
  for (const offset of offsets) {
    const isOffset = offset === "earliest" || offset === "latest" ||
      typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0;
    if (isOffset) continue;
    throw new UsageFault(
      `${at}: an offset is a number, "earliest" or "latest", not ${show(offset)}`,
    );
  }
}

/** The declaration in a file. Throws UsageFault that names the file. */
export function parseDeclaration({ name, text }: { name: string; text: string }): Declaration {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageFault(`${name} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  return checkDeclaration(name, parsed as Declaration);
}
