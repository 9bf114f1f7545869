// Where a response holds error codes, found once for each API by its table: at the top, and in
// lists of structs however deep. It costs what the visit of those lists costs.
//
//   Produce response   responses[].partitionResponses[].errorCode
//   Metadata response  errorCode, topics[].errorCode, topics[].partitions[].errorCode

import type { AnyApi } from "./schema.ts";
import type { Fields, WireType } from "./types.ts";

/** The places of error codes in a struct. */
interface Places {
  /** As in ApiErrors: `response`, or the name of the list. */
  readonly level: string;
  readonly codes: readonly string[];
  readonly lists: readonly { readonly name: string; readonly places: Places }[];
}

type Struct = Readonly<Record<string, unknown>>;

const placesByKey: (Places | undefined)[] = [];

type Visit = (errorCode: number, level: string) => void;

/**
 * Calls `visit` with each error code of `response` that says that something failed, and with the
 * level that it stands at: `response`, or the list whose item carries it.
 */
export function visitErrors(api: AnyApi, response: unknown, visit: Visit): void {
  const places = placesByKey[api.key] ??= placesIn("response", api.response.fields);
  visitPlaces(places, response as Struct, visit);
}

/** The levels of an API's answers that have an error code, each once. */
export function errorLevels(api: AnyApi): string[] {
  const levels = new Set<string>();
  const collect = ({ level, codes, lists }: Places): void => {
    if (codes.length > 0) levels.add(level);
    for (const { places } of lists) collect(places);
  };
  collect(placesIn("response", api.response.fields));
  return [...levels];
}

function visitPlaces(places: Places, struct: Struct, visit: Visit): void {
  for (const name of places.codes) {
    const code = struct[name] as number | undefined;
    if (code !== undefined && code !== 0) visit(code, places.level);
  }
  for (const { name, places: within } of places.lists) {
    const list = struct[name] as readonly Struct[] | null | undefined;
    if (list === null || list === undefined) continue;
    for (const each of list) visitPlaces(within, each, visit);
  }
}

function placesIn(level: string, fields: Fields): Places {
  const codes: string[] = [];
  const lists: Places["lists"][number][] = [];
  for (const [name, { wire }] of Object.entries(fields)) {
    if (name.endsWith("rrorCode")) codes.push(name);
    const element = elementFields(wire);
    if (element === undefined) continue;
    const places = placesIn(name, element);
    if (places.codes.length + places.lists.length > 0) lists.push({ name, places });
  }
  return { level, codes, lists };
}

function elementFields(wire: WireType): Fields | undefined {
  return wire.kind === "array" && wire.element.kind === "struct" ? wire.element.fields : undefined;
}
