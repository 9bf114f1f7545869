// Runs the library's tests on Bun and on Node from `deno test`.

import { testOnOthers } from "../harness/other_runtimes.ts";

testOnOthers(
  (runtime) => `the library does on ${runtime} what it does on Deno`,
  () => [
    "tests/library/library_test.ts",
    "tests/library/local_cluster_test.ts",
    "tests/library/testing_test.ts",
  ],
);
