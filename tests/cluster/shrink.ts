// A history that fails, with as few troubles as it takes; and how it is told.

import type { HistoryOptions } from "./cast.ts";
import type { HistorySummary } from "./history.ts";

/** Runs at most; each takes about a second. */
const runsMax = 60;
const linesMax = 150;

/** Runs a history with fewer and fewer troubles, as long as the same law is broken. */
export async function shrunk(
  failed: HistorySummary,
  run: (options: HistoryOptions) => Promise<HistorySummary>,
  options: HistoryOptions,
): Promise<{ readonly summary: HistorySummary; readonly kept: readonly number[] }> {
  let summary = failed;
  let kept = options.kept ?? failed.plan.map((_, i) => i);
  let runs = 0;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < kept.length && runs < runsMax;) {
      const fewer = kept.filter((_, i) => i < start || i >= start + size);
      runs++;
      const tried = await run({ ...options, kept: fewer });
      if (isAlike(tried, failed)) [summary, kept] = [tried, fewer];
      else start += size;
    }
  }
  return { summary, kept };
}

/** Whether the same law is broken, by its first words. */
function isAlike(a: HistorySummary, b: HistorySummary): boolean {
  const words = ({ broken: [first] }: HistorySummary) =>
    first?.replace(/[^a-z ]/g, "").split(" ").slice(0, 3).join(" ");
  return a.broken.length > 0 && words(a) === words(b);
}

/** What went wrong, what was wrong then, and the lines of the story that are about it. */
export function told({ seed, traceHash, broken, plan, story, about }: HistorySummary): string[] {
  const isOfInterest = (line: string) =>
    / (broker-\d|etcd\d|all) /.test(line) || about.some((word) => line.includes(word));
  const lines = story.filter(isOfInterest);
  return [
    `seed ${seed} (${traceHash})`,
    ...plan.map(({ kind, atMs, forMs }) => `  at ${atMs} ms for ${forMs} ms: ${kind}`),
    ...lines.slice(-linesMax),
    ...broken.slice(0, 10),
  ];
}
