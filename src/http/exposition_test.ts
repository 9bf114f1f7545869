import { assertEquals } from "@std/assert";
import { Histogram } from "../base/histogram.ts";
import { exposition } from "./exposition.ts";

Deno.test("metrics are lines with a name, labels and a value", () => {
  const text = exposition([
    {
      name: "requests_total",
      type: "counter",
      labels: ["api", "error"],
      doc: "Requests.",
      samples: [[["Fetch", "NONE"], 1027], [["Produce", "NONE"], 3]],
    },
    { name: "heat_celsius", type: "gauge", doc: "How warm.", samples: [[[], -1.5]] },
  ]);
  assertEquals(
    text,
    `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{api="Fetch",error="NONE"} 1027
requests_total{api="Produce",error="NONE"} 3
# HELP heat_celsius How warm.
# TYPE heat_celsius gauge
heat_celsius -1.5
`,
  );
});

Deno.test("a histogram's buckets hold those below them, too", () => {
  const histogram = new Histogram([0.1, 2]);
  for (const value of [0.1, 0.25, 1, 4]) histogram.observe(value);
  const text = exposition([{
    name: "t_seconds",
    type: "histogram",
    labels: ["api"],
    doc: "Time.",
    samples: [[["Fetch"], histogram]],
  }]);
  assertEquals(text.split("\n").slice(2), [
    't_seconds_bucket{api="Fetch",le="0.1"} 1',
    't_seconds_bucket{api="Fetch",le="2"} 3',
    't_seconds_bucket{api="Fetch",le="+Inf"} 4',
    't_seconds_sum{api="Fetch"} 5.35',
    't_seconds_count{api="Fetch"} 4',
    "",
  ]);
});

Deno.test("text that would break a line is escaped", () => {
  const text = exposition([{
    name: "dir",
    type: "gauge",
    labels: ["dir"],
    doc: "A back\\slash and\na line.",
    samples: [[['C:\\"data"\nx'], NaN]],
  }]);
  assertEquals(text.split("\n"), [
    "# HELP dir A back\\\\slash and\\na line.",
    "# TYPE dir gauge",
    'dir{dir="C:\\\\\\"data\\"\\nx"} NaN',
    "",
  ]);
});
