// A subject on the real machine: the runtime as it is, and a temporary folder.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import type { Address, Runtime } from "../../src/runtime/ports.ts";
import { connectRudely } from "./rude_peer.ts";
import type { SubjectOptions } from "./subject.ts";

const rudeProgram = fileURLToPath(new URL("rude_peer.ts", import.meta.url));

/** How to run the suite on `runtime`. */
export function realSubject(runtime: Runtime): SubjectOptions {
  return {
    name: runtime.name,
    async run(body) {
      const folder = mkdtempSync(`${tmpdir()}/ottla-ports-`);
      try {
        await body({ runtime, folder, connectRudely, resetEarly });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Nothing is accepted while this waits for the program. */
function resetEarly(
  { host, port }: Address,
  { count, bytes }: { count: number; bytes: number },
): Promise<void> {
  const own = process.versions.deno === undefined ? [] : ["run", "-A", "--no-check"];
  const args = [...own, rudeProgram, host, `${port}`, `${count}`, `${bytes}`];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return Promise.resolve();
}
