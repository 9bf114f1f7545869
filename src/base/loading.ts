// Modules that are loaded when they are first needed, and who has to know of it: simulated time,
// which would otherwise leap over what waits for one.
//
//   const { RE2JS } = await loading(import("re2js"));
//
// Invariant: what is under way here has neither come nor failed. Its bound is the number of places
// in the program that load something.

const underWay = new Set<Promise<unknown>>();

/** `module`, which counts as under way until it is here or has failed. */
export function loading<T>(module: Promise<T>): Promise<T> {
  underWay.add(module);
  const end = () => underWay.delete(module);
  module.then(end, end);
  return module;
}

/** Resolves once all that is under way now has ended; undefined: nothing is. */
export function whenLoaded(): Promise<unknown> | undefined {
  return underWay.size === 0 ? undefined : Promise.allSettled(underWay);
}
