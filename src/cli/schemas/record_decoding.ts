// Records whose keys and values name a schema of a registry, as the JSON that these hold:
//
//   int8 0 | int32 id | content  ──schema of the id──>  {"id":7}
//
// Invariant: no record keeps another from being printed. What names no schema, or holds what its
// schema does not say, stays as it is and is told of at the end; a registry in trouble ends it.

import { BytesReader, utf8 } from "../../base/bytes.ts";
import { DecodeFault, messageOf } from "../../base/faults.ts";
import type { ConsumerRecord } from "../../client/mod.ts";
import { escaped } from "../../base/visible.ts";
import { counted } from "../counted.ts";
import type { UsableSchema, UsedRegistry } from "./registry.ts";

/** A part of a record by its schema. */
export interface DecodedPart {
  readonly schemaId: number;
  readonly json: string;
}

/** A record whose parts are text for people, and JSON by their schemas. */
export type DecodedRecord<R extends ConsumerRecord> = R & {
  readonly decoded: { readonly key?: DecodedPart; readonly value?: DecodedPart };
};

const prefixBytes = 5;
/** So many ids that the registry does not have, or whose schemas are not read, are kept. */
const strangersMax = 1_000;

/** Decodes records, and keeps count of those that could not be. */
export class RecordDecoder {
  readonly #registry: UsedRegistry;
  /** What is wrong with them, by their ids. */
  readonly #strangers = new Map<number, string>();
  #bare = 0;
  #failed = 0;
  #firstFailure: string | undefined;

  constructor(registry: UsedRegistry) {
    this.#registry = registry;
  }

  /** The same records, decoded where that can be. Throws UsageFault for a registry in trouble. */
  async decode<R extends ConsumerRecord>(records: readonly R[]): Promise<DecodedRecord<R>[]> {
    const all: DecodedRecord<R>[] = [];
    for (const record of records) {
      const place = `${escaped(record.topic)}-${record.partition} at offset ${record.offset}`;
      const key = await this.#part(record.key, `the key of ${place}`);
      const value = await this.#part(record.value, `the value of ${place}`);
      // Keys are often plain, beside values that are not.
      if (value === undefined && record.value !== null && !isNamed(record.value)) this.#bare++;
      all.push({
        ...record,
        ...key !== undefined && { key: key.text },
        ...value !== undefined && { value: value.text },
        decoded: { key: key?.part, value: value?.part },
      });
    }
    return all;
  }

  /** What became of those that were not decoded; undefined: there were none. */
  get words(): string | undefined {
    const parts: string[] = [];
    if (this.#bare > 0) parts.push(`${counted(this.#bare, "value")} named no schema.`);
    if (this.#failed > 0) {
      parts.push(
        `${counted(this.#failed, "key or value", "keys and values")} could not be decoded; ` +
          `the first was ${this.#firstFailure}.`,
      );
    }
    return parts.length === 0 ? undefined : parts.join(" ");
  }

  async #part(
    bytes: Uint8Array | null,
    place: string,
  ): Promise<{ text: Uint8Array; part: DecodedPart } | undefined> {
    if (bytes === null || !isNamed(bytes)) return undefined;
    const id = idOf(bytes);
    const schema = await this.#schema(id);
    if (typeof schema === "string") return void this.#fail(`${place}: ${schema}`);
    try {
      const json = schema.codec.decode(bytes.subarray(prefixBytes));
      const text = utf8(schema.codec.isText ? JSON.parse(json) : json);
      return { text, part: { schemaId: id, json } };
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      return void this.#fail(`${place}: it is none of schema ${id}: ${messageOf(error)}`);
    }
  }

  /** The schema, or what is wrong with it. */
  async #schema(id: number): Promise<UsableSchema | string> {
    const known = this.#strangers.get(id);
    if (known !== undefined) return known;
    const schema = await this.#registry.schema(id);
    if (!("unusable" in schema)) return schema;
    if (this.#strangers.size < strangersMax) this.#strangers.set(id, schema.unusable);
    return schema.unusable;
  }

  #fail(what: string): void {
    this.#failed++;
    this.#firstFailure ??= what;
  }
}

/** Whether it begins as what names a schema does; ids begin with 1. */
function isNamed(bytes: Uint8Array): boolean {
  return bytes.length >= prefixBytes && bytes[0] === 0 && idOf(bytes) > 0;
}

function idOf(bytes: Uint8Array): number {
  return new BytesReader(bytes, 1).int32();
}
