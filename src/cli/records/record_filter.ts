// Which records to print: by key, by header, by what stands in a JSON value.
//
//   --match-key 'customer-*'   --match-header source=import   --match-json order.items[0].sku=A7
//
// All of what is asked for has to hold; each side of a comparison may be a pattern (globs.ts).

import { fromUtf8 } from "../../base/bytes.ts";
import type { ConsumerRecord } from "../../client/mod.ts";
import { ArgumentFault } from "../arguments.ts";
import { globMatcher } from "../globs.ts";

/** Whether a record is wanted. */
export type RecordFilter = (record: ConsumerRecord) => boolean;

/** The options that a filter is made of. */
export const filterOptions = {
  "match-key": { kind: "list", value: "PATTERN", about: "only records whose key is like it" },
  "match-header": {
    kind: "list",
    value: "NAME=PATTERN",
    about: "only records with such a header",
  },
  "match-json": {
    kind: "list",
    value: "PATH=PATTERN",
    about: "only values with that in their JSON, as order.items[0].sku=A*",
  },
} as const;

interface FilterValues {
  readonly "match-key": readonly string[];
  readonly "match-header": readonly string[];
  readonly "match-json": readonly string[];
}

/** The filter that options ask for; undefined where every record is wanted. */
export function filterOf(options: FilterValues): RecordFilter | undefined {
  const filters = [
    ...options["match-key"].map(keyFilter),
    ...options["match-header"].map(headerFilter),
    ...options["match-json"].map(jsonFilter),
  ];
  if (filters.length === 0) return undefined;
  return (record) => filters.every((filter) => filter(record));
}

function keyFilter(pattern: string): RecordFilter {
  const isLike = globMatcher(pattern);
  return ({ key }) => key !== null && isLike(fromUtf8(key));
}

function headerFilter(word: string): RecordFilter {
  const [name, pattern] = compared(word, "match-header");
  const isLike = globMatcher(pattern);
  return ({ headers }) =>
    headers.some(({ key, value }) => key === name && value !== null && isLike(fromUtf8(value)));
}

function jsonFilter(word: string): RecordFilter {
  const [path, pattern] = compared(word, "match-json");
  const isLike = globMatcher(pattern);
  const steps = stepsOf(path);
  return ({ value }) => {
    const found = value === null ? undefined : valueAt(parsed(fromUtf8(value)), steps);
    if (found === undefined) return false;
    return isLike(typeof found === "string" ? found : JSON.stringify(found));
  };
}

function compared(word: string, option: string): [name: string, pattern: string] {
  const equals = word.indexOf("=");
  if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
  throw new ArgumentFault(`--${option} takes a name, = and a pattern, not "${word}"`);
}

/** `order.items[0].sku`, with or without `$.` before it, as its steps. */
function stepsOf(path: string): string[] {
  const steps = path.replace(/^\$?\.?/, "").split(/\.|\[(\d+)\]/).filter((step) => step);
  if (steps.length > 0) return steps;
  throw new ArgumentFault("--match-json needs a path before =");
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let at = value;
  for (const step of steps) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    if (Array.isArray(at) && !/^\d+$/.test(step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
