// Runs the ports suite, and the simulated one, on Bun and on Node from `deno test`.

import { testOnOthers } from "../harness/other_runtimes.ts";

testOnOthers(
  (runtime) => `the ports suite passes on ${runtime}, with the same seeded history`,
  (runtime) => [`tests/runtime/${runtime}_entry.ts`, "tests/runtime/simulated_test.ts"],
);
