// One log line as text, for people or for machines.
//
//   text  2026-03-01T09:30:00.125Z INFO  broker  Listening. address=127.0.0.1:9092 tls=false
//   json  {"time":"2026-03-01T09:30:00.125Z","level":"info","part":"broker","message":…,…}
//
// Invariant: one record is one line. Whatever comes from outside (a client id, a path) is quoted
// when it holds anything but plain visible characters, and cut when long, so that a field can
// neither start a line of its own, nor colour a terminal, nor fill a disk.

import { escaped, escapedJson, quoted, quotedUnless } from "../base/visible.ts";
import type { LogFields, LogLevel, LogOptions } from "./ports.ts";

/** What a line is made of. */
export interface LogLine {
  readonly timeMs: number;
  readonly level: LogLevel;
  /** The part of the program, "log" or "broker.connection"; empty for the program itself. */
  readonly part: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Characters of one value that are kept. */
const valueLengthMax = 2_000;

/** The keys that a JSON line always has; a field of that name gets an underscore in front. */
const reservedKeys: ReadonlySet<string> = new Set(["time", "level", "part", "message"]);

const colors: Readonly<Record<LogLevel, string>> = {
  trace: "\x1b[90m",
  debug: "\x1b[36m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};
const dim = "\x1b[2m";
const plain = "\x1b[0m";

/** `line` in the form asked for, with its line end. */
export function formatLine(line: LogLine, format: LogOptions["format"], color: boolean): string {
  return format === "json" ? jsonLine(line) : textLine(line, color);
}

function jsonLine(line: LogLine): string {
  const whole: Record<string, string | number | boolean | null> = {
    time: new Date(line.timeMs).toISOString(),
    level: line.level,
    part: line.part,
    message: line.message,
  };
  for (const [key, value] of Object.entries(line.fields)) {
    if (value === undefined) continue;
    const name = reservedKeys.has(key) ? `_${key}` : key;
    whole[name] = typeof value === "number" && !Number.isFinite(value)
      ? String(value)
      : typeof value === "string"
      ? cut(value)
      : value;
  }
  return escapedJson(JSON.stringify(whole)) + "\n";
}

function textLine(line: LogLine, color: boolean): string {
  const time = new Date(line.timeMs).toISOString();
  const level = line.level.toUpperCase().padEnd(5);
  let text = color
    ? `${dim}${time}${plain} ${colors[line.level]}${level}${plain}`
    : `${time} ${level}`;
  if (line.part !== "") text += ` ${line.part.padEnd(7)}`;
  text += ` ${escaped(line.message) === line.message ? line.message : quoted(line.message)}`;
  for (const [key, value] of Object.entries(line.fields)) {
    if (value === undefined) continue;
    text += color ? ` ${dim}${key}=${plain}` : ` ${key}=`;
    text += typeof value === "string" ? textValue(value) : String(value);
  }
  return text + "\n";
}

function textValue(value: string): string {
  const kept = cut(value);
  return quotedUnless(/^[^\s"=\\]+$/, kept);
}

function cut(text: string): string {
  if (text.length <= valueLengthMax) return text;
  return `${text.slice(0, valueLengthMax)}… (${text.length} characters)`;
}
