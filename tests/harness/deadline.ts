// A bound on waiting. A test that hangs tells nothing; one that says what it waited for does.
//
// Invariant: `within` leaves no timer behind, whichever way it ends.

/** `promise`, or an error that says `what` did not come within `ms`. */
export async function within<T>(
  promise: Promise<T>,
  { ms, what }: { ms: number; what: () => string },
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
