// What a configuration key is, and how its text becomes a value.
//
//   text --trim--> type --> bounds / choices --> { value, text }   or   { problem }
//
// Text stays beside the value, because DescribeConfigs answers text: int64 bounds such as
// 9223372036854775807 are kept digit by digit there, while the number that the broker works with is
// clamped to the safe integers, which is as unlimited as the bound was meant to be.
// Wording and bounds are Kafka's, since tools show the message to people who know Kafka.

/** Kafka's value types. */
export type ConfigType =
  | "boolean"
  | "string"
  | "int"
  | "short"
  | "long"
  | "double"
  | "list"
  | "class"
  | "password";

/** What a value of each type is to the broker. */
export interface ValueByType {
  boolean: boolean;
  string: string;
  int: number;
  short: number;
  long: number;
  double: number;
  list: readonly string[];
  class: string;
  password: string;
}

/** Any parsed value; null is "not set" for a key without a default. */
export type ConfigValue = ValueByType[ConfigType] | null;

/** One key of the table. Absent fields: no bound, any choice, read-only, acted upon. */
export interface ConfigKey {
  readonly type: ConfigType;
  /** Kafka's text form; null when there is no default. */
  readonly default: string | null;
  /** Smallest and largest number accepted. */
  readonly min?: number;
  readonly max?: number;
  /** A number outside min..max that is accepted too, meaning "default" or "unlimited". */
  readonly orNumber?: number;
  /** The accepted texts, or list elements. */
  readonly oneOf?: readonly string[];
  /** Whether an empty text is a mistake rather than "not set": a door would stand open by it. */
  readonly mayNotBeEmpty?: true;
  /** The form of a text, or of a list with its elements joined by commas, and how to say it. */
  readonly form?: { readonly pattern: RegExp; readonly said: string };
  /** Whether it can be changed while the broker runs, and at which level. */
  readonly update?: "per-broker" | "cluster-wide";
  /** Milliseconds per unit, for a key that says in hours what its synonym says in ms. */
  readonly unitMs?: number;
  /** Why setting it has no effect here: a start that sets it logs this. */
  readonly ignored?: string;
  /** Why any other value than the default is refused: acting as if it were honoured is unsafe. */
  readonly refused?: string;
  /** Kept out of DescribeConfigs, as Kafka keeps its internal keys. */
  readonly internal?: boolean;
  /** Told by DescribeConfigs where it is set alone: Kafka has no such key among a broker's own. */
  readonly listedWhenSet?: true;
  readonly doc: string;
}

/** The outcome of reading one text. */
export type Parsed =
  | { readonly value: Exclude<ConfigValue, null>; readonly text: string }
  | { readonly problem: string };

const typeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

const integerBounds = {
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** The ConfigType byte of DescribeConfigs v3+. */
export function typeCode(type: ConfigType): number {
  return typeCodes[type];
}

/** Whether DescribeConfigs must answer null instead of the value. */
export function isSensitive(key: ConfigKey): boolean {
  return key.type === "password";
}

/** Reads `text` as a value of `key`. The problem reads as the end of "Invalid value x for y: ". */
export function parseValue(key: ConfigKey, text: string): Parsed {
  const parsed = parseType(key.type, text);
  if ("problem" in parsed) return parsed;
  const problem = outOfBounds(key, parsed.value);
  return problem === undefined ? parsed : { problem };
}

/** The same without the bounds: for values that an older version has let in and stored. */
export function parseType(type: ConfigType, text: string): Parsed {
  const trimmed = text.trim();
  switch (type) {
    case "boolean": {
      const lower = trimmed.toLowerCase();
      if (lower === "true") return { value: true, text: lower };
      if (lower === "false") return { value: false, text: lower };
      return { problem: "Expected value to be either true or false" };
    }
    case "int":
    case "short":
    case "long":
      return parseInteger(type, trimmed);
    case "double": {
      const value = trimmed === "" ? NaN : Number(trimmed);
      if (Number.isNaN(value)) return { problem: "Not a number of type DOUBLE" };
      return { value, text: trimmed };
    }
    case "list": {
      const parts = trimmed === "" ? [] : trimmed.split(",").map((part) => part.trim());
      return { value: parts, text: parts.join(",") };
    }
    case "password":
      return { value: text, text };
    case "string":
    case "class":
      return { value: trimmed, text: trimmed };
  }
}

function parseInteger(type: "int" | "short" | "long", text: string): Parsed {
  const problem = `Not a number of type ${type.toUpperCase()}`;
  if (!/^[+-]?\d{1,30}$/.test(text)) return { problem };
  const exact = BigInt(text.replace("+", ""));
  const [lowest, highest] = integerBounds[type];
  if (exact < lowest || exact > highest) return { problem };
  const safe = Number.MAX_SAFE_INTEGER;
  return { value: Math.max(-safe, Math.min(safe, Number(exact))), text: exact.toString() };
}

function outOfBounds(key: ConfigKey, value: Exclude<ConfigValue, null>): string | undefined {
  if (typeof value === "number" && value !== key.orNumber) {
    const { min, max, orNumber } = key;
    if (orNumber !== undefined && ((min ?? value) > value || (max ?? value) < value)) {
      return `Value must be between ${min} and ${max} or equal to ${orNumber}`;
    }
    if (min !== undefined && value < min) return `Value must be at least ${min}`;
    if (max !== undefined && value > max) return `Value must be no more than ${max}`;
  }
  const { oneOf, form } = key;
  const isEmptyList = typeof value === "object" && value.length === 0;
  if (form !== undefined && !isEmptyList && !form.pattern.test(value.toString())) {
    return `It must be ${form.said}`;
  }
  if (oneOf === undefined) return undefined;
  if (typeof value === "string" && !oneOf.includes(value)) {
    return `String must be one of: ${oneOf.join(", ")}`;
  }
  if (typeof value === "object" && value.some((part) => !oneOf.includes(part))) {
    return `Each element must be one of: ${oneOf.join(", ")}`;
  }
  return undefined;
}

/** Of `names`, the one with the smallest edit distance to `wanted`, if any is close enough. */
export function nearestName(wanted: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let distance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) >= distance) continue;
    const between = editDistance(wanted, name);
    if (between >= distance) continue;
    distance = between;
    nearest = name;
  }
  return nearest;
}

/** Insertions, deletions and replacements that make `a` into `b`. */
function editDistance(a: string, b: string): number {
  // Of each beginning of b, to the beginning of a that is behind us.
  let distances = Array.from({ length: b.length }, (_, j) => j + 1);
  for (let i = 0; i < a.length; i++) {
    let [corner, left] = [i, i + 1];
    distances = distances.map((above, j) => {
      const replaced = corner + (a[i] === b[j] ? 0 : 1);
      corner = above;
      left = Math.min(replaced, above + 1, left + 1);
      return left;
    });
  }
  return distances.at(-1) ?? a.length;
}
