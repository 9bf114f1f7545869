// Another attempt, after a pause that doubles and is spread by a fifth, until a deadline.
//
// Invariant: bounded. The last failure is thrown once the deadline has passed, and a failure that
// repeating cannot cure is thrown at once. Once the caller has stopped waiting nothing is tried.

import type { Clock, Random, Timers } from "../runtime/ports.ts";
import { unlessAborted } from "./aborting.ts";
import { isRetriable } from "./faults.ts";

const backoffMs = 50;
const backoffMsMax = 1000;

export interface RetryPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface RetryOptions {
  /** From the first attempt on; no attempt starts later than this. */
  readonly timeoutMs: number;
  /** Which failures deserve another attempt; by default the retriable ones. */
  readonly retriable?: (error: unknown) => boolean;
  /** Once it is aborted, its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** The pause before attempt number `attempt` (1 is the first repetition). */
export function backoffOf(attempt: number, { random }: { random: Random }): number {
  const base = Math.min(backoffMsMax, backoffMs * 2 ** Math.min(attempt - 1, 20));
  return base * (0.8 + 0.4 * (random.uint32() / 2 ** 32));
}

/** Runs `attempt` until it succeeds, cannot be cured, or the time is over. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  ports: RetryPorts,
  options: RetryOptions,
): Promise<T> {
  const { retriable = isRetriable, signal } = options;
  const deadline = ports.clock.monotonic() + options.timeoutMs;
  for (let repetition = 1;; repetition++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const pauseMs = backoffOf(repetition, ports);
      if (!retriable(error) || ports.clock.monotonic() + pauseMs > deadline) throw error;
      await sleep(ports.timers, pauseMs, signal);
    }
  }
}

/** Resolves `delayMs` from now; rejects with the signal's reason when that is aborted before. */
export async function sleep(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = timers.after(delayMs, resolve);
  try {
    await unlessAborted(over, signal);
  } finally {
    timer.cancel();
  }
}

/** Resolves once `work` has gone well or failed, or `ms` from now: who waits no more, leaves. */
export async function settledWithin(
  timers: Timers,
  ms: number,
  work: Promise<unknown>,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = timers.after(ms, resolve);
  try {
    await Promise.race([Promise.allSettled([work]), late]);
  } finally {
    timer.cancel();
  }
}
