// Every kind of record in the coordinators' topics, for those who look into them: the coordinators
// themselves read only their own (record_kinds.ts has those of groups).
//
// Loaded only when asked for: a broker does not need the tables.

import type { RecordTable } from "../protocol/schema.ts";
import { decodeKind, type RecordKind, type StoredRecord } from "./record_framing.ts";
import { groupRecordKinds } from "./record_kinds.ts";
import * as shareState from "./share_state/records.ts";
import * as transaction from "./transactions/records.ts";

const kindsOfTopic: Readonly<Record<string, ReadonlyMap<number, RecordKind>>> = {
  __consumer_offsets: groupRecordKinds,
  __transaction_state: kindsOf({ ...transaction }),
  __share_group_state: kindsOf({ ...shareState }),
};

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
  return decodeKind(kinds, record.key, record.value);
}

/** The pairs `XKey` and `XValue` among a module's tables, by the key's type. */
function kindsOf(tables: Readonly<Record<string, unknown>>): Map<number, RecordKind> {
  const kinds = new Map<number, RecordKind>();
  for (const [name, table] of Object.entries(tables)) {
    const value = tables[name.replace(/Key$/, "Value")] as RecordTable | undefined;
    if (!name.endsWith("Key") || value === undefined) continue;
    const key = table as RecordTable;
    kinds.set(key.key, { name: name.slice(0, -"Key".length), key, value });
  }
  return kinds;
}
