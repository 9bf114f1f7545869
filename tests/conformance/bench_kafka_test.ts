// That the comparison with Kafka runs, not how fast: a load of each kind for a moment.

import { assertEquals, assertGreater } from "@std/assert";
import { run } from "../harness/process_lines.ts";
import { reasonToSkip } from "./java/installed.ts";

const skip = await reasonToSkip();
if (skip) console.log(`the benchmark beside Kafka is skipped: ${skip}`);

const root = new URL("../../", import.meta.url).pathname;
const command = `${Deno.execPath()} run -A ${root}src/main.ts start --port {port}`;
const only = ["100 KB batches, acks=all", "open loop", "Java producer, lz4", "Java consumer"];

Deno.test({
  name: "the benchmark beside Kafka measures every broker under every load",
  ignore: skip !== undefined,
  fn: async () => {
    const path = await Deno.makeTempFile({ suffix: ".json" });
    try {
      const flags = ["--brokers", "kafka,deno", "--with", `other=${command} --data-dir {folder}`];
      flags.push(...only.flatMap((name) => ["--only", name]), "--rounds", "1", "--warmups", "0");
      flags.push("--seconds", "0.2", "--megabytes", "2", "--touch", "1", "--json", path);
      const args = ["run", "-A", "--no-check", `${root}scripts/bench_kafka.ts`, ...flags];
      await run({ command: Deno.execPath(), args, withinMs: 900_000 });
      const { measured, standings } = JSON.parse(await Deno.readTextFile(path));
      assertEquals(measured.length, only.length);
      for (const { absent, samples } of measured) {
        assertEquals(absent, undefined);
        for (const name of ["kafka", "deno", "other"]) {
          const [sample] = samples[name];
          assertGreater(sample.amount / sample.seconds, 0);
        }
      }
      for (const { startMs, endBytes } of standings) {
        assertGreater(startMs, 0);
        assertGreater(endBytes, 1e6);
      }
    } finally {
      await Deno.remove(path);
    }
  },
});
