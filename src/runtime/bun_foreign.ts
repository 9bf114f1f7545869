// Functions of the C library, by Bun's foreign functions: what node:fs and Bun's sockets do not
// offer.

import process from "node:process";
import { cLibraries } from "./unread_output.ts";

interface ForeignFunctions {
  dlopen<T>(
    library: string,
    functions: Record<keyof T, { args: readonly string[]; returns: string }>,
  ): { symbols: T };
}

/** Its functions by these names; undefined where there is no such library, or no way to it. */
export function loadC<T>(
  functions: Record<keyof T, { args: readonly string[]; returns: string }>,
): T | undefined {
  try {
    const foreign = process.getBuiltinModule("bun:ffi") as ForeignFunctions;
    for (const library of cLibraries) {
      try {
        return foreign.dlopen<T>(library, functions).symbols;
      } catch {
        // Not this C library.
      }
    }
  } catch {
    // No foreign functions in this build: the lock record alone has to do.
  }
  return undefined;
}
