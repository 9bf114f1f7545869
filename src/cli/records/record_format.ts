// How a record is printed: its value for people, all of it as one line of JSON for programs, what a
// template says, or the bytes of its value alone.
//
//   text    paid                    json    {"topic":"orders","partition":0,"offset":7,...}
//   raw     the value's bytes       %p:%o %k   0:7 customer-1

import { toBase64 } from "../../base/base64.ts";
import { concatBytes, fromUtf8 } from "../../base/bytes.ts";
import { escapedJson, escapedLines } from "../../base/visible.ts";
import type { ConsumerRecord } from "../../client/mod.ts";
import { ArgumentFault } from "../arguments.ts";
import type { DecodedPart } from "../schemas/record_decoding.ts";

/**
 * A record that is to be printed; of a share group with how often it was handed out, of a schema
 * registry with what its schemas make of it.
 */
export type PrintedRecord = ConsumerRecord & {
  readonly deliveryCount?: number;
  readonly decoded?: { readonly key?: DecodedPart; readonly value?: DecodedPart };
};

/** Records as they are to be printed. */
export type RecordsFormat = (records: readonly PrintedRecord[]) => string | Uint8Array;

/** For whom records are printed. */
export interface FormatOptions {
  /** Text: with the key and a tab before the value. */
  readonly withKey: boolean;
  /** What would steer a terminal prints as text. */
  readonly forTerminal: boolean;
}

/** The format that `--format` names, or draws with `%`. */
export function recordsFormat(format: string, options: FormatOptions): RecordsFormat {
  const lines = (print: (record: PrintedRecord) => string): RecordsFormat => (records) =>
    records.map((record) => print(record) + "\n").join("");
  if (format === "text") return lines((record) => formatText(record, options));
  if (format === "json") return lines(formatJson);
  if (format === "raw") return (records) => concatBytes(records.map(({ value }) => value ?? none));
  if (format.includes("%")) return lines(templateOf(format, options));
  throw new ArgumentFault(
    `--format takes text, json, raw or a template such as "%k %v", not "${format}"`,
  );
}

const none = new Uint8Array(0);

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value; with the key and a tab before it when asked. Bytes that are not text print as
 * U+FFFD. For a terminal, what would steer it prints as text, but for line ends and tabs; another
 * program gets all as it is.
 */
export function formatText(
  record: ConsumerRecord,
  { withKey, forTerminal }: Partial<FormatOptions>,
): string {
  const text = withKey ? `${textOf(record.key)}\t${textOf(record.value)}` : textOf(record.value);
  return forTerminal ? steerless(text) : text;
}

/**
 * One line of JSON. Keys, values and header values are text, or `{"base64": ...}` when they are not
 * UTF-8; headers are pairs, since names may repeat. The timestamp is in ms since the Unix epoch,
 * as a string past 2^53. What a schema has decoded is its JSON, beside the schema's id.
 */
export function formatJson(record: PrintedRecord): string {
  const { topic, partition, offset, timestamp, key, value, headers, deliveryCount } = record;
  const plain = {
    topic,
    partition,
    offset,
    timestamp: typeof timestamp === "bigint" ? String(timestamp) : timestamp,
    key: jsonBytes(key),
    value: jsonBytes(value),
    headers: headers.map(({ key, value }) => [key, jsonBytes(value)]),
    ...deliveryCount !== undefined && { deliveryCount },
  };
  const { decoded } = record;
  if (decoded === undefined) return escapedJson(JSON.stringify(plain));
  // JSON of a schema stays the text that it is: its whole numbers may be past 2^53.
  const members = Object.entries(plain).map(([name, value]) => {
    const part = name === "key" || name === "value" ? decoded[name] : undefined;
    if (part === undefined) return `"${name}":${JSON.stringify(value)}`;
    return `"${name}":${part.json},"${name}Schema":${part.schemaId}`;
  });
  return escapedJson(`{${members.join(",")}}`);
}

function jsonBytes(bytes: Uint8Array | null): string | { base64: string } | null {
  if (bytes === null) return null;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return { base64: toBase64(bytes) };
  }
}

/** What each letter of a template stands for. */
const parts: Readonly<Record<string, (record: PrintedRecord) => string>> = {
  t: ({ topic }) => topic,
  p: ({ partition }) => `${partition}`,
  o: ({ offset }) => `${offset}`,
  k: ({ key }) => textOf(key),
  v: ({ value }) => textOf(value),
  h: ({ headers }) => headers.map(({ key, value }) => `${key}=${textOf(value)}`).join(","),
  T: ({ timestamp }) => `${timestamp}`,
  D: ({ timestamp }) => dateOf(timestamp),
  d: ({ deliveryCount }) => `${deliveryCount ?? 1}`,
  K: ({ key }) => `${key?.length ?? -1}`,
  V: ({ value }) => `${value?.length ?? -1}`,
};

/** The letters of templates, for help texts. */
export const templateWords = "%t topic, %p partition, %o offset, %k key, %v value, %h headers, " +
  "%T time in ms, %D date, %K and %V sizes, %d deliveries";

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** A template as the function that fills it in. Throws ArgumentFault for a letter unknown to it. */
function templateOf(
  template: string,
  { forTerminal }: FormatOptions,
): (record: PrintedRecord) => string {
  const pieces: ((record: PrintedRecord) => string)[] = [];
  for (const [, letter, escape, plain] of template.matchAll(/%(.?)|\\(.?)|([^%\\]+)/gsu)) {
    if (plain !== undefined) pieces.push(() => plain);
    else if (escape !== undefined) pieces.push(() => escapes[escape] ?? `\\${escape}`);
    else if (letter === "%") pieces.push(() => "%");
    else pieces.push(partOf(letter ?? ""));
  }
  return (record) => {
    const filled = pieces.map((piece) => piece(record)).join("");
    return forTerminal ? steerless(filled) : filled;
  };
}

function partOf(letter: string): (record: PrintedRecord) => string {
  const part = parts[letter];
  if (part !== undefined) return part;
  throw new ArgumentFault(`--format knows no %${letter}: there are ${templateWords}`);
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : fromUtf8(bytes);
}

/** ISO 8601 in UTC; the number itself where the calendar does not reach. */
function dateOf(timestamp: ConsumerRecord["timestamp"]): string {
  const date = new Date(Number(timestamp));
  return Number.isNaN(date.getTime()) ? `${timestamp}` : date.toISOString();
}

/** Tabs and line ends stay. */
function steerless(text: string): string {
  return text.split("\t").map(escapedLines).join("\t");
}
