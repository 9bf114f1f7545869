// `KEY=VALUE` words of options that may be repeated.

import { ArgumentFault } from "./arguments.ts";

/** The pairs in order; a key may come more than once. */
export function pairsOf(
  words: readonly string[],
  option: string,
): [key: string, value: string][] {
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
    throw new ArgumentFault(`--${option} takes KEY=VALUE, not "${word}"`);
  });
}
