// A bound on waiting. A test that hangs tells nothing; one that says what it waited for does.
//
// Invariant: `within` leaves no timer behind, whichever way it ends.

/** What has not hung is done by then, on a machine that is busy with much else, too. */
export const patienceMs = 300_000;

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

/**
 * The first answer that `attempt` gives without failing. Each attempt is a round trip to a broker
 * and paces the next; after `ms` the last failure is thrown.
 */
export async function untilAnswered<T>(attempt: () => Promise<T>, ms: number): Promise<T> {
  const startedAt = performance.now();
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() - startedAt > ms) throw error;
    }
  }
}
