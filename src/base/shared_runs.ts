// What many may ask for at a time, and one run does for all of them.
//
//   first ──> run 1 ────────┐
//      second, third ──wait─┴─> run 2, for both
//
// Invariant: each run begins after everybody asked who is answered by it; there is one at a time.

/** `run`, one at a time: whoever comes while one is under way shares the next one. */
export function sharedRuns<R>(run: () => Promise<R>): () => Promise<R> {
  let last: Promise<R> | undefined;
  let next: Promise<R> | undefined;
  const begin = () => {
    last = next;
    next = undefined;
    return run();
  };
  return () =>
    next ??= last === undefined ? Promise.resolve().then(begin) : last.then(begin, begin);
}
