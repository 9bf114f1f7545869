// The package as others get it: packed as for npm, installed into a project that has nothing else,
// checked by TypeScript, run on Node 22, on Bun and on Deno.

import assert from "node:assert/strict";
import { run } from "../harness/process_lines.ts";

const root = new URL("../../", import.meta.url).pathname;
/** npm may have to bring what is to be installed. */
const withinMs = 300_000;
const typescript = "5.9.3";

interface Project {
  readonly folder: string;
  run(command: string, ...args: string[]): Promise<string>;
}

/** A project with the package and what `packages` names, and no more. */
async function withProject(packages: readonly string[], use: (project: Project) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "ottla-package-" });
  const runIn = async (cwd: string, command: string, ...args: string[]) => {
    const { stdout } = await run({ command, args, cwd, withinMs, env: { NO_COLOR: "1" } });
    return stdout.trim();
  };
  try {
    await runIn(root, Deno.execPath(), "task", "package", "--output", `${folder}/built`);
    const packed = await runIn(`${folder}/built/npm`, "npm", "pack", "--silent");
    const project = `${folder}/project`;
    await Deno.mkdir(project);
    await Deno.writeTextFile(`${project}/package.json`, `{ "type": "module", "private": true }`);
    const tarball = `${folder}/built/npm/${packed}`;
    await runIn(project, "npm", "install", "--no-audit", "--no-fund", tarball, ...packages);
    await use({
      folder: project,
      run: (command, ...args) => runIn(project, command, ...args),
    });
    const published = `${folder}/built/jsr`;
    await runIn(published, Deno.execPath(), "publish", "--dry-run", "--allow-dirty", "--quiet");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A strict project, that resolves modules as Node does, or as bundlers do. */
function configFor(moduleResolution: "nodenext" | "bundler"): string {
  return JSON.stringify({
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      target: "es2022",
      module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution,
      types: ["node"],
      outDir: "out",
    },
    files: ["program.ts"],
  });
}

Deno.test("the package has types for TypeScript and runs on Node 22, Bun and Deno", async () => {
  const packages = [`typescript@${typescript}`, "@types/node@22", "node@22"];
  await withProject(packages, async ({ folder, run }) => {
    const program = new URL("package/program.ts", import.meta.url);
    await Deno.copyFile(program, `${folder}/program.ts`);
    for (const moduleResolution of ["bundler", "nodenext"] as const) {
      await Deno.writeTextFile(`${folder}/tsconfig.json`, configFor(moduleResolution));
      assert.equal(await run("npx", "tsc"), "", `${moduleResolution}: no errors`);
    }
    const printed = "paid UNKNOWN_TOPIC_OR_PARTITION true true";
    assert.match(await run(`${folder}/node_modules/.bin/node`, "--version"), /^v22\./);
    assert.equal(await run(`${folder}/node_modules/.bin/node`, "out/program.js"), printed);
    assert.equal(await run("npx", "-y", "bun@1.4.4", "out/program.js"), printed);
    assert.equal(await run(Deno.execPath(), "run", "-A", "out/program.js"), printed);
    assert.match(await run("npx", "ottla", "version"), /^ottla \d/);
  });
});

Deno.test("each test of vitest and of bun test has a fork of its own", async () => {
  await withProject(["vitest@3.2.4", "node@22"], async ({ folder, run }) => {
    const file = new URL("package/forks_test.mjs", import.meta.url);
    await Deno.copyFile(file, `${folder}/forks.test.mjs`);
    const node = `${folder}/node_modules/.bin/node`;
    const vitest = await run(node, "node_modules/vitest/vitest.mjs", "run", "--reporter=json");
    const { numPassedTests, numFailedTests } = JSON.parse(vitest.slice(vitest.indexOf("{")));
    assert.deepEqual([numPassedTests, numFailedTests], [51, 0]);
    await run("npx", "-y", "bun@1.4.4", "test", "--timeout", "60000", "./forks.test.mjs");
  });
});
