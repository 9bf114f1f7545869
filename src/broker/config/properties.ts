// Configuration files: Java's .properties syntax (base/properties.ts), or one flat JSON object.

import { UsageFault } from "../../base/faults.ts";
import { isText, parseProperties } from "../../base/properties.ts";

/**
 * Keys and values of a file, in order. `name` decides the syntax and is used in messages. Throws
 * UsageFault for what is no text.
 */
export function parseConfigFile(name: string, text: string): Map<string, string> {
  if (!isText(text)) {
    throw new UsageFault(`${name} is no text: a configuration is lines of key=value, or JSON`);
  }
  const isJson = name.toLowerCase().endsWith(".json") || text.trimStart().startsWith("{");
  return isJson ? parseJson(name, text) : parseProperties(text);
}

function parseJson(name: string, text: string): Map<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageFault(`${name} is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageFault(`${name} must hold one object of keys and values`);
  }
  const pairs = new Map<string, string>();
  for (const [key, value] of Object.entries(parsed)) {
    const parts: unknown[] = Array.isArray(value) ? value : [value];
    if (parts.some((part) => !["string", "number", "boolean"].includes(typeof part))) {
      throw new UsageFault(
        `${key} in ${name} must be text, a number, true, false or a list of them`,
      );
    }
    pairs.set(key, parts.join(","));
  }
  return pairs;
}
