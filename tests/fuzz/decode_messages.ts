// Any message of any table at any version, as fast-check arbitraries made from the tables.
//
// A field that the version lacks has its default, so that decode(encode(message)) must give the
// very same message. A present one takes any value of its type, its default, and null if allowed.

import fc from "fast-check";
import {
  type AnyMessage,
  defaultOf,
  type Field,
  type Fields,
  inRange,
  type WireType,
} from "../../src/protocol/schema.ts";
import { everyTable as everyNamedTable } from "../../scripts/every_table.ts";
import { uuidFromBytes } from "../../src/base/ids.ts";
import { anyInt64 } from "../harness/any_int64.ts";

/** A message of any table. */
export type Message = Record<string, unknown>;

/** Every table that decodes bytes from outside. */
export const everyTable: readonly AnyMessage[] = everyNamedTable().map(({ table }) => table);

/** Calls `visit` for every version of every table. */
export function eachVersion(visit: (table: AnyMessage, version: number) => void): void {
  for (const table of everyTable) {
    for (let version = table.versions.min; version <= table.versions.max; version++) {
      visit(table, version);
    }
  }
}

/** Any message of `fields` at `version`. */
export function anyMessage(fields: Fields, version: number): fc.Arbitrary<Message> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) parts[name] = anyField(field, version);
  return fc.record(parts, { noNullPrototype: true });
}

function anyField(field: Field, version: number): fc.Arbitrary<unknown> {
  const initial = fc.constant(null).map(() => defaultOf(field));
  if (!inRange(version, field.versions)) return initial;
  const values = [{ arbitrary: anyValue(field.wire, version), weight: 6 }];
  if (inRange(version, field.nullableVersions)) {
    values.push({ arbitrary: fc.constant(null), weight: 1 });
  }
  if ((field.default ?? null) !== null) values.push({ arbitrary: initial, weight: 1 });
  return fc.oneof(...values);
}

function anyValue(wire: WireType, version: number): fc.Arbitrary<unknown> {
  switch (wire.kind) {
    case "bool":
      return fc.boolean();
    case "int8":
      return fc.integer({ min: -0x80, max: 0x7f });
    case "int16":
      return fc.integer({ min: -0x8000, max: 0x7fff });
    case "uint16":
      return fc.integer({ min: 0, max: 0xffff });
    case "int32":
      return fc.integer();
    case "uint32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "int64":
      return anyInt64;
    case "float64":
      return fc.double({ noNaN: true }).map((value) => value + 0);
    case "string":
      return fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 20 }));
    case "uuid":
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => uuidFromBytes(bytes));
    case "bytes":
    case "records":
      return fc.uint8Array({ maxLength: 50 });
    case "array":
      return fc.array(anyValue(wire.element, version), { maxLength: 3 });
    case "struct":
      return anyMessage(wire.fields, version);
  }
}
