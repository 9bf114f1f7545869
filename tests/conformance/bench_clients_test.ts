// That the comparison of clients runs, not how fast: each sends for a moment, and reads it back.

import { assertEquals, assertGreater } from "@std/assert";
import { run } from "../harness/process_lines.ts";

const bench = new URL("../../scripts/bench_clients.ts", import.meta.url).pathname;
const names = [
  "Ottla's own, Node",
  "Ottla's own, Deno",
  "@platformatic/kafka, Node",
  "kafkajs, Node",
];

Deno.test("the benchmark of clients measures each, sending and reading", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const flags = ["--brokers", "deno", "--rounds", "1", "--seconds", "0.1", "--json", path];
    flags.push(...names.flatMap((name) => ["--only", name]));
    const args = ["run", "-A", "--no-check", bench, ...flags];
    await run({ command: Deno.execPath(), args, withinMs: 600_000 });
    const { deno } = JSON.parse(await Deno.readTextFile(path));
    assertEquals(Object.keys(deno).length, 4, "two ways, two sizes");
    for (const column of Object.values<Record<string, { records: number }[]>>(deno)) {
      assertEquals(Object.keys(column), names);
      for (const [sample] of Object.values(column)) assertGreater(sample.records, 0);
    }
  } finally {
    await Deno.remove(path);
  }
});
