// How the coordinators' topics frame their records, whichever kind they are of.
//
//   key = int16 kind | fields at version 0     value = int16 version | fields; null: a tombstone

import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { AnyMessage, RecordTable } from "../protocol/schema.ts";

type FieldsOf = Parameters<AnyMessage["encode"]>[1];

/** A kind of record: its name and its tables. */
export interface RecordKind {
  readonly name: string;
  readonly key: AnyMessage;
  readonly value: AnyMessage;
}

/** Key and value of a record as its tables have them; a tombstone's value is null. */
export interface StoredRecord {
  readonly type: string;
  readonly key: unknown;
  readonly version: number | undefined;
  readonly value: unknown;
}

/**
 * The record with these bytes; undefined for one of another kind. Throws DecodeFault when the bytes
 * do not fit.
 */
export function decodeKind(
  kinds: ReadonlyMap<number, RecordKind>,
  key: Uint8Array,
  value: Uint8Array | null,
): StoredRecord | undefined {
  const keyReader = new BytesReader(key);
  const kind = kinds.get(keyReader.int16());
  if (kind === undefined) return undefined;
  const type = kind.name;
  const keyFields = whole(kind.key, keyReader, 0);
  if (value === null) return { type, key: keyFields, version: undefined, value: null };
  const reader = new BytesReader(value);
  const version = reader.int16();
  return { type, key: keyFields, version, value: whole(kind.value, reader, version) };
}

/** The bytes of a key. */
export function encodeKeyOf(table: RecordTable, fields: FieldsOf): Uint8Array {
  return framed(table, fields, { first: table.key, version: 0 });
}

/** The bytes of a value. */
export function encodeValueOf(table: AnyMessage, fields: FieldsOf, version: number): Uint8Array {
  return framed(table, fields, { first: version, version });
}

/** Most keys and values are no longer; a commit of very many offsets makes two for each. */
const usualBytes = 64;

function framed(
  table: AnyMessage,
  fields: FieldsOf,
  { first, version }: { readonly first: number; readonly version: number },
): Uint8Array {
  const writer = new BytesWriter(usualBytes);
  writer.int16(first);
  table.encode(writer, fields, version);
  return writer.finish();
}

function whole(table: AnyMessage, reader: BytesReader, version: number): unknown {
  const fields = table.decode(reader, version);
  if (reader.remaining === 0) return fields;
  throw new DecodeFault(`${table.name} v${version}: ${reader.remaining} bytes too many`);
}
