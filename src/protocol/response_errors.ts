// Where a response holds error codes, found once for each API by its table: at the top, and in
// lists of structs however deep. It costs what the visit of those lists costs.
//
//   Produce response   responses[].partitionResponses[].errorCode
//   Metadata response  errorCode, topics[].errorCode, topics[].partitions[].errorCode

import type { AnyApi } from "./schema.ts";
import type { Fields, WireType } from "./types.ts";

/** The places of error codes in a struct. */
interface Places {
  readonly codes: readonly string[];
  readonly lists: readonly { readonly name: string; readonly places: Places }[];
}

type Struct = Readonly<Record<string, unknown>>;

const placesByKey: (Places | undefined)[] = [];

/** Calls `visit` with each error code of `response` that says that something failed. */
export function visitErrors(
  api: AnyApi,
  response: unknown,
  visit: (errorCode: number) => void,
): void {
  const places = placesByKey[api.key] ??= placesIn(api.response.fields);
  visitPlaces(places, response as Struct, visit);
}

function visitPlaces(places: Places, struct: Struct, visit: (errorCode: number) => void): void {
  for (const name of places.codes) {
    const code = struct[name] as number | undefined;
    if (code !== undefined && code !== 0) visit(code);
  }
  for (const { name, places: within } of places.lists) {
    const list = struct[name] as readonly Struct[] | null | undefined;
    if (list === null || list === undefined) continue;
    for (const each of list) visitPlaces(within, each, visit);
  }
}

function placesIn(fields: Fields): Places {
  const codes: string[] = [];
  const lists: Places["lists"][number][] = [];
  for (const [name, { wire }] of Object.entries(fields)) {
    if (name.endsWith("rrorCode")) codes.push(name);
    const element = elementFields(wire);
    if (element === undefined) continue;
    const places = placesIn(element);
    if (places.codes.length + places.lists.length > 0) lists.push({ name, places });
  }
  return { codes, lists };
}

function elementFields(wire: WireType): Fields | undefined {
  return wire.kind === "array" && wire.element.kind === "struct" ? wire.element.fields : undefined;
}
