// A table per message: its fields with the versions that have them. From it come the TypeScript
// types (inferred), the codecs of every version, trace lines, and the tests that round-trip it.
//
//   Heartbeat = api({ key: 12, name: "Heartbeat", versions: "0-4", flexible: "4+",
//                     request: { groupId: string, ... }, response: { ... } })
//   Heartbeat.request.decode(reader, 4)  ->  { groupId, generationId, memberId, groupInstanceId }
//
// One type stands for all versions: a field that a version lacks decodes to its default. A record()
// is the same for what is stored in logs: a value has a version, and its type has a key.
// Invariant: nothing is compiled until a version is used; then it is kept for the process's life.

import type { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault, EncodeFault } from "../base/faults.ts";
import type { ErrorName } from "./errors.ts";
import type { Pieces } from "../base/pieces.ts";
import {
  compileStructPieces as readInPieces,
  compileStructReader,
  holdsArray,
  holdsBytes,
  type Read,
  type ReadPieces,
  type Target,
} from "./reading.ts";
import {
  type Decoded,
  type Fields,
  type Input,
  inRange,
  lastVersion,
  type VersionRange,
} from "./types.ts";
import {
  compileStructPieces as writeInPieces,
  compileStructWriter,
  type Write,
  type WritePieces,
} from "./writing.ts";

export * from "./types.ts";
export * from "./words.ts";

/** One message over all its versions. */
export interface Message<F extends Fields> {
  readonly name: string;
  readonly versions: VersionRange;
  /** The first flexible version (KIP-482); {@link lastVersion} + 1 when there is none. */
  readonly flexibleFrom: number;
  readonly fields: F;
  /** Whether a decoded one may hold views of what it was decoded from: only bytes are. */
  holdsBytes(): boolean;
  /** Whether there is more than one piece to it: only lists are coded in pieces. */
  holdsArray(version: number): boolean;
  /** Reads a message at the reader's position. Throws DecodeFault on bad bytes, nothing else. */
  decode(reader: BytesReader, version: number): Decoded<F>;
  /** The same in pieces, for a message of many elements. */
  decodePieces(reader: BytesReader, version: number): Pieces<Decoded<F>>;
  /** Appends a message. Throws EncodeFault when this version cannot say it. */
  encode(writer: BytesWriter, message: Input<F>, version: number): void;
  /** The same in pieces. */
  encodePieces(writer: BytesWriter, message: Input<F>, version: number): Pieces<void>;
}

/**
 * The error codes that the answers of an API carry, with when, in a few words. They stand by level:
 * `response` is the answer itself, any other the list whose items carry them; `partitions` is the
 * same in whichever list of topics it stands. NONE goes without saying, and so does
 * UNKNOWN_SERVER_ERROR, which says only that the broker has no code for what went wrong.
 */
export interface ApiErrors {
  readonly [level: string]: LevelErrors;
}

/** The codes of one level of an answer, with when each is given. */
export type LevelErrors = Readonly<Partial<Record<ErrorName, string>>>;

/** A request and its response. */
export interface Api<Q extends Fields = Fields, S extends Fields = Fields> {
  /** Kafka's API key: `api_key` in a packet capture. */
  readonly key: number;
  readonly name: string;
  readonly versions: VersionRange;
  readonly flexibleFrom: number;
  /** What it is for, in a sentence; empty where nobody has said it yet. */
  readonly about: string;
  /** What its answers may say went wrong; undefined where nobody has said it yet. */
  readonly errors: ApiErrors | undefined;
  readonly request: Message<Q>;
  readonly response: Message<S>;
}

/** Any API, for code that handles all of them alike. */
// deno-lint-ignore no-explicit-any
export type AnyApi = Api<any, any>;
/** Any message, likewise. */
// deno-lint-ignore no-explicit-any
export type AnyMessage = Message<any>;

/** A message stored in a log. `key` tells its type, where a log has several; -1 otherwise. */
export interface RecordTable<F extends Fields = Fields> extends Message<F> {
  readonly key: number;
}

export type MessageOf<M> = M extends Message<infer F> ? Decoded<F> : never;
export type MessageInput<M> = M extends Message<infer F> ? Input<F> : never;
export type RequestOf<A> = A extends Api<infer Q, infer _S> ? Decoded<Q> : never;
export type ResponseOf<A> = A extends Api<infer _Q, infer S> ? Decoded<S> : never;
export type RequestInput<A> = A extends Api<infer Q, infer _S> ? Input<Q> : never;
export type ResponseInput<A> = A extends Api<infer _Q, infer S> ? Input<S> : never;

/** What `api` takes. Versions are written as in Kafka's files: "0-4", "7", "4+", "none". */
export interface ApiOptions<Q extends Fields, S extends Fields> {
  readonly key: number;
  readonly name: string;
  readonly versions: string;
  readonly flexible: string;
  readonly about?: string;
  readonly errors?: ApiErrors;
  readonly request: Q;
  readonly response: S;
}

/** What `record` takes. */
export interface RecordOptions<F extends Fields> {
  readonly key?: number;
  readonly name: string;
  readonly versions: string;
  readonly flexible: string;
  readonly fields: F;
}

/** Declares an API. */
export function api<const Q extends Fields, const S extends Fields>(
  options: ApiOptions<Q, S>,
): Api<Q, S> {
  const { key, name } = options;
  const versions = parseVersions(options.versions);
  const flexibleFrom = parseVersions(options.flexible).min;
  return {
    key,
    name,
    versions,
    flexibleFrom,
    about: options.about ?? "",
    errors: options.errors,
    request: message(`${name} request`, options.request, { versions, flexibleFrom }),
    response: message(`${name} response`, options.response, { versions, flexibleFrom }),
  };
}

/** Declares a message of its own: a header, a record of a log, opaque data of a client. */
export function record<const F extends Fields>(options: RecordOptions<F>): RecordTable<F> {
  const versions = parseVersions(options.versions);
  const flexibleFrom = parseVersions(options.flexible).min;
  const table = message(options.name, options.fields, { versions, flexibleFrom });
  return { key: options.key ?? -1, ...table };
}

/** "3", "0-4", "4+" or "none" as a range; "none" lies after all versions. */
export function parseVersions(text: string): VersionRange {
  if (text === "none") return { min: lastVersion + 1, max: lastVersion };
  if (text.endsWith("+")) return { min: Number(text.slice(0, -1)), max: lastVersion };
  const [min, max = min] = text.split("-");
  return { min: Number(min), max: Number(max) };
}

/** How a message is read and written in one version: each of it compiled when first used. */
class Codec {
  readonly #name: string;
  readonly #fields: Fields;
  readonly #target: Target;
  #holdsArray: boolean | undefined;
  #read: Read | undefined;
  #readPieces: ReadPieces | undefined;
  #write: Write | undefined;
  #writePieces: WritePieces | undefined;

  constructor(name: string, fields: Fields, target: Target) {
    this.#name = name;
    this.#fields = fields;
    this.#target = target;
  }

  get holdsArray(): boolean {
    return this.#holdsArray ??= holdsArray(this.#fields, this.#target);
  }

  get read(): Read {
    return this.#read ??= compileStructReader(this.#fields, this.#target);
  }

  get readPieces(): ReadPieces {
    return this.#readPieces ??= readInPieces(this.#fields, this.#target);
  }

  get write(): Write {
    return this.#write ??= compileStructWriter(this.#fields, this.#target, this.#name);
  }

  get writePieces(): WritePieces {
    return this.#writePieces ??= writeInPieces(this.#fields, this.#target, this.#name);
  }
}

function message<F extends Fields>(
  name: string,
  fields: F,
  { versions, flexibleFrom }: { versions: VersionRange; flexibleFrom: number },
): Message<F> {
  const compiled: Codec[] = [];
  const codecOf = (version: number): Codec | undefined => {
    if (!inRange(version, versions)) return undefined;
    return compiled[version] ??= new Codec(name, fields, {
      version,
      flexible: version >= flexibleFrom,
    });
  };
  const unreadable = (version: number) => new DecodeFault(`${name} has no version ${version}`);
  const unwritable = (version: number) => new EncodeFault(`${name} has no version ${version}`);
  const explained = (error: unknown, version: number) => {
    if (!(error instanceof DecodeFault)) return error;
    return new DecodeFault(`${name} v${version}: ${error.message}`);
  };
  let mayHoldBytes: boolean | undefined;
  return {
    name,
    versions,
    flexibleFrom,
    fields,
    holdsBytes: () => mayHoldBytes ??= holdsBytes(fields),
    holdsArray: (version) => codecOf(version)?.holdsArray ?? false,
    decode(reader, version) {
      const codec = codecOf(version);
      if (codec === undefined) throw unreadable(version);
      try {
        return codec.read(reader) as Decoded<F>;
      } catch (error) {
        throw explained(error, version);
      }
    },
    *decodePieces(reader, version) {
      const codec = codecOf(version);
      if (codec === undefined) throw unreadable(version);
      try {
        return (yield* codec.readPieces(reader)) as Decoded<F>;
      } catch (error) {
        throw explained(error, version);
      }
    },
    encode(writer, value, version) {
      const codec = codecOf(version);
      if (codec === undefined) throw unwritable(version);
      codec.write(writer, value);
    },
    *encodePieces(writer, value, version) {
      const codec = codecOf(version);
      if (codec === undefined) throw unwritable(version);
      yield* codec.writePieces(writer, value);
    },
  };
}
