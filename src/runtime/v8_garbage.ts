// Has V8 find its garbage now. What does that is a function that it gives to new contexts only, and
// only once it has been told to: by a flag that may be set at any time. Deno loads what it takes,
// 10 MB of node's modules, when this is first asked for.

let collect: (() => void) | undefined;

/** A whole collection, which takes some ten milliseconds. */
export function collectV8Garbage(): void {
  if (collect === undefined) {
    process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
    collect = process.getBuiltinModule("node:vm").runInNewContext("gc") as () => void;
  }
  collect();
}
