// A metadata record as bytes, and back: the value of a record in __cluster_metadata.
//
//   value = uvarint frame version (1) | uvarint key of the type | uvarint version | body
//
// record_tables.ts has the types. Invariant: whatever decodes has no byte left over. A type without
// a table is data ("unknown"): a newer Kafka may have written it, and its reader has to decide.

import { BytesReader, BytesWriter } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";
import type { AnyMessage, MessageInput, MessageOf } from "../../protocol/schema.ts";
import { metadataRecords } from "./record_tables.ts";

export * from "./record_tables.ts";

const frameVersion = 1;

type Tables = typeof metadataRecords;
export type MetadataRecordType = keyof Tables;

/** A decoded record of a known type; `type` tells the fields. */
export type MetadataRecord = {
  [T in MetadataRecordType]: {
    readonly type: T;
    readonly version: number;
    readonly fields: MessageOf<Tables[T]>;
  };
}[MetadataRecordType];

/** A record to be encoded: fields with a default may be left out. Any MetadataRecord is one. */
export type MetadataRecordInput = {
  [T in MetadataRecordType]: {
    readonly type: T;
    readonly version: number;
    readonly fields: MessageInput<Tables[T]>;
  };
}[MetadataRecordType];

/** A record of a type that has no table here. */
export interface UnknownMetadataRecord {
  readonly type: "unknown";
  readonly key: number;
  readonly version: number;
}

const typeOfKey = new Map<number, MetadataRecordType>();
for (const type of Object.keys(metadataRecords) as MetadataRecordType[]) {
  typeOfKey.set(metadataRecords[type].key, type);
}

/** The value bytes of `record`. Throws EncodeFault when its version cannot say its fields. */
export function encodeMetadataRecord(record: MetadataRecordInput): Uint8Array {
  const writer = new BytesWriter();
  writer.uvarint(frameVersion);
  writer.uvarint(metadataRecords[record.type].key);
  writer.uvarint(record.version);
  const table: AnyMessage = metadataRecords[record.type];
  table.encode(writer, record.fields, record.version);
  return writer.finish();
}

/** The record in `value`. Throws DecodeFault on damage and on a version newer than the table's. */
export function decodeMetadataRecord(value: Uint8Array): MetadataRecord | UnknownMetadataRecord {
  return readMetadataRecord(new BytesReader(value));
}

/** The same of all that `reader` has. */
export function readMetadataRecord(reader: BytesReader): MetadataRecord | UnknownMetadataRecord {
  const frame = reader.uvarint();
  if (frame !== frameVersion) throw new DecodeFault(`metadata record in frame version ${frame}`);
  const key = reader.uvarint();
  const version = reader.uvarint();
  const type = typeOfKey.get(key);
  if (type === undefined) return { type: "unknown", key, version };
  const table: AnyMessage = metadataRecords[type];
  const fields = table.decode(reader, version);
  if (reader.remaining > 0) throw new DecodeFault(`${type}: ${reader.remaining} bytes too many`);
  return { type, version, fields } as MetadataRecord;
}
