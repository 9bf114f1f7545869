// What `ottla produce` makes records of: a line each, a line of JSON each, or a file each.
//
//   text   42:paid            with --key-separator :   key 42, value paid
//   json   {"key":"42","value":"paid","headers":[["source","import"]],"partition":0}
//
// The JSON is what `ottla consume --format json` prints; what a line leaves out the options give.
// With a schema registry key and value are JSON of their schema: "valueSchema":7, or an option's.
// Of bytes that are no text nothing is lost, in lines and files as in {"base64": "..."}.

import { fromBase64 } from "../../base/base64.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { UsageFault } from "../../base/faults.ts";
import { type Int64, parseInt64 } from "../../base/int64.ts";
import { escaped } from "../../base/visible.ts";
import type { ProducerRecord } from "../../client/mod.ts";
import { type Json, jsonText, parseJson } from "../schemas/exact_json.ts";
import type { InputRecord, RecordEncoder, Unencoded } from "../schemas/record_encoding.ts";

/** What every record gets, where it does not say otherwise itself. */
export interface RecordDefaults {
  readonly topic: string;
  readonly partition: number | undefined;
  readonly key: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly timestamp: Int64 | undefined;
}

/** How a line of text is read. */
export interface TextForm {
  readonly keySeparator: string | undefined;
  /** A key or value that reads so is none. */
  readonly nullMarker: string | undefined;
}

/** What of an encoder a line of JSON has to know. */
export type JsonEncoder = Pick<RecordEncoder, "isNeeded" | "encodes">;

const noEncoder: JsonEncoder = { isNeeded: false, encodes: () => false };

type Bytes = Uint8Array | null;

/** The record of a line of text. */
export function textRecord(
  line: Uint8Array,
  { form, defaults }: { readonly form: TextForm; readonly defaults: RecordDefaults },
): ProducerRecord {
  const { key, value } = splitKey(line, form.keySeparator);
  const marker = form.nullMarker === undefined ? undefined : utf8(form.nullMarker);
  const marked = (bytes: Bytes) => bytes !== null && isSame(bytes, marker) ? null : bytes;
  return { ...recordOf(defaults), ...key !== null && { key: marked(key) }, value: marked(value) };
}

/** The record whose value is a whole file, or nothing. */
export function wholeRecord(value: Bytes, defaults: RecordDefaults): ProducerRecord {
  return { ...recordOf(defaults), value };
}

/** Key and value of a line; without the separator in it, the line is the value. */
export function splitKey(
  line: Uint8Array,
  separator: string | undefined,
): { key: Bytes; value: Uint8Array } {
  const mark = separator === undefined ? undefined : utf8(separator);
  const at = mark === undefined ? -1 : indexOf(line, mark);
  if (at < 0 || mark === undefined) return { key: null, value: line };
  return { key: line.subarray(0, at), value: line.subarray(at + mark.length) };
}

function indexOf(line: Uint8Array, mark: Uint8Array): number {
  const [first] = mark;
  if (first === undefined) return -1;
  for (let at = line.indexOf(first); at >= 0; at = line.indexOf(first, at + 1)) {
    if (isSame(line.subarray(at, at + mark.length), mark)) return at;
  }
  return -1;
}

function isSame(bytes: Uint8Array, other: Uint8Array | undefined): boolean {
  return bytes.length === other?.length && bytes.every((byte, i) => byte === other[i]);
}

function recordOf({ topic, partition, key, headers, timestamp }: RecordDefaults): ProducerRecord {
  return { topic, partition, key: key ?? null, headers, timestamp };
}

/**
 * The record of a line of JSON. Throws UsageFault with the line's number where it is none: half a
 * record would be worse than a stop.
 */
export function jsonRecord(
  line: Uint8Array,
  { number, defaults, encoder = noEncoder }: {
    readonly number: number;
    readonly defaults: RecordDefaults;
    readonly encoder?: JsonEncoder;
  },
): InputRecord {
  const refuse = (reason: string) => new UsageFault(`line ${number} is no record: ${reason}`);
  const said = objectOf(fromUtf8(line), {
    parse: encoder.isNeeded ? parseJson : JSON.parse,
    refuse,
  });
  const unencoded = {
    key: unencodedOf("key", { said, encoder, refuse }),
    value: unencodedOf("value", { said, encoder, refuse }),
  };
  const bytesOf = (name: string, value: unknown) =>
    bytesOfJson(
      value,
      () => refuse(`its ${name} is neither text, nor null, nor {"base64": "..."}`),
    );
  const record = recordOf(defaults);
  return {
    ...record,
    partition: partitionOf(said["partition"], refuse) ?? record.partition,
    timestamp: timestampOf(said["timestamp"], refuse) ?? record.timestamp,
    ...encoder.isNeeded && { unencoded },
    key: "key" in said && !unencoded.key ? bytesOf("key", said["key"]) : record.key,
    value: "value" in said && !unencoded.value ? bytesOf("value", said["value"]) : null,
    headers: "headers" in said
      ? pairsOf(said["headers"], refuse).map(([name, value]) =>
        [name, bytesOf(`header ${escaped(name)}`, value)] as const
      )
      : record.headers,
  };
}

type Refuse = (reason: string) => UsageFault;

/** What a schema is to make bytes of, where the line names one or the options do. */
function unencodedOf(
  part: "key" | "value",
  of: {
    readonly said: Readonly<Record<string, unknown>>;
    readonly encoder: JsonEncoder;
    readonly refuse: Refuse;
  },
): Unencoded | undefined {
  const { said, encoder, refuse } = of;
  const schemaId = said[`${part}Schema`];
  if (schemaId !== undefined && !(Number.isSafeInteger(schemaId) && Number(schemaId) > 0)) {
    throw refuse(`its ${part}Schema is no id`);
  }
  if (schemaId !== undefined && !encoder.isNeeded) {
    throw refuse(`its ${part} is of a schema: name the registry with --schema-registry URL`);
  }
  const value = said[part];
  if (value === undefined || value === null) return undefined;
  if (schemaId === undefined && !encoder.encodes(part)) return undefined;
  return {
    json: jsonText(value as Json),
    schemaId: schemaId === undefined ? undefined : Number(schemaId),
  };
}

function objectOf(
  text: string,
  { parse, refuse }: { readonly parse: (text: string) => unknown; readonly refuse: Refuse },
): Record<string, unknown> {
  let said: unknown;
  try {
    said = parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refuse(`it is no JSON (${escaped(error.message)})`);
  }
  if (typeof said === "object" && said !== null && !Array.isArray(said)) {
    return said as Record<string, unknown>;
  }
  throw refuse('it is no object, such as {"key": "42", "value": "paid"}');
}

function partitionOf(said: unknown, refuse: Refuse): number | undefined {
  if (said === undefined) return undefined;
  if (typeof said === "number" && Number.isInteger(said) && said >= 0) return said;
  throw refuse("its partition is no whole number");
}

/** Milliseconds since the Unix epoch; as text past 2^53. */
function timestampOf(said: unknown, refuse: Refuse): Int64 | undefined {
  if (said === undefined) return undefined;
  if (typeof said === "number" && Number.isSafeInteger(said)) return said;
  const parsed = typeof said === "string" ? parseInt64(said) : undefined;
  if (parsed !== undefined) return parsed;
  throw refuse("its timestamp is no whole number of milliseconds");
}

/** Pairs, as consume prints them, or an object of names. */
function pairsOf(said: unknown, refuse: Refuse): [string, unknown][] {
  const pairs = Array.isArray(said)
    ? said
    : typeof said === "object" && said !== null
    ? Object.entries(said)
    : undefined;
  const arePairs = pairs?.every((pair) =>
    Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string"
  );
  if (pairs !== undefined && arePairs) return pairs;
  throw refuse("its headers are no pairs of a name and a value");
}

function bytesOfJson(value: unknown, refuse: () => UsageFault): Bytes {
  if (value === null) return null;
  if (typeof value === "string") return utf8(value);
  if (typeof value !== "object" || Array.isArray(value)) throw refuse();
  const { base64, ...others } = value as { base64?: unknown };
  if (typeof base64 !== "string" || Object.keys(others).length > 0) throw refuse();
  const bytes = fromBase64(base64);
  if (bytes === undefined) throw refuse();
  return bytes;
}
