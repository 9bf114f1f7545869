// What a schema of a registry makes of JSON, and back: Avro by its schema; of JSON Schema the
// content is JSON already, and is looked at no further.

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { DecodeFault, messageOf, UsageFault } from "../../base/faults.ts";
import type { RegisteredSchema, Schema } from "../../client/mod.ts";
import { avroJson } from "./avro_printing.ts";
import { type AvroNames, avroType } from "./avro_schema.ts";
import { avroBytes } from "./avro_writing.ts";
import { isJsonObject, type Json, parseJson } from "./exact_json.ts";

/** Content of one schema, as JSON. */
export interface JsonCodec {
  /** Whether all its values are text, which for people stands there without quotes. */
  readonly isText: boolean;
  /** Throws DecodeFault where the content is none of the schema. */
  decode(content: Uint8Array): string;
  /** Throws UsageFault where the JSON is none of the schema. */
  encode(json: string): Uint8Array;
}

/** Schemas that others refer to, by subject and version. */
export type ReferencedSchemas = (
  reference: { readonly subject: string; readonly version: number },
) => Promise<Schema>;

/** The codec of a schema. Throws UsageFault for a schema that is not read here. */
async function jsonCodec(schema: Schema, referenced: ReferencedSchemas): Promise<JsonCodec> {
  switch (schema.type) {
    case "AVRO":
      return avroCodec(schema, await avroNames(schema, referenced));
    case "JSON":
      return {
        isText: isTextSchema(schema.schema),
        decode: oneLine,
        encode: (json) => utf8(checked(json)),
      };
    default:
      throw new UsageFault(`a schema of ${schema.type} is not read here, only Avro and JSON`);
  }
}

/** The codec of a schema once it is there, made at its first use. */
export class SchemaCodecs {
  readonly #referenced: ReferencedSchemas;
  readonly #codecs = new WeakMap<RegisteredSchema, Promise<JsonCodec>>();

  constructor(referenced: ReferencedSchemas) {
    this.#referenced = referenced;
  }

  /** Rejects with UsageFault for a schema that is not read here. */
  of(schema: RegisteredSchema): Promise<JsonCodec> {
    const known = this.#codecs.get(schema);
    if (known !== undefined) return known;
    const codec = jsonCodec(schema, this.#referenced);
    this.#codecs.set(schema, codec);
    return codec;
  }
}

function avroCodec(schema: Schema, names: AvroNames): JsonCodec {
  const type = avroType(schema.schema, names);
  return {
    isText: type.kind === "string",
    decode: (content) => avroJson(type, content),
    encode: (json) => avroBytes(type, valueOf(json)),
  };
}

/** The types that a schema's references bring along, theirs first; each once. */
async function avroNames(
  { references = [] }: Schema,
  referenced: ReferencedSchemas,
  names: AvroNames = new Map(),
  seen = new Set<string>(),
): Promise<AvroNames> {
  for (const { subject, version } of references) {
    const place = `${subject} ${version}`;
    if (seen.has(place)) continue;
    seen.add(place);
    const schema = await referenced({ subject, version });
    await avroNames(schema, referenced, names, seen);
    avroType(schema.schema, names);
  }
  return names;
}

function valueOf(json: string): Json {
  try {
    return parseJson(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageFault(`it is no JSON (${messageOf(error)})`, { cause: error });
  }
}

function isTextSchema(schema: string): boolean {
  const value = valueOf(schema);
  return isJsonObject(value) && value["type"] === "string";
}

function checked(json: string): string {
  valueOf(json);
  return json;
}

/** Spaces outside of texts are nobody's: a record is a line. */
function oneLine(content: Uint8Array): string {
  const text = fromUtf8(content);
  try {
    JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DecodeFault(`it is no JSON (${messageOf(error)})`, { cause: error });
  }
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}
