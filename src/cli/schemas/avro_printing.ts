// Values of Avro's binary encoding as text, in the JSON encoding of its specification, which other
// tools print and take, too:
//
//   record {"id":7}   enum "PAID"   union null, or {"string":"x"}   bytes "\u00ff" (ISO 8859-1)
//
// Invariant: a value has no more items than its bytes and `emptyItemsMax` allow, however it nests.

import { BytesReader } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";
import { type AvroType, branchName } from "./avro_schema.ts";

const depthMax = 200;
/** So many items of arrays may take no bytes, as those of type null. */
const emptyItemsMax = 10_000;

/** The JSON text of what `content` holds. Throws DecodeFault where it is none of `type`. */
export function avroJson(type: AvroType, content: Uint8Array): string {
  const reader = new BytesReader(content);
  const text = read(type, { reader, itemsLeft: content.length + emptyItemsMax }, 0);
  if (reader.remaining === 0) return text;
  throw new DecodeFault(`${reader.remaining} bytes are left behind the value`);
}

/** The reading of one value. */
interface Reading {
  readonly reader: BytesReader;
  /** Of all arrays and maps in it. */
  itemsLeft: number;
}

function read(type: AvroType, reading: Reading, depth: number): string {
  const { reader } = reading;
  if (depth > depthMax) throw new DecodeFault(`a value is nested more than ${depthMax} times`);
  switch (type.kind) {
    case "null":
      return "null";
    case "boolean":
      return reader.boolean() ? "true" : "false";
    case "int":
    case "long":
      return `${reader.varlong()}`;
    case "float":
      return numberText(shortest(floats(reader, 4).getFloat32(0, true)));
    case "double":
      return numberText(floats(reader, 8).getFloat64(0, true));
    case "bytes":
      return latin(reader.slice(lengthOf(reader)));
    case "fixed":
      return latin(reader.slice(type.size));
    case "string":
      return JSON.stringify(reader.text(lengthOf(reader)));
    case "enum":
      return JSON.stringify(chosen(type.symbols, reader));
    case "record": {
      const fields = type.fields.map((field) =>
        `${JSON.stringify(field.name)}:${read(field.type, reading, depth + 1)}`
      );
      return `{${fields.join(",")}}`;
    }
    case "array":
      return `[${blocks(reading, () => read(type.items, reading, depth + 1)).join(",")}]`;
    case "map": {
      const entry = () => {
        const name = reader.text(lengthOf(reader));
        return `${JSON.stringify(name)}:${read(type.values, reading, depth + 1)}`;
      };
      return `{${blocks(reading, entry).join(",")}}`;
    }
    case "union": {
      const branch = chosen(type.branches, reader);
      const text = read(branch, reading, depth + 1);
      return branch.kind === "null" ? text : `{${JSON.stringify(branchName(branch))}:${text}}`;
    }
  }
}

/** Blocks of items, each with their count, which is negative where their bytes follow it. */
function blocks(reading: Reading, item: () => string): string[] {
  const { reader } = reading;
  const items: string[] = [];
  for (let count = whole(reader); count !== 0; count = whole(reader)) {
    if (count < 0) {
      count = -count;
      lengthOf(reader);
    }
    reading.itemsLeft -= count;
    if (reading.itemsLeft < 0) throw new DecodeFault(`${count} items in ${reader.remaining} bytes`);
    for (let i = 0; i < count; i++) items.push(item());
  }
  return items;
}

function chosen<T>(choices: readonly T[], reader: BytesReader): T {
  const index = whole(reader);
  const choice = choices[index];
  if (choice !== undefined) return choice;
  throw new DecodeFault(`there is no choice ${index} of ${choices.length}`);
}

function whole(reader: BytesReader): number {
  const value = reader.varlong();
  if (typeof value === "number") return value;
  throw new DecodeFault(`a count of ${value}`);
}

function lengthOf(reader: BytesReader): number {
  const length = whole(reader);
  if (length >= 0 && length <= reader.remaining) return length;
  throw new DecodeFault(`${length} bytes of ${reader.remaining}`);
}

function floats(reader: BytesReader, length: number): DataView {
  const { buffer, byteOffset } = reader.slice(length);
  return new DataView(buffer, byteOffset, length);
}

/** The shortest number that is the same float: 1.1, not 1.10000002384185791015625. */
function shortest(float: number): number {
  for (let digits = 6; digits <= 8; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return float;
}

/** JSON has no word for what is no number. */
function numberText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isFinite(value) ? `${value}` : `"${value}"`;
}

function latin(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return JSON.stringify(text);
}
