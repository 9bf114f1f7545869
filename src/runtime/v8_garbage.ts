// Has V8 find its garbage now. What does that is a function that it gives to new contexts only, and
// only once it has been told to: by a flag that may be set at any time. Deno loads what it takes,
// 10 MB of node's modules, when this is first asked for.

/** A collection of the last resort gives the room of young objects back, too: 100 MB on Node. */
const wanted = { type: "major", execution: "sync", flavor: "last-resort" } as const;

let collect: ((how: typeof wanted) => void) | undefined;

/** A whole collection, which takes some ten milliseconds. */
export function collectV8Garbage(): void {
  if (collect === undefined) {
    process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
    collect = process.getBuiltinModule("node:vm").runInNewContext("gc") as typeof collect;
  }
  collect?.(wanted);
}
