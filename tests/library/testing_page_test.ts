// Runs the programs of docs/testing.md as they stand there.

import assert from "node:assert/strict";
import { run } from "../harness/process_lines.ts";

const root = new URL("../../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/testing.md", root));
const programs = Array.from(page.matchAll(/```ts\n(.*?)```/gs), ([, text]) => text);

Deno.test("the page has programs", () => assert.equal(programs.length, 6));

Deno.test("the programs of docs/testing.md have types, and do what they say", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ottla-page-" });
  const config = new URL("deno.json", root).pathname;
  const deno = (...args: string[]) =>
    run({ command: Deno.execPath(), args: [...args], withinMs: 300_000 });
  try {
    const paths = programs.map((_, i) => `${folder}/${i}.ts`);
    for (const [i, program] of programs.entries()) {
      // As a package would resolve them.
      const own = program.replaceAll(/"@ottla\/ottla\/(\w+)"/g, `"${root}$1.ts"`);
      await Deno.writeTextFile(paths[i], own);
    }
    await deno("check", "--config", config, ...paths);
    for (const path of paths) await deno("run", "-A", "--no-check", "--config", config, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
