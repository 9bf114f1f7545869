// Runs the ports suite, and the simulated one, on Bun and on Node from `deno test`. A runtime that
// is not installed in the version that we support comes through npx.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Other {
  readonly name: string;
  readonly command: readonly string[];
  readonly version: RegExp;
  readonly throughNpx: readonly string[];
  readonly test: readonly string[];
}

const others: readonly Other[] = [
  {
    name: "bun",
    command: ["bun"],
    version: /^1\.4\.4/,
    throughNpx: ["npx", "-y", "bun@1.4.4"],
    test: ["test", "./tests/runtime/bun_entry.ts", "./tests/runtime/simulated_test.ts"],
  },
  {
    name: "node",
    command: ["node"],
    version: /^v24\./,
    throughNpx: ["npx", "-y", "node@24"],
    test: ["--test", "tests/runtime/node_entry.ts", "tests/runtime/simulated_test.ts"],
  },
];

async function run(command: readonly string[]): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(command[0], {
    args: command.slice(1),
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function commandOf(other: Other): Promise<readonly string[]> {
  try {
    const { output } = await run([...other.command, "--version"]);
    if (other.version.test(output)) return other.command;
  } catch {
    // Not installed.
  }
  return other.throughNpx;
}

for (const other of others) {
  Deno.test(`the ports suite passes on ${other.name}, with the same seeded history`, async () => {
    const { code, output } = await run([...await commandOf(other), ...other.test]);
    assert.equal(code, 0, output);
    assert.match(output, other.name === "bun" ? /\b[1-9]\d* pass/ : /pass [1-9]\d*/);
  });
}
