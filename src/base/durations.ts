// Durations as people write them: "250ms", "5s", "1h 30m", "7d".

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The milliseconds of a text such as `90s` or `1h 30m`; undefined when it says none. */
export function durationOf(text: string): number | undefined {
  if (!/^(\d{1,9}(\.\d{1,9})?\s*(ms|[smhdw])\s*)+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit = ""] of text.matchAll(/([\d.]+)\s*(ms|[smhdw])/g)) {
    ms += Number(count) * (unitMs[unit] ?? 0);
  }
  return ms;
}
