// Assertions stay on in production: our own state is asserted, outside input is validated.
// A failed assertion is a bug of ours; it crashes the process rather than corrupting a log.

/** A broken invariant of our own. Never caught, except to print it and exit. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws an {@link AssertionError} unless `condition` holds. */
export function assert(condition: unknown, message = "assertion failed"): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${JSON.stringify(value)}`);
}
