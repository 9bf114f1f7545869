// The clients that the tests drive in their own process: their pinned versions, and each as a
// program of its own (serve.ts).

import type { ClientProgram } from "../../process_driver.ts";

/** The program that serves the client of this name. */
export function servedProgram(name: string): ClientProgram {
  const path = new URL("serve.ts", import.meta.url).pathname;
  const lock = `--lock=${new URL("../../../../deno.lock", import.meta.url).pathname}`;
  return { command: Deno.execPath(), args: ["run", "-A", "--no-check", lock, path, name] };
}

/** The version of an npm package that the tests run with. */
export function pinnedVersion(name: string): string {
  const house = new URL("../../../../imports.json", import.meta.url);
  const { imports } = JSON.parse(Deno.readTextFileSync(house));
  return imports[name].slice(imports[name].lastIndexOf("@") + 1);
}
