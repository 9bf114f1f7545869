// Runs tests that are written for node:test on Bun and on Node, from `deno test`. A runtime that is
// not installed in the version that we support comes through npx.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { firstOf } from "../../src/base/items.ts";
import { within } from "./deadline.ts";
import { ProcessLines } from "./process_lines.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Other {
  readonly name: "bun" | "node";
  readonly command: readonly string[];
  readonly version: RegExp;
  /** The package that has it. */
  readonly fromNpm: string;
  /** What runs test files, in front of their names. */
  readonly test: readonly string[];
}

const bun: Other = {
  name: "bun",
  command: ["bun"],
  version: /^1\.4\.4/,
  fromNpm: "bun@1.4.4",
  // Else it gives a test five seconds, which is little on a busy machine.
  test: ["test", "--timeout", "120000"],
};

const others: readonly Other[] = [
  bun,
  {
    name: "node",
    command: ["node"],
    version: /^v24\./,
    fromNpm: "node@24",
    // In one process, which can be ended.
    test: ["--test", "--test-isolation=none"],
  },
];

/** What runs Bun here. */
export function bunCommand(): Promise<readonly string[]> {
  return commandOf(bun);
}

/** npx may have to bring the runtime first. */
const endsWithinMs = 300_000;

async function run(command: readonly string[]): Promise<{ code: number; output: string }> {
  const child = new ProcessLines({ command: firstOf(command), args: command.slice(1), cwd: root });
  try {
    const what = () => `the end of\n${child.output}`;
    const { code, stdout, stderr } = await within(child.finished, { ms: endsWithinMs, what });
    return { code, output: stdout + stderr };
  } finally {
    await child.kill();
  }
}

async function commandOf(other: Other): Promise<readonly string[]> {
  try {
    const { output } = await run([...other.command, "--version"]);
    if (other.version.test(output)) return other.command;
  } catch {
    // Not installed.
  }
  // Through npx a runtime would be a grandchild, which outlives whom we end.
  const where = ["-e", "console.log(process.execPath)"];
  const { output } = await run(["npx", "-y", other.fromNpm, ...where]);
  return [output.trim().split("\n").at(-1) ?? ""];
}

/** Registers, for each other runtime, a test that runs `files`, named from the checkout's root. */
export function testOnOthers(
  sentence: (runtime: string) => string,
  files: (runtime: "bun" | "node") => readonly string[],
): void {
  for (const other of others) {
    Deno.test(sentence(other.name), async () => {
      // Bun takes a name without ./ for a filter.
      const paths = files(other.name).map((path) => `./${path}`);
      const { code, output } = await run([...await commandOf(other), ...other.test, ...paths]);
      assert.equal(code, 0, output);
      assert.match(output, other.name === "bun" ? /\b[1-9]\d* pass/ : /pass [1-9]\d*/);
    });
  }
}
