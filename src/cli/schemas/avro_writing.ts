// Avro's binary encoding of JSON: of its own JSON encoding (avro_printing.ts), and of what people
// write. A value of a union need not say which branch it is of where one fits, and a field that
// has a default may be left out.
//
// What does not fit is refused by its place: `.items[2].amount: 1.5 is no long`.

import { BytesWriter, utf8 } from "../../base/bytes.ts";
import { UsageFault } from "../../base/faults.ts";
import { type Int64, isInt64 } from "../../base/int64.ts";
import { type AvroType, branchName } from "./avro_schema.ts";
import { isJsonObject, type Json, jsonText } from "./exact_json.ts";

const intMin = -(2 ** 31);
const intMax = 2 ** 31 - 1;
const noNumbers: readonly unknown[] = ["NaN", "Infinity", "-Infinity"];

/** The bytes of `value`. Throws UsageFault where it is none of `type`. */
export function avroBytes(type: AvroType, value: Json): Uint8Array {
  const writer = new BytesWriter();
  write(writer, type, { value, path: "" });
  return writer.finish();
}

/** A value, and where it is in the whole. */
interface Placed {
  readonly value: Json;
  readonly path: string;
}

function write(writer: BytesWriter, type: AvroType, { value, path }: Placed): void {
  if (type.kind === "union") return writeUnion(writer, type.branches, { value, path });
  if (!fitsShallowly(type, value)) throw misfit(type, { value, path });
  switch (type.kind) {
    case "null":
      return;
    case "boolean":
      return writer.boolean(value === true);
    case "int":
    case "long":
      return writer.varlong(value as Int64);
    case "float":
    case "double":
      return writer.bytes(floatBytes(type.kind, Number(value)));
    case "fixed":
      return writer.bytes(latinBytes(value as string));
    case "bytes":
      return writeSized(writer, latinBytes(value as string));
    case "string":
      return writeSized(writer, utf8(value as string));
    case "enum":
      return writer.varlong(type.symbols.indexOf(value as string));
    case "array":
      return writeItems(writer, value as readonly Json[], (item, i) => {
        write(writer, type.items, { value: item, path: `${path}[${i}]` });
      });
    case "map":
      return writeItems(writer, Object.entries(value as object), ([name, each]) => {
        writeSized(writer, utf8(name));
        write(writer, type.values, { value: each, path: `${path}.${name}` });
      });
    case "record":
      return writeFields(writer, type, { value, path });
  }
}

function writeFields(
  writer: BytesWriter,
  { name, fields }: AvroType & { readonly kind: "record" },
  { value, path }: Placed,
): void {
  const given = value as { readonly [name: string]: Json };
  const strange = Object.keys(given).find((each) => !fields.some((field) => field.name === each));
  if (strange !== undefined) throw new UsageFault(`${path}.${strange}: ${name} has no such field`);
  for (const field of fields) {
    const at = `${path}.${field.name}`;
    const said = Object.hasOwn(given, field.name) ? given[field.name] : field.default;
    if (said === undefined) throw new UsageFault(`${at}: it is not there, and has no default`);
    write(writer, field.type, { value: said, path: at });
  }
}

/** By the branch that the value names, or the first one that it fits. */
function writeUnion(
  writer: BytesWriter,
  branches: readonly AvroType[],
  { value, path }: Placed,
): void {
  const named = namedBranch(branches, value);
  const index = named >= 0 ? named : branches.findIndex((branch) => fits(branch, value));
  const branch = branches[index];
  if (branch === undefined) throw misfit({ kind: "union", branches }, { value, path });
  writer.varlong(index);
  const [inner = null] = named >= 0 ? Object.values(value as object) : [value];
  write(writer, branch, { value: inner, path });
}

/** Whether a value is of a type, with all of its parts. */
function fits(type: AvroType, value: Json): boolean {
  if (type.kind === "union") {
    const { branches } = type;
    return branches.some((branch) => fits(branch, value)) || namedBranch(branches, value) >= 0;
  }
  if (!fitsShallowly(type, value)) return false;
  switch (type.kind) {
    case "array":
      return (value as readonly Json[]).every((item) => fits(type.items, item));
    case "map":
      return Object.values(value as object).every((each) => fits(type.values, each));
    case "record": {
      const given = value as { readonly [name: string]: Json };
      const isKnown = (name: string) => type.fields.some((field) => field.name === name);
      return Object.keys(given).every(isKnown) && type.fields.every((field) => {
        const said = given[field.name];
        return said === undefined ? field.default !== undefined : fits(field.type, said);
      });
    }
    default:
      return true;
  }
}

/** The branch that `{"string":"x"}` names, as Avro's own JSON does; -1: none. */
function namedBranch(branches: readonly AvroType[], value: Json): number {
  const [name, ...more] = isJsonObject(value) ? Object.keys(value) : [];
  if (name === undefined || more.length > 0) return -1;
  return branches.findIndex((branch) => branch.kind !== "null" && branchName(branch) === name);
}

/** The same without its parts. */
function fitsShallowly(type: AvroType, value: Json): boolean {
  switch (type.kind) {
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "int":
      return typeof value === "number" && Number.isInteger(value) && value >= intMin &&
        value <= intMax;
    case "long":
      return isInt64(value);
    case "float":
    case "double":
      return typeof value === "number" || typeof value === "bigint" || noNumbers.includes(value);
    case "bytes":
      return typeof value === "string" && isLatin(value);
    case "fixed":
      return typeof value === "string" && isLatin(value) && value.length === type.size;
    case "string":
      return typeof value === "string";
    case "enum":
      return typeof value === "string" && type.symbols.includes(value);
    case "array":
      return Array.isArray(value);
    case "map":
    case "record":
      return isJsonObject(value);
    case "union":
      return true;
  }
}

function misfit(type: AvroType, { value, path }: Placed): UsageFault {
  const text = jsonText(value);
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return new UsageFault(`${path === "" ? "" : `${path}: `}${shown} is no ${typeWords(type)}`);
}

function typeWords(type: AvroType): string {
  switch (type.kind) {
    case "union":
      return type.branches.map(typeWords).join(" or ");
    case "enum":
      return `${type.name} (${type.symbols.join(", ")})`;
    case "fixed":
      return `${type.name} (${type.size} bytes)`;
    default:
      return branchName(type);
  }
}

/** One block of them, if there are any, and the empty one that ends them. */
function writeItems<T>(
  writer: BytesWriter,
  items: readonly T[],
  write: (item: T, i: number) => void,
): void {
  if (items.length > 0) writer.varlong(items.length);
  items.forEach(write);
  writer.varlong(0);
}

function writeSized(writer: BytesWriter, bytes: Uint8Array): void {
  writer.varlong(bytes.length);
  writer.bytes(bytes);
}

function floatBytes(kind: "float" | "double", value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(kind === "float" ? 4 : 8));
  if (kind === "float") view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

function isLatin(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\xff]*$/.test(text);
}

function latinBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
