// One suite that holds every adapter to ports.ts, sentence by sentence. It is written for
// node:test, which Deno, Bun and Node all run; an entry file per runtime calls it.

import { codecsSuite } from "./suite_codecs.ts";
import { filesSuite } from "./suite_files.ts";
import { networkSuite } from "./suite_network.ts";
import { resetSuite } from "./suite_resets.ts";
import { platformSuite } from "./suite_platform.ts";
import type { SubjectOptions } from "./subject.ts";

/** Registers every test of the suite for one runtime. */
export function portsSuite(options: SubjectOptions): void {
  filesSuite(options);
  networkSuite(options);
  resetSuite(options);
  platformSuite(options);
  codecsSuite(options);
}
