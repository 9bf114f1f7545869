// A subject on the real machine: the runtime as it is, and a temporary folder.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Runtime } from "../../src/runtime/ports.ts";
import type { SubjectOptions } from "./subject.ts";

/** How to run the suite on `runtime`. */
export function realSubject(runtime: Runtime): SubjectOptions {
  return {
    name: runtime.name,
    async run(body) {
      const folder = mkdtempSync(`${tmpdir()}/ottla-ports-`);
      try {
        await body({ runtime, folder });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
