// JSON whose whole numbers are exact: past 2^53 they are bigints, which Avro's longs may be.

/** A value of JSON. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** The value of `text`. Throws SyntaxError. */
export function parseJson(text: string): Json {
  // Bounded cost: only numbers that are not safe look at their own text.
  return JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

/** The text of `value`, without spaces. */
export function jsonText(value: Json): string {
  if (typeof value === "bigint") return `${value}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  const members = Object.entries(value).map(([name, each]) =>
    `${JSON.stringify(name)}:${jsonText(each)}`
  );
  return `{${members.join(",")}}`;
}

/** Whether `value` is an object of JSON, with names and values. */
export function isJsonObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
