// Durations as people write them: "250ms", "5s", "1h 30m", or milliseconds as a number.

import { UsageFault } from "../base/faults.ts";
import { show } from "../base/options.ts";

/** Milliseconds, or text such as "250ms", "5s", "2m", "1h 30m", "7d". */
export type Duration = number | string;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `duration` in milliseconds. Throws UsageFault for what is none. */
export function millisecondsOf(call: string, duration: Duration): number {
  if (typeof duration === "number" && duration >= 0 && duration < Infinity) return duration;
  const text = typeof duration === "string" ? duration.trim() : "";
  const isWhole = /^(\d+(\.\d+)?(ms|s|m|h|d)\s*)+$/.test(text);
  if (!isWhole) {
    throw new UsageFault(
      `${call} takes a duration such as "5s" or "1h 30m", not ${show(duration)}`,
    );
  }
  return [...text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)]
    .reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0);
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
