// Serializers whose schemas a registry has, in the form that Confluent's clients gave to bytes, and
// that Apicurio, Karapace and Redpanda read, too:
//
//   int8 0 | int32 id of the schema | for Protobuf: which message of the schema | content
//
// What is Avro, JSON Schema or Protobuf the program brings along, as a codec; this asks the
// registry for ids and schemas, once for each.
//
// Invariant: at most `schemasMax` schemas are kept, those that were used last; what has failed is
// not kept. A schema that is kept is one object: a codec may tie to it what it has made of it.

import { toBase64 } from "../base/base64.ts";
import { BytesReader, BytesWriter, fromUtf8, utf8 } from "../base/bytes.ts";
import { DecodeFault, OttlaError, UsageFault } from "../base/faults.ts";
import { checkOptions } from "../base/options.ts";
import type { HttpPort } from "../runtime/ports.ts";
import type { SerializedPart, Serializer } from "./serializers.ts";
import { answerIn } from "./json_answer.ts";

/** Where a registry is, and as whom it is asked. */
export interface SchemaRegistryOptions {
  /** An http: or https: URL. */
  readonly url: string;
  /** By HTTP's Basic. */
  readonly login?: { readonly user: string; readonly password: string };
  /** A bearer token, in place of a login. */
  readonly token?: string;
  /** PEM: whom an https registry is trusted by. Default: those that the runtime comes with. */
  readonly ca?: string;
  /** How long an answer is waited for. Default 10,000. */
  readonly timeoutMs?: number;
  /** So many schemas are kept. Default 1,000. */
  readonly schemasMax?: number;
}

/** The kinds of schemas, in the registry's words. */
export type SchemaType = "AVRO" | "JSON" | "PROTOBUF";

/** A schema, and what it refers to. */
export interface Schema {
  /** Its kind. */
  readonly type: SchemaType;
  /** Its text. */
  readonly schema: string;
  /** Schemas of other subjects that it names. */
  readonly references?: readonly {
    readonly name: string;
    readonly subject: string;
    readonly version: number;
  }[];
}

/** A schema that the registry has. */
export interface RegisteredSchema extends Schema {
  /** Its number there. */
  readonly id: number;
}

/** What the registry has refused. */
export class SchemaRegistryFault extends OttlaError {
  /** Tells it from other errors. */
  override readonly name = "SchemaRegistryFault";
  /** Always the same. */
  readonly code = "SCHEMA_REGISTRY";
  /** Whether the registry was in trouble, rather than against it. */
  readonly isRetriable: boolean;
  /** The status of its answer. */
  readonly status: number;
  /** Its own number, such as 40403 for a schema that it does not have; 0 where it tells none. */
  readonly errorCode: number;

  /** A refusal with this status. */
  constructor(message: string, of: { status: number; errorCode: number }) {
    super(message);
    this.status = of.status;
    this.errorCode = of.errorCode;
    this.isRetriable = of.status >= 500 || of.status === 429;
  }
}

/** How values of one schema become bytes, and bytes of any schema values. */
export interface SchemaCodec<T> extends Schema {
  /** For Protobuf: the place of the message among those of the schema. Default the first one. */
  readonly messageIndexes?: readonly number[];
  /** The content of `value`, by this codec's schema. */
  encode(value: T): Uint8Array;
  /** The value of `content`, which was written by `writer`. */
  decode(
    content: Uint8Array,
    writer: RegisteredSchema & { readonly messageIndexes: readonly number[] },
  ): T;
}

/** Under what a schema is registered, and whether it may be. */
export interface RegisteredOptions {
  /** The subject of a topic's keys or values. Default `orders-value`, as Confluent's. */
  readonly subject?: (at: SerializedPart) => string;
  /** Registers a schema that the registry does not have. Default true. */
  readonly registers?: boolean;
}

const magic = 0;
const answerBytesMax = 16 * 1024 * 1024;
const firstMessage: readonly number[] = [0];
const accept = "application/vnd.schemaregistry.v1+json, application/json";

/** Asks a registry. */
export class SchemaRegistry {
  readonly #http: () => Promise<HttpPort>;
  readonly #options: SchemaRegistryOptions;
  readonly #schemas: Kept<Promise<RegisteredSchema>>;
  readonly #ids: Kept<Promise<number>>;

  /** @internal Made by `schemaRegistry()`. */
  constructor(http: () => Promise<HttpPort>, options: SchemaRegistryOptions) {
    const given = checkOptions("schemaRegistry", options, {
      url: "text",
      login: "object",
      token: "text",
      ca: "text",
      timeoutMs: "count",
      schemasMax: "count",
    });
    if (!URL.canParse(given.url) || !/^https?:/i.test(given.url)) {
      throw new UsageFault("schemaRegistry needs url, an https: or http: URL");
    }
    const { schemasMax = 1000 } = given;
    this.#http = http;
    this.#options = given;
    this.#schemas = new Kept(schemasMax);
    this.#ids = new Kept(schemasMax);
  }

  /** The schema of this id. */
  schema(id: number): Promise<RegisteredSchema> {
    return this.#schemas.get(`${id}`, async () => {
      const { schema, schemaType: type = "AVRO", references } = await this.#ask(
        `schemas/ids/${id}`,
      ) as { schema: string; schemaType?: SchemaType; references?: Schema["references"] };
      return { id, type, schema, references };
    });
  }

  /** The id of a schema that the subject has, which it is given where `registers` is set. */
  idOf(subject: string, schema: Schema, { registers = false } = {}): Promise<number> {
    const { type: schemaType, schema: text, references } = schema;
    return this.#ids.get(`${registers} ${subject} ${schemaType} ${text}`, async () => {
      const json = JSON.stringify({ schema: text, schemaType, references });
      const path = `subjects/${encodeURIComponent(subject)}${registers ? "/versions" : ""}`;
      return (await this.#ask(path, json) as { id: number }).id;
    });
  }

  /** The schema that a subject was given last. */
  latest(subject: string): Promise<RegisteredSchema> {
    return this.#version(subject, "latest");
  }

  /** The schema that a subject has by this version, as references of others name it. */
  version(subject: string, version: number): Promise<RegisteredSchema> {
    return this.#version(subject, `${version}`);
  }

  async #version(subject: string, version: string): Promise<RegisteredSchema> {
    const path = `subjects/${encodeURIComponent(subject)}/versions/${version}`;
    const { id } = await this.#ask(path) as { id: number };
    return await this.schema(id);
  }

  async #ask(path: string, json?: string): Promise<unknown> {
    const { url, ca, timeoutMs = 10_000, login, token } = this.#options;
    const basic = login && `Basic ${toBase64(utf8(`${login.user}:${login.password}`))}`;
    const authorization = token === undefined ? basic : `Bearer ${token}`;
    const http = await this.#http();
    const { status, body } = await http.ask(`${url.replace(/\/+$/, "")}/${path}`, {
      msMax: timeoutMs,
      bytesMax: answerBytesMax,
      trusted: ca,
      json,
      headers: { accept, ...authorization !== undefined && { authorization } },
    });
    const answer = answerIn(fromUtf8(body));
    if (status === 200 && answer !== undefined) return answer;
    const { error_code: errorCode, message } = answer ?? {};
    throw new SchemaRegistryFault(
      `the schema registry answers ${path} with status ${status}` +
        (typeof message === "string" ? `: ${message}` : ""),
      { status, errorCode: typeof errorCode === "number" ? errorCode : 0 },
    );
  }
}

/** A serializer whose bytes name their schema in `registry`. */
export function registered<T>(
  registry: Pick<SchemaRegistry, "schema" | "idOf">,
  codec: SchemaCodec<T>,
  options: RegisteredOptions = {},
): Serializer<T> {
  const { subject = ({ topic, part }) => `${topic}-${part}`, registers = true } = options;
  return {
    async serialize(value, at) {
      const id = await registry.idOf(subject(at), codec, { registers });
      const content = codec.encode(value);
      const writer = new BytesWriter(16 + content.length);
      writer.int8(magic);
      writer.int32(id);
      if (codec.type === "PROTOBUF") {
        writeIndexes(writer, codec.messageIndexes ?? firstMessage);
      }
      writer.bytes(content);
      return writer.finish();
    },
    async deserialize(bytes, { topic, part }) {
      const reader = new BytesReader(bytes);
      if (bytes.length < 5 || reader.int8() !== magic) {
        throw new DecodeFault(`a ${part} of ${topic} names no schema of a registry`);
      }
      const writer = await registry.schema(reader.int32());
      const messageIndexes = writer.type === "PROTOBUF" ? readIndexes(reader) : firstMessage;
      return codec.decode(bytes.subarray(reader.position), { ...writer, messageIndexes });
    },
  };
}

/** The first message, which is most often meant, is a single 0. */
function writeIndexes(writer: BytesWriter, indexes: readonly number[]): void {
  const isFirst = indexes.length === 1 && indexes[0] === 0;
  writer.varint(isFirst ? 0 : indexes.length);
  if (!isFirst) { for (const each of indexes) writer.varint(each); }
}

function readIndexes(reader: BytesReader): readonly number[] {
  const count = reader.varint();
  if (count === 0) return firstMessage;
  if (count < 0 || count > reader.remaining) throw new DecodeFault(`${count} message indexes`);
  return Array.from({ length: count }, () => reader.varint());
}

/** Answers by what was asked, the last used at the end. */
class Kept<T extends Promise<unknown>> {
  readonly #countMax: number;
  readonly #byName = new Map<string, T>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get(name: string, ask: () => T): T {
    const known = this.#byName.get(name);
    const answer = known ?? ask();
    this.#byName.delete(name);
    this.#byName.set(name, answer);
    if (known !== undefined) return answer;
    for (const [oldest] of this.#byName) {
      if (this.#byName.size <= this.#countMax) break;
      this.#byName.delete(oldest);
    }
    answer.catch(() => {
      if (this.#byName.get(name) === answer) this.#byName.delete(name);
    });
    return answer;
  }
}
