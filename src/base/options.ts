// Options that somebody else's program hands over: JavaScript lets anything through, so what does
// not fit is refused at once, in the words of the call, rather than felt somewhere inside.
//
//   checkOptions("connect", { bootstrapp: "x" }, { bootstrap: "text", … })
//     UsageFault: connect does not know the option bootstrapp: it takes bootstrap, clientId, …
//
// An option that is absent or undefined takes its default.

import { UsageFault } from "./faults.ts";
import { entryOf } from "./items.ts";

/**
 * What an option can be. `count` is a whole number from 0 on, `duration` any number; `any` is
 * looked at by the caller; an array has the choices.
 */
export type OptionKind =
  | "text"
  | "list"
  | "count"
  | "duration"
  | "any"
  | "flag"
  | "function"
  | "textOrFunction"
  | "object"
  | "flagOrObject"
  | readonly (string | number)[];

/** The options of a call, by name. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: OptionKind };

const said: Readonly<Record<string, string>> = {
  text: "text",
  list: "a list",
  count: "a whole number from 0 on",
  duration: "a number from 0 on",
  any: "given",
  flag: "true or false",
  function: "a function",
  textOrFunction: "text or a function",
  object: "an object of keys and values",
  flagOrObject: "true, false or an object",
};

/**
 * The options that are set. Throws a UsageFault unless `given` is an object with nothing but
 * options of these kinds.
 */
export function checkOptions<Options extends object>(
  call: string,
  given: Options,
  kinds: OptionKinds<Options>,
): Options {
  if (!isPlain(given)) {
    throw new UsageFault(`${call} takes an object of options, not ${show(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    const kind = entryOf<OptionKind>(kinds, name);
    if (kind === undefined) {
      const names = Object.keys(kinds).join(", ");
      throw new UsageFault(`${call} does not know the option ${name}: it takes ${names}`);
    }
    if (value === undefined || fits(value, kind)) continue;
    const wanted = typeof kind === "string" ? said[kind] : kind.map(show).join(" or ");
    throw new UsageFault(`${call}: ${name} must be ${wanted}, not ${show(value)}`);
  }
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Options;
}

function fits(value: unknown, kind: OptionKind): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "list":
      return Array.isArray(value);
    case "count":
      return typeof value === "number" && value >= 0 &&
        (Number.isInteger(value) || value === Infinity);
    case "duration":
      return typeof value === "number" && value >= 0;
    case "any":
      return true;
    case "flag":
      return typeof value === "boolean";
    case "function":
      return typeof value === "function";
    case "textOrFunction":
      return typeof value === "string" || typeof value === "function";
    case "object":
      return isPlain(value);
    case "flagOrObject":
      return typeof value === "boolean" || isPlain(value);
    default:
      return kind.some((choice) => choice === value);
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a message shows it: short, and of a kind that can be recognised. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return "a list";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value).slice(0, 5).join(", ");
    return names === "" ? "an empty object" : `an object with ${names}`;
  }
  return typeof value === "function" ? "a function" : String(value);
}
