// Durations as a test gives them, text or milliseconds, and as messages say them.

import { durationOf } from "../base/durations.ts";
import { UsageFault } from "../base/faults.ts";
import { show } from "../base/options.ts";

/** Milliseconds, or text such as "250ms", "5s", "2m", "1h 30m", "7d". */
export type Duration = number | string;

/** `duration` in milliseconds. Throws UsageFault for what is none. */
export function millisecondsOf(call: string, duration: Duration): number {
  if (typeof duration === "number" && duration >= 0 && duration < Infinity) return duration;
  const ms = typeof duration === "string" ? durationOf(duration.trim()) : undefined;
  if (ms !== undefined) return ms;
  throw new UsageFault(
    `${call} takes a duration such as "5s" or "1h 30m", not ${show(duration)}`,
  );
}

/** Milliseconds as people say them, such as "1.5 s". */
export function durationText(ms: number): string {
  if (ms >= 3_600_000) return `${shortest(ms / 3_600_000)} h`;
  if (ms >= 60_000) return `${shortest(ms / 60_000)} min`;
  return ms >= 1_000 ? `${shortest(ms / 1_000)} s` : `${shortest(ms)} ms`;
}

function shortest(count: number): string {
  return String(Math.round(count * 10) / 10);
}
