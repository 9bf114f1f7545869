// Calls that a program may stop waiting for.
//
// Invariant: who has stopped is told the signal's reason, as `fetch` tells it, and hears no more of
// the call; no listener is left behind.

/** What `doing` comes to, or the signal's reason when that comes first: `doing` goes on alone. */
export function unlessAborted<T>(doing: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    doing.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
