// What the first start from a fresh clone fetches: the program's own packages, and nothing that
// only tests need.

import { assertEquals } from "@std/assert";
import { run } from "../harness/process_lines.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The packages in a cache of Deno's, by name. */
async function packagesIn(cache: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name: host } of Deno.readDir(`${cache}/npm`)) {
    for await (const { name } of Deno.readDir(`${cache}/npm/${host}`)) {
      if (!name.startsWith("@")) names.push(name);
      else {
        for await (const inner of Deno.readDir(`${cache}/npm/${host}/${name}`)) {
          names.push(`${name}/${inner.name}`);
        }
      }
    }
  }
  return names.sort();
}

Deno.test("a first start fetches what a broker needs, and no more", async () => {
  const cache = await Deno.makeTempDir({ prefix: "ottla-first-start-" });
  try {
    const { stdout } = await run({
      command: Deno.execPath(),
      args: ["task", "--quiet", "ottla", "version", "--json"],
      cwd: root,
      env: { DENO_DIR: cache },
      withinMs: 300_000,
    });
    assertEquals(JSON.parse(stdout).runtime.name, "deno");
    const { dependencies } = JSON.parse(await Deno.readTextFile(`${root}package.json`));
    assertEquals(await packagesIn(cache), Object.keys(dependencies).sort());
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});
