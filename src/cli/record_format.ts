// How a record is printed: its value for people, all of it as one line of JSON for programs.

import { fromUtf8 } from "../base/bytes.ts";
import { escapedJson, escapedLines } from "../base/visible.ts";
import type { ConsumerRecord } from "../client/mod.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A line for each record. */
export function formatRecords(
  records: readonly ConsumerRecord[],
  format: (record: ConsumerRecord) => string,
): string {
  return records.map((record) => format(record) + "\n").join("");
}

/**
 * The value; with the key and a tab before it when asked. Bytes that are not text print as
 * U+FFFD. For a terminal, what would steer it prints as text, but for line ends and tabs; another
 * program gets all as it is.
 */
export function formatText(
  record: ConsumerRecord,
  options: { withKey: boolean; forTerminal?: boolean },
): string {
  const text = (bytes: Uint8Array | null) => {
    const whole = bytes === null ? "null" : fromUtf8(bytes);
    return options.forTerminal ? whole.split("\t").map(escapedLines).join("\t") : whole;
  };
  return options.withKey ? `${text(record.key)}\t${text(record.value)}` : text(record.value);
}

/**
 * One line of JSON. Keys, values and header values are text, or `{"base64": ...}` when they are not
 * UTF-8; headers are pairs, since names may repeat. The timestamp is in ms since the Unix epoch,
 * as a string past 2^53.
 */
export function formatJson(record: ConsumerRecord): string {
  const { timestamp } = record;
  return escapedJson(JSON.stringify({
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: typeof timestamp === "bigint" ? String(timestamp) : timestamp,
    key: jsonBytes(record.key),
    value: jsonBytes(record.value),
    headers: record.headers.map(({ key, value }) => [key, jsonBytes(value)]),
  }));
}

function jsonBytes(bytes: Uint8Array | null): string | { base64: string } | null {
  if (bytes === null) return null;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return { base64: btoa(binary) };
  }
}
