// Records whose keys and values are made by schemas of a registry: those that options name, or that
// a line of JSON names itself, as `consume` prints it.
//
//   --value-schema 7          the schema of this id
//   --value-schema latest     the last one of the subject orders-value
//   --value-schema order.avsc the one in a file, which that subject is given
//
// Invariant: a record goes out as its schema has it, or not at all.

import { BytesWriter, fromUtf8 } from "../../base/bytes.ts";
import { messageOf, UsageFault } from "../../base/faults.ts";
import type { ProducerRecord, SchemaType } from "../../client/mod.ts";
import { ArgumentFault, type Values } from "../arguments.ts";
import type { CliContext } from "../context.ts";
import { readTextFile } from "../text_file.ts";
import { registryOf, registryOptions, type UsableSchema, type UsedRegistry } from "./registry.ts";

/** The options that say by which schemas. */
export const encodingOptions = {
  ...registryOptions,
  "value-schema": {
    kind: "text",
    value: "SCHEMA",
    also: ["schema-id", "avro-schema-id"],
    about: "the schema of values: its id, latest, or a file of it (.avsc, .json)",
  },
  "key-schema": {
    kind: "text",
    value: "SCHEMA",
    also: ["schema-key-id", "avro-key-schema-id"],
    about: "the same of keys",
  },
} as const;

/** JSON that a schema is to make bytes of: that of this id, or the one that options name. */
export interface Unencoded {
  readonly json: string;
  readonly schemaId: number | undefined;
}

/** A record as an input has it: JSON of schemas stands beside key and value. */
export interface InputRecord extends ProducerRecord {
  readonly unencoded?: { readonly key?: Unencoded; readonly value?: Unencoded };
}

const typesByEnd: Readonly<Record<string, SchemaType>> = { ".avsc": "AVRO", ".json": "JSON" };

type PartName = "key" | "value";

/** Encodes records; without a registry they are what they are. */
export class RecordEncoder {
  readonly #registry: UsedRegistry | undefined;
  readonly #chosen: Readonly<Record<PartName, UsableSchema | undefined>>;

  private constructor(
    registry: UsedRegistry | undefined,
    chosen: Readonly<Record<PartName, UsableSchema | undefined>>,
  ) {
    this.#registry = registry;
    this.#chosen = chosen;
  }

  /** One by the options. Throws ArgumentFault, or UsageFault where the registry refuses. */
  static async open(
    context: CliContext,
    { topic, options }: {
      readonly topic: string;
      readonly options: Values<typeof encodingOptions>;
    },
  ): Promise<RecordEncoder> {
    const registry = registryOf(context, options);
    const chosen = async (part: PartName) => {
      const word = options[`${part}-schema`];
      if (word === undefined) return undefined;
      if (registry === undefined) {
        throw new ArgumentFault(`--${part}-schema needs --schema-registry URL`);
      }
      return await schemaOf(context, { registry, word, part, topic });
    };
    return new RecordEncoder(registry, { key: await chosen("key"), value: await chosen("value") });
  }

  /** Whether a record may have to be encoded. */
  get isNeeded(): boolean {
    return this.#registry !== undefined;
  }

  /** Whether options name a schema for a part. */
  encodes(part: PartName): boolean {
    return this.#chosen[part] !== undefined;
  }

  /** The record as it goes out. Throws UsageFault that names its `place` in the input. */
  async encode({ unencoded, ...record }: InputRecord, place: string): Promise<ProducerRecord> {
    const part = async (name: PartName) => {
      const plain = record[name];
      const given = unencoded?.[name];
      const schema = await this.#schemaOf(name, given, place);
      if (schema === undefined || given === undefined && (plain ?? null) === null) return plain;
      const { id, codec } = schema;
      try {
        const text = typeof plain === "string" ? plain : fromUtf8(plain ?? new Uint8Array());
        const json = given?.json ?? (codec.isText ? JSON.stringify(text) : text);
        return framed(id, codec.encode(json));
      } catch (error) {
        if (!(error instanceof UsageFault)) throw error;
        throw new UsageFault(`${place}: its ${name} is none of schema ${id}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    };
    return { ...record, key: await part("key"), value: await part("value") };
  }

  async #schemaOf(
    part: PartName,
    given: Unencoded | undefined,
    place: string,
  ): Promise<UsableSchema | undefined> {
    if (given?.schemaId === undefined) return this.#chosen[part];
    const schema = await this.#registry?.schema(given.schemaId);
    if (schema === undefined || !("unusable" in schema)) return schema;
    throw new UsageFault(`${place}: its ${part} cannot be made: ${schema.unusable}`);
  }
}

async function schemaOf(
  context: CliContext,
  { registry, word, part, topic }: {
    readonly registry: UsedRegistry;
    readonly word: string;
    readonly part: PartName;
    readonly topic: string;
  },
): Promise<UsableSchema> {
  const subject = `${topic}-${part}`;
  if (word === "latest") return await registry.latest(subject);
  if (/^\d+$/.test(word)) {
    const schema = await registry.schema(Number(word));
    if (!("unusable" in schema)) return schema;
    throw new UsageFault(schema.unusable);
  }
  const end = /\.\w+$/.exec(word)?.[0].toLowerCase() ?? "";
  const type = typesByEnd[end];
  if (type === undefined) {
    throw new ArgumentFault(
      `--${part}-schema takes an id, latest, or a file that ends with .avsc (Avro) or .json ` +
        `(JSON Schema), not "${word}"`,
    );
  }
  const option = `--${part}-schema`;
  const schema = readTextFile(context.runtime.files, { path: word, option });
  return await registry.registered(subject, { type, schema });
}

/** Content behind the id of its schema. */
function framed(id: number, content: Uint8Array): Uint8Array {
  const writer = new BytesWriter(5 + content.length);
  writer.int8(0);
  writer.int32(id);
  writer.bytes(content);
  return writer.finish();
}
