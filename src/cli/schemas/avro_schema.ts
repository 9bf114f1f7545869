// Schemas of Avro (its specification, 1.12): the JSON of one as a tree of types, whose names are
// looked up once.
//
//   {"type":"record","name":"Order","fields":[{"name":"next","type":["null","Order"]}]}
//        Order: record of next: union of null, ──┐
//          ^─────────────────────────────────────┘
//
// Logical types are what they are written as: a date is its int.

import { messageOf, UsageFault } from "../../base/faults.ts";
import { isJsonObject, type Json, parseJson } from "./exact_json.ts";

/** Types without a name and without parts. */
const primitives = [
  "null",
  "boolean",
  "int",
  "long",
  "float",
  "double",
  "bytes",
  "string",
] as const;

/** A field of a record. */
export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  /** What it is where a value leaves it out; undefined: it may not. */
  readonly default: Json | undefined;
}

/** A type that has a name, under which others refer to it. */
export type NamedType =
  | { readonly kind: "record"; readonly name: string; readonly fields: readonly AvroField[] }
  | { readonly kind: "enum"; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: "fixed"; readonly name: string; readonly size: number };

export type AvroType =
  | { readonly kind: typeof primitives[number] }
  | NamedType
  | { readonly kind: "array"; readonly items: AvroType }
  | { readonly kind: "map"; readonly values: AvroType }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] };

/** Types by their full names: those of a schema, and those that it refers to. */
export type AvroNames = Map<string, NamedType>;

/** The type of a schema; what it names is added to `names`. Throws UsageFault. */
export function avroType(text: string, names: AvroNames): AvroType {
  let schema: Json;
  try {
    schema = parseJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageFault(`an Avro schema is JSON: ${messageOf(error)}`, { cause: error });
  }
  return typeOf(schema, { names, namespace: "" });
}

/** What a value in a union says to be of it, in JSON. */
export function branchName(type: AvroType): string {
  return "name" in type ? type.name : type.kind;
}

interface Scope {
  readonly names: AvroNames;
  readonly namespace: string;
}

type Schema = { readonly [name: string]: Json };

function typeOf(schema: Json | undefined, scope: Scope): AvroType {
  if (typeof schema === "string") return typeNamed(schema, scope);
  if (Array.isArray(schema)) {
    return { kind: "union", branches: schema.map((each: Json) => typeOf(each, scope)) };
  }
  if (!isJsonObject(schema)) throw noSchema(schema);
  const { type } = schema;
  switch (type) {
    case "record":
    case "error":
      return recordOf(schema, scope);
    case "enum":
      return named(schema, scope, (name) => ({ kind: "enum", name, symbols: textsOf(schema) }));
    case "fixed":
      return named(schema, scope, (name) => ({ kind: "fixed", name, size: sizeOf(schema) }));
    case "array":
      return { kind: "array", items: typeOf(schema["items"], scope) };
    case "map":
      return { kind: "map", values: typeOf(schema["values"], scope) };
    default:
      return typeOf(type, scope);
  }
}

function typeNamed(name: string, { names, namespace }: Scope): AvroType {
  const primitive = primitives.find((each) => each === name);
  if (primitive !== undefined) return { kind: primitive };
  const found = names.get(fullName(name, namespace)) ?? names.get(name);
  if (found !== undefined) return found;
  throw new UsageFault(`an Avro schema names ${name}, which is no type of it`);
}

function recordOf(schema: Schema, scope: Scope): AvroType {
  const fields: AvroField[] = [];
  const record = named(schema, scope, (name) => ({ kind: "record", name, fields }));
  const inner = { ...scope, namespace: record.name.split(".").slice(0, -1).join(".") };
  const declared = schema["fields"];
  if (!Array.isArray(declared)) throw noSchema(schema);
  for (const field of declared as readonly Json[]) {
    if (!isJsonObject(field) || typeof field["name"] !== "string") throw noSchema(field);
    const { name, type, default: otherwise } = field;
    fields.push({ name, type: typeOf(type, inner), default: otherwise });
  }
  return record;
}

/** Known before its parts are: they may name it. */
function named<T extends NamedType>(
  schema: Schema,
  { names, namespace }: Scope,
  make: (name: string) => T,
): T {
  const { name, namespace: own } = schema;
  if (typeof name !== "string") throw noSchema(schema);
  const type = make(fullName(name, typeof own === "string" ? own : namespace));
  names.set(type.name, type);
  return type;
}

function fullName(name: string, namespace: string): string {
  return name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
}

function textsOf(schema: Schema): readonly string[] {
  const { symbols } = schema;
  const areTexts = Array.isArray(symbols) && symbols.every((each) => typeof each === "string");
  if (areTexts) return symbols;
  throw noSchema(schema);
}

function sizeOf(schema: Schema): number {
  const { size } = schema;
  if (typeof size === "number" && Number.isInteger(size) && size >= 0) return size;
  throw noSchema(schema);
}

function noSchema(what: Json | undefined): UsageFault {
  const text = JSON.stringify(what, (_name, each) => typeof each === "bigint" ? `${each}` : each);
  return new UsageFault(`Avro knows no such schema: ${text?.slice(0, 200)}`);
}
