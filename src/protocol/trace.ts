// A decoded message on one line, for people who learn or debug:
//
//   Metadata v12 request: topics=[{name=orders}] allowAutoTopicCreation=true
//   Metadata v12 response: brokers=[{nodeId=1 host=localhost port=9092}] topics=[{name=orders ...}]
//
// What says nothing is left out: null, a false for which there is no word, empty text and lists,
// the zero UUID, a number that is the field's own default (mostly -1, "unknown"), no throttling,
// and NONE below the top level.
// Error codes and API keys are names, and so are well-known numbers whose words the table has;
// bytes are a count or what the caller makes of them; long lists and texts are cut. A field that
// the version lacks does not appear. An error is followed by when the table says that it comes, or
// by what it means at all, once in a line:
//
//   Heartbeat v4 response: errorCode=NOT_COORDINATOR (another broker coordinates the group)
//
// Invariant: no text of the message is shown but through base/visible, no bytes are shown as they
// are, and no value of a configuration key that may be a secret is shown at all.

import { ZERO_UUID } from "../base/ids.ts";
import { quotedUnless } from "../base/visible.ts";
import { apiName } from "./api_names.ts";
import { errorMessage, type ErrorName, errorName } from "./errors.ts";
import type { AnyApi, ApiErrors } from "./schema.ts";
import { type Field, type Fields, inRange, type WireType, type Words } from "./types.ts";

const elementsShown = 4;
const charactersShown = 60;
const plainText = /^[\w.:/@+-]+$/;

/** What bytes mean, said in a few words; undefined where the caller does not know. */
export type DescribeBytes = (fieldName: string, bytes: Uint8Array) => string | undefined;

export interface TraceOptions {
  readonly side: "request" | "response";
  readonly version: number;
  readonly describeBytes?: DescribeBytes;
  /** Whether the value of a configuration key is a secret; absent: each may be one. */
  readonly isSecretKey?: (name: string) => boolean;
  /** Items of a list that are shown; absent: a few. */
  readonly elementsMax?: number;
}

/** One line about `message`, a request or response of `api` in this version. */
export function traceMessage(api: AnyApi, message: unknown, options: TraceOptions): string {
  const { side, version } = options;
  const fields = traceFields(api[side].fields, message, {
    ...options,
    errors: api.errors,
    level: "response",
    explained: new Set(),
  });
  return `${api.name} v${version} ${side}${fields === "" ? "" : `: ${fields}`}`;
}

/** Where in a message a line has come to. */
interface Place extends TraceOptions {
  readonly errors: ApiErrors | undefined;
  /** As in {@link ApiErrors}. */
  readonly level: string;
  /** The codes that this line has explained. */
  readonly explained: Set<number>;
  readonly nested?: boolean;
}

function traceFields(fields: Fields, message: unknown, options: Place): string {
  const parts: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!inRange(options.version, field.versions)) continue;
    const value = (message as Record<string, unknown>)[name];
    if (name.endsWith("rrorCode")) {
      if (value !== undefined && !(options.nested && value === 0)) {
        parts.push(`${name}=${traceError(value as number, options)}`);
      }
    } else if (name === "apiKey") {
      parts.push(`${name}=${apiName(value as number)}`);
    } else if (saysNothing(name, field, value)) {
      continue;
    } else if (field.isConfigValue && isSecret(message as { name: string }, options)) {
      parts.push(`${name}=(hidden)`);
    } else {
      parts.push(
        `${name}=${traceValue(field.wire, value, { ...options, name, words: field.words })}`,
      );
    }
  }
  return parts.join(" ");
}

function isSecret({ name }: { readonly name: string }, { isSecretKey }: TraceOptions): boolean {
  return isSecretKey === undefined || isSecretKey(name);
}

function saysNothing(name: string, field: Field, value: unknown): boolean {
  switch (value) {
    case undefined:
    case null:
    case "":
    case ZERO_UUID:
      return true;
    case false:
      return field.words === undefined;
    case 0:
      return name === "throttleTimeMs" || field.tag >= 0;
    default:
      if (Array.isArray(value)) return value.length === 0;
      return typeof value === "number" && value === field.default;
  }
}

function traceError(code: number, { errors, level, explained }: Place): string {
  const name = errorName(code);
  if (code === 0 || explained.has(code)) return name;
  explained.add(code);
  return `${name} (${errors?.[level]?.[name as ErrorName] ?? inWords(errorMessage(code))})`;
}

/** A sentence as part of another. */
function inWords(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, "");
}

type Named = Place & { readonly name: string; readonly words: Words | undefined };

function traceValue(wire: WireType, value: unknown, options: Named): string {
  switch (wire.kind) {
    case "bytes":
    case "records": {
      const bytes = value as Uint8Array;
      return options.describeBytes?.(options.name, bytes) ?? `<${bytes.length} bytes>`;
    }
    case "array":
      return traceList(wire.element, value as readonly unknown[], {
        ...options,
        level: wire.element.kind === "struct" ? options.name : options.level,
      });
    case "struct":
      return `{${traceFields(wire.fields, value, { ...options, nested: true })}}`;
    case "string":
    case "uuid":
      return traceText(value as string);
    default:
      return options.words?.[Number(value)] ?? String(value);
  }
}

function traceList(element: WireType, list: readonly unknown[], options: Named): string {
  const { elementsMax = elementsShown } = options;
  const shown = list.slice(0, elementsMax).map((each) => traceValue(element, each, options));
  if (list.length > elementsMax) shown.push(`${list.length - elementsMax} more`);
  return `[${shown.join(", ")}]`;
}

function traceText(text: string): string {
  const shown = text.length > charactersShown ? `${text.slice(0, charactersShown)}...` : text;
  return quotedUnless(plainText, shown);
}
