// Room behind a file's end on Deno, by the C library: Deno has no call for it, and does not tell a
// file's descriptor, so that each time the file is opened by its name. Should that lead to another
// file by now, that one has room which it does not need until it is closed, cut or removed.
//
// Nobody is asked for the permission: where it was not granted, files grow without.

import type { Room } from "./room_ahead.ts";

const functions = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

const writeOnlyCloseOnExec = 0o1 | 0o2000000;
const keepSize = 1;

let c: Deno.DynamicLibrary<typeof functions>["symbols"] | undefined;
let isKnown = false;

function load(): typeof c {
  if (Deno.build.os !== "linux") return undefined;
  try {
    if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
    return Deno.dlopen("libc.so.6", functions).symbols;
  } catch {
    // Another C library.
    return undefined;
  }
}

/** As MakeRoom. What does not grow fast never asks, so that nothing is loaded at the start. */
export function makeRoom(path: string, { size, bytes }: Room): boolean {
  if (!isKnown) c = load();
  isKnown = true;
  if (c === undefined) return false;
  const descriptor = c.open(new TextEncoder().encode(`${path}\0`), writeOnlyCloseOnExec);
  if (descriptor < 0) return false;
  const isMade = c.fallocate(descriptor, keepSize, BigInt(size), BigInt(bytes)) === 0;
  c.close(descriptor);
  return isMade;
}
