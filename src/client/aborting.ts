// Calls that a program may stop waiting for.
//
// Invariant: who has stopped is told the signal's reason, as `fetch` tells it, and hears no more of
// the call; no listener is left behind.

import { UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds, show } from "../base/options.ts";

/**
 * How long to wait for a call. There are no timeouts of single calls besides:
 * `AbortSignal.timeout(5000)` is one, and a signal of the program's own another.
 */
export interface CallOptions {
  /** Ends the waiting: the call rejects with its reason, and asks nothing more. */
  readonly signal?: AbortSignal;
}

const callKinds: OptionKinds<CallOptions> = { signal: "any" };

/** The signal among a call's options, not yet aborted. Throws a UsageFault for anything else. */
export function signalOf(call: string, options: CallOptions | undefined): AbortSignal | undefined {
  const signal = signalAmong(call, options);
  signal?.throwIfAborted();
  return signal;
}

/** The same, aborted or not. */
function signalAmong(call: string, options: CallOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  const { signal } = checkOptions(call, options, callKinds);
  return anySignal(call, signal);
}

/** `signal`, if it is one. Throws its reason when it is aborted. */
export function checkedSignal(
  call: string,
  signal: AbortSignal | undefined,
): AbortSignal | undefined {
  anySignal(call, signal)?.throwIfAborted();
  return signal;
}

function anySignal(call: string, signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new UsageFault(`${call}: signal takes an AbortSignal, not ${show(signal)}`);
}

/**
 * Waits for `closing`. When the signal among `options` is aborted, before or meanwhile, the call
 * rejects with its reason: what closes is closed all the same, by `giveUp` without waiting.
 */
export async function closed(
  closing: Promise<void>,
  options: CallOptions | undefined,
  giveUp: (reason: Error) => void = () => {},
): Promise<void> {
  const signal = signalAmong("close", options);
  try {
    await unlessAborted(closing, signal);
  } catch (error) {
    if (signal?.aborted) giveUp(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/**
 * What `doing` comes to, or the signal's reason when that comes first: `doing` goes on alone. Where
 * there is no signal, `doing` itself.
 */
export function unlessAborted<T>(doing: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return doing;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    doing.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
