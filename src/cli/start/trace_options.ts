// `ottla start --trace`, and what such a trace is about.
//
//   --trace-only api=Produce --trace-only topic='orders-*' --trace-only client=billing
//
// Of several APIs, clients or topics any may hold; of each kind that is named one has to.

import { allHandlers, type TraceFilter } from "../../broker/mod.ts";
import { ArgumentFault } from "../arguments.ts";
import { globMatcher, namesOf } from "../globs.ts";
import { nearest } from "../nearest.ts";

/** The options of a trace. */
export const traceOptions = {
  trace: { kind: "flag", about: "print connections, requests and responses, one line each" },
  "trace-only": {
    kind: "list",
    value: "api|client|topic=NAME",
    also: ["trace-filter"],
    about: "trace only those; a name may be a pattern",
  },
} as const;

const kinds: readonly string[] = ["api", "client", "topic"];

/** What `words` ask for; undefined for everything. Throws ArgumentFault. */
export async function traceFilterOf(words: readonly string[]): Promise<TraceFilter | undefined> {
  if (words.length === 0) return undefined;
  const named = words.map((word) => {
    const [, kind = "", name = ""] = /^(\w+)=(.+)$/s.exec(word) ?? [];
    if (kinds.includes(kind)) return { kind, name };
    throw new ArgumentFault(
      `--trace-only takes api=NAME, client=NAME or topic=NAME, not "${word}"`,
    );
  });
  const namesOfKind = (kind: string) =>
    named.filter((each) => each.kind === kind).map(({ name }) => name);
  const anyOf = (kind: string) => {
    const matchers = namesOfKind(kind).map(globMatcher);
    if (matchers.length === 0) return undefined;
    return (text: string) => matchers.some((isLike) => isLike(text));
  };
  const apis = namesOfKind("api");
  return {
    apiKeys: apis.length === 0 ? undefined : await keysOf(apis),
    isClient: anyOf("client"),
    isTopic: anyOf("topic"),
  };
}

async function keysOf(words: readonly string[]): Promise<ReadonlySet<number>> {
  const tables = (await allHandlers()).map(({ api }) => api);
  const names = tables.map(({ name }) => name);
  const keys = new Set<number>();
  for (const word of words) {
    // Names are typed as they come: produce, Produce, *offset*.
    const wanted = new Set(
      namesOf([word.toLowerCase()], names.map((name) => name.toLowerCase())),
    );
    const found = tables.filter(({ name }) => wanted.has(name.toLowerCase()));
    if (found.length === 0) {
      throw new ArgumentFault(`--trace-only: there is no API ${word}${nearest(word, names)}`);
    }
    for (const { key } of found) keys.add(key);
  }
  return keys;
}
