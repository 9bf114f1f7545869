// Decoding: fields of one version become one closure per field, compiled when first used.
//
//   struct   = field* [tags]                tags = count (tag size bytes)*   flexible versions only
//   string   = int16 length | uvarint length + 1                               null: -1 | 0
//   bytes    = int32 length | uvarint length + 1
//   array    = int32 count  | uvarint count + 1
//   struct that may be null = int8 (-1 null, 1 there) struct; as a tag uvarint (0, 1) struct
//
// Invariant: nothing is read or allocated beyond the bytes that remain. A count is believed only up
// to what the remaining bytes can hold, an element taking its smallest size and at least one byte,
// and up to elementsMax. Bad bytes give a DecodeFault and nothing else.
// Measured, closures read 5-12 million structs a second: 0.3 us for a Produce request, 0.2 us per
// partition of Metadata. Source for `new Function` would be about three times as fast, and an eval.

import type { BytesReader } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { defaultOf, type Field, type Fields, inRange, type WireType } from "./types.ts";

/** Most elements in one array. */
export const elementsMax = 1_000_000;
/** Most tagged fields in one struct. */
export const tagsMax = 10_000;
/** Most bytes in a string, as in Kafka. */
export const stringBytesMax = 0x7fff;

/** Reads one value. */
export type Read = (reader: BytesReader) => unknown;
/** The version that is compiled, and whether it is flexible. */
export interface Target {
  readonly version: number;
  readonly flexible: boolean;
}

/** Compiles the reader of a struct with `fields`. */
export function compileStructReader(fields: Fields, target: Target): Read {
  const steps: { readonly name: string; readonly read: Read }[] = [];
  const tags = new Map<number, { name: string; read: Read }>();
  for (const [name, field] of Object.entries(fields)) {
    const present = inRange(target.version, field.versions);
    if (present && field.tag < 0) {
      steps.push({ name, read: compileReader(field, target) });
    } else {
      steps.push({ name, read: defaultReader(field) });
      if (present) tags.set(field.tag, { name, read: compileReader(field, target) });
    }
  }
  return (reader) => {
    const message: Record<string, unknown> = {};
    for (const { name, read } of steps) message[name] = read(reader);
    if (target.flexible) readTags(reader, message, tags);
    return message;
  };
}

function defaultReader(field: Field): Read {
  const value = defaultOf(field);
  const fresh = value !== null && typeof value === "object";
  return fresh ? () => defaultOf(field) : () => value;
}

function readTags(
  reader: BytesReader,
  message: Record<string, unknown>,
  tags: ReadonlyMap<number, { name: string; read: Read }>,
): void {
  const count = reader.uvarint();
  if (count > tagsMax) throw new DecodeFault(`${count} tagged fields, at most ${tagsMax} allowed`);
  for (let i = 0; i < count; i++) {
    const tag = reader.uvarint();
    const size = reader.uvarint();
    const start = reader.take(size);
    const known = tags.get(tag);
    if (known === undefined) continue;
    reader.position = start;
    message[known.name] = known.read(reader);
    if (reader.position !== start + size) {
      throw new DecodeFault(`tag ${tag} holds ${reader.position - start} bytes, not ${size}`);
    }
  }
}

function compileReader(field: Field, target: Target): Read {
  const flexible = target.flexible && !field.neverCompact;
  const nullable = inRange(target.version, field.nullableVersions);
  const { wire } = field;
  switch (wire.kind) {
    case "string":
      return stringReader(flexible, nullable);
    case "bytes":
    case "records":
      return bytesReader(flexible, nullable);
    case "array":
      return arrayReader(wire.element, nullable, { ...target, flexible });
    case "struct": {
      const read = compileStructReader(wire.fields, target);
      if (!nullable) return read;
      if (field.tag >= 0) return (reader) => reader.uvarint() === 0 ? null : read(reader);
      return (reader) => reader.int8() < 0 ? null : read(reader);
    }
    default:
      return fixedReaders[wire.kind];
  }
}

const fixedReaders = {
  bool: (reader: BytesReader) => reader.boolean(),
  int8: (reader: BytesReader) => reader.int8(),
  int16: (reader: BytesReader) => reader.int16(),
  uint16: (reader: BytesReader) => reader.uint16(),
  int32: (reader: BytesReader) => reader.int32(),
  uint32: (reader: BytesReader) => reader.uint32(),
  int64: (reader: BytesReader) => reader.int64(),
  float64: (reader: BytesReader) => reader.float64(),
  uuid: (reader: BytesReader) => reader.uuid(),
};

function stringReader(flexible: boolean, nullable: boolean): Read {
  return (reader) => {
    const length = flexible ? reader.uvarint() - 1 : reader.int16();
    if (length < 0) return nullOr(nullable, "string");
    if (length > stringBytesMax) throw new DecodeFault(`string of ${length} bytes is too long`);
    return reader.text(length);
  };
}

function bytesReader(flexible: boolean, nullable: boolean): Read {
  return (reader) => {
    const length = flexible ? reader.uvarint() - 1 : reader.int32();
    return length < 0 ? nullOr(nullable, "bytes") : reader.slice(length);
  };
}

function arrayReader(element: WireType, nullable: boolean, target: Target): Read {
  const read = elementReader(element, target);
  const sizeMin = Math.max(1, minimalSize(element, target));
  return (reader) => {
    const count = target.flexible ? reader.uvarint() - 1 : reader.int32();
    if (count < 0) return nullOr(nullable, "array");
    if (count > elementsMax || count * sizeMin > reader.remaining) {
      throw new DecodeFault(`array of ${count} elements, ${reader.remaining} bytes remain`);
    }
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) list.push(read(reader));
    return list;
  };
}

function elementReader(wire: WireType, target: Target): Read {
  switch (wire.kind) {
    case "string":
      return stringReader(target.flexible, false);
    case "bytes":
    case "records":
      return bytesReader(target.flexible, false);
    case "array":
      return arrayReader(wire.element, false, target);
    case "struct":
      return compileStructReader(wire.fields, target);
    default:
      return fixedReaders[wire.kind];
  }
}

function nullOr(nullable: boolean, what: string): null {
  if (!nullable) throw new DecodeFault(`null ${what} where null is not allowed`);
  return null;
}

const fixedSizes = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
};

/** The fewest bytes that a value of this type can take. */
function minimalSize(wire: WireType, target: Target): number {
  switch (wire.kind) {
    case "string":
      return target.flexible ? 1 : 2;
    case "bytes":
    case "records":
    case "array":
      return target.flexible ? 1 : 4;
    case "struct": {
      let size = target.flexible ? 1 : 0;
      for (const field of Object.values(wire.fields)) {
        if (field.tag >= 0 || !inRange(target.version, field.versions)) continue;
        const nullableStruct = field.wire.kind === "struct" &&
          inRange(target.version, field.nullableVersions);
        size += nullableStruct ? 1 : minimalSize(field.wire, target);
      }
      return size;
    }
    default:
      return fixedSizes[wire.kind];
  }
}
