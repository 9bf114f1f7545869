// What `ottla log` prints: a line for each thing found, the same for people and for programs.
//
//   batch    position=0 baseOffset=0 lastOffset=59 ...       {"type":"batch","position":0,...}
//
// Bytes are text where they are printable UTF-8; otherwise hex, as {"hex": "..."} in JSON.

import { escaped, escapedJson, quotedUnless } from "../../base/visible.ts";
import type { CliContext } from "../context.ts";

/** Prints one thing. */
export type PrintLine = (type: string, fields: Readonly<Record<string, unknown>>) => void;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const typeWidth = 8;

/** A printer for people, or for programs. */
export function linePrinter(context: CliContext, options: { json: boolean }): PrintLine {
  if (options.json) {
    return (type, fields) => {
      context.out(escapedJson(JSON.stringify({ type, ...jsonFields(fields) })) + "\n");
    };
  }
  return (type, fields) => {
    const words = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${textOf(value)}`);
    context.out(escaped(`${type.padEnd(typeWidth)} ${words.join(" ")}`) + "\n");
  };
}

function jsonFields(value: unknown): Record<string, unknown> {
  return jsonOf(value) as Record<string, unknown>;
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return printable(value) ?? { hex: hexOf(value) };
  // JSON has no integers of 64 bits that every reader takes.
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonOf(each)]));
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) {
    const text = printable(value);
    return text === undefined ? `0x${hexOf(value)}` : wordOf(text);
  }
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).map(([name, each]) => `${name}=${textOf(each)}`);
    return `{${entries.join(" ")}}`;
  }
  return typeof value === "string" ? wordOf(value) : String(value);
}

function wordOf(text: string): string {
  return quotedUnless(/^[^\s="{}[\],]+$/, text);
}

/** The text that the bytes are, undefined when they are none that a terminal should show. */
function printable(bytes: Uint8Array): string | undefined {
  try {
    const text = strictUtf8.decode(bytes);
    return /^[\P{C}\n\r\t]*$/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
