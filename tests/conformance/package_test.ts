// The package as others get it: packed as for npm, installed into a project that has nothing else,
// checked by TypeScript, run on Node 22, on Bun and on Deno.

import assert from "node:assert/strict";
import { run } from "../harness/process_lines.ts";

const root = new URL("../../", import.meta.url).pathname;
/** npm may have to bring what is to be installed. */
const withinMs = 300_000;
const typescript = "5.9.3";

const built = await Deno.makeTempDir({ prefix: "ottla-package-" });

async function runIn(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { stdout } = await run({ command, args, cwd, withinMs, env: { NO_COLOR: "1" } });
  return stdout.trim();
}

Deno.test.beforeAll(async () => {
  await runIn(root, Deno.execPath(), "task", "package", "--output", built);
});
Deno.test.afterAll(() => Deno.remove(built, { recursive: true }));

interface Project {
  readonly folder: string;
  run(command: string, ...args: string[]): Promise<string>;
}

/** A project with the package and what `packages` names, and no more. */
async function withProject(packages: readonly string[], use: (project: Project) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "ottla-project-" });
  try {
    const packed = await runIn(`${built}/npm`, "npm", "pack", "--silent");
    await Deno.writeTextFile(`${folder}/package.json`, `{ "type": "module", "private": true }`);
    const tarball = `${built}/npm/${packed}`;
    await runIn(folder, "npm", "install", "--no-audit", "--no-fund", tarball, ...packages);
    await use({ folder, run: (command, ...args) => runIn(folder, command, ...args) });
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

Deno.test("JSR would take the package", async () => {
  const args = ["publish", "--dry-run", "--allow-dirty", "--quiet"];
  await runIn(`${built}/jsr`, Deno.execPath(), ...args);
});

Deno.test("each test has a fork of its own, whichever runner it is of", async () => {
  await withProject(["vitest@3.2.4", "jest@30.2.0", "node@22"], async ({ folder, run }) => {
    const file = new URL("package/forks.mjs", import.meta.url);
    await Deno.copyFile(file, `${folder}/forks.test.mjs`);
    const node = `${folder}/node_modules/.bin/node`;
    const jest = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--json"];
    for (const args of [["node_modules/vitest/vitest.mjs", "run", "--reporter=json"], jest]) {
      const told = await run(node, ...args);
      const { numPassedTests, numFailedTests } = JSON.parse(told.slice(told.indexOf("{")));
      assert.deepEqual([numPassedTests, numFailedTests], [51, 0], args.join(" "));
    }
    const ofNode = await run(node, "--test", "--test-reporter=tap", "forks.test.mjs");
    assert.match(ofNode, /^# pass 51\n# fail 0$/m);
    await run("npx", "-y", "bun@1.4.4", "test", "--timeout", "60000", "./forks.test.mjs");
    const ofDeno = await run(Deno.execPath(), "test", "-A", "forks.test.mjs");
    assert.match(ofDeno, /50 passed \| 0 failed/);
  });
});
