// Metrics as text, in Prometheus's format 0.0.4, which every collector reads:
//
//   # HELP ottla_requests_total Requests that were taken up.
//   # TYPE ottla_requests_total counter
//   ottla_requests_total{api="Fetch"} 1027
//
// A histogram is a cumulative count for each bound, `_bucket{le="0.1"}`, and `_sum` and `_count`.

import type { Histogram } from "../base/histogram.ts";
import { itemAt } from "../base/items.ts";
import type { MetricFamily } from "../broker/mod.ts";

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** The text of these metrics. Those without samples are named all the same. */
export function exposition(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  for (const { name, type, labels = [], doc, samples } of families) {
    lines.push(`# HELP ${name} ${escaped(doc)}`, `# TYPE ${name} ${type}`);
    for (const [values, value] of samples) {
      const pairs = labels.map((label, i) => pair(label, itemAt(values, i)));
      if (typeof value === "number") lines.push(`${name}${braced(pairs)} ${numberText(value)}`);
      else lines.push(...histogramLines(name, { pairs, histogram: value }));
    }
  }
  return lines.join("\n") + "\n";
}

function histogramLines(
  name: string,
  { pairs, histogram }: { pairs: readonly string[]; histogram: Histogram },
): string[] {
  const lines: string[] = [];
  let count = 0;
  for (const [i, bound] of [...histogram.bounds, Infinity].entries()) {
    count += itemAt(histogram.counts, i);
    lines.push(`${name}_bucket${braced([...pairs, pair("le", numberText(bound))])} ${count}`);
  }
  const labels = braced(pairs);
  lines.push(
    `${name}_sum${labels} ${numberText(histogram.sum)}`,
    `${name}_count${labels} ${count}`,
  );
  return lines;
}

function pair(label: string, value: string): string {
  return `${label}="${escaped(value).replaceAll('"', '\\"')}"`;
}

function braced(pairs: readonly string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** As Go reads it. */
function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
