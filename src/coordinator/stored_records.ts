// Every kind of record in the coordinators' topics, for those who look into them: the coordinators
// themselves read only their own (records.ts).
//
//   key = int16 type | fields at version 0     value = int16 version | fields
//
// Loaded only when asked for: a broker does not need the tables.

import { BytesReader } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { AnyMessage, RecordTable } from "../protocol/schema.ts";
import * as consumerGroup from "./consumer_group_records.ts";
import * as classicGroup from "./records.ts";
import * as shareGroup from "./share_group_records.ts";
import * as shareState from "./share_state_records.ts";
import * as streamsGroup from "./streams_group_records.ts";
import * as transaction from "./transaction_records.ts";

interface Kind {
  readonly name: string;
  readonly key: AnyMessage;
  readonly value: AnyMessage;
}

const groupKinds = kindsOf({ ...classicGroup, ...consumerGroup, ...shareGroup, ...streamsGroup });
groupKinds.set(classicGroup.LegacyOffsetCommitKey.key, {
  name: "OffsetCommit",
  key: classicGroup.LegacyOffsetCommitKey,
  value: classicGroup.OffsetCommitValue,
});

const kindsOfTopic: Readonly<Record<string, ReadonlyMap<number, Kind>>> = {
  __consumer_offsets: groupKinds,
  __transaction_state: kindsOf({ ...transaction }),
  __share_group_state: kindsOf({ ...shareState }),
};

/** Key and value of a record as its tables have them; a tombstone's value is null. */
export interface StoredRecord {
  readonly type: string;
  readonly key: unknown;
  readonly version: number | undefined;
  readonly value: unknown;
}

/**
 * A record of one of the coordinators' topics; undefined for other topics and for types without a
 * table. Throws DecodeFault when the bytes do not fit.
 */
export function decodeStored(
  topic: string,
  record: { readonly key: Uint8Array | null; readonly value: Uint8Array | null },
): StoredRecord | undefined {
  const kinds = kindsOfTopic[topic];
  if (kinds === undefined || record.key === null) return undefined;
  const keyReader = new BytesReader(record.key);
  const kind = kinds.get(keyReader.int16());
  if (kind === undefined) return undefined;
  const key = whole(kind.key, keyReader, 0);
  if (record.value === null) return { type: kind.name, key, version: undefined, value: null };
  const valueReader = new BytesReader(record.value);
  const version = valueReader.int16();
  return { type: kind.name, key, version, value: whole(kind.value, valueReader, version) };
}

function whole(table: AnyMessage, reader: BytesReader, version: number): unknown {
  const fields = table.decode(reader, version);
  if (reader.remaining === 0) return fields;
  throw new DecodeFault(`${table.name} v${version}: ${reader.remaining} bytes too many`);
}

/** The pairs `XKey` and `XValue` among a module's tables, by the key's type. */
function kindsOf(tables: Readonly<Record<string, unknown>>): Map<number, Kind> {
  const kinds = new Map<number, Kind>();
  for (const [name, table] of Object.entries(tables)) {
    const value = tables[name.replace(/Key$/, "Value")] as RecordTable | undefined;
    if (!name.endsWith("Key") || value === undefined) continue;
    const key = table as RecordTable;
    kinds.set(key.key, { name: name.slice(0, -"Key".length), key, value });
  }
  return kinds;
}
