// Carries the pins of imports.json to the files that Bun and Node read: deno task pins
//
//   imports.json ──> package.json        dependencies: what src/ imports; the rest: for tests
//                ──> tsconfig.json       a path for each name that is not the package's own
//                ──> package-lock.json   by npm, without a host in it
//
// Before it runs a task, Deno fetches all that deno.json imports, that its lock holds and that
// package.json names as a dependency, for development or not. A start is to fetch what a broker
// needs, so the imports are in a file of their own, each task names its lock (start.lock or
// deno.lock), and what tests need are peers, which npm brings and Deno leaves alone.
//
// Invariant: imports.json is the only file where a version is edited by hand. `deno task tidy`
// fails when the others do not agree with it.

import { itemAt } from "../src/base/items.ts";
import { importsOf } from "./layers.ts";
import { isTestFile, readSources } from "./source.ts";

const root = new URL("..", import.meta.url).pathname;

/** One line of the import map. */
export interface Pin {
  /** As sources import it. */
  readonly name: string;
  readonly npmName: string;
  readonly version: string;
  /** The file inside of the package, with its slash; empty for the package's own entry. */
  readonly path: string;
}

/** The npm packages of an import map. A version that is missing is empty. */
export function pinsOf(imports: Readonly<Record<string, string>>): Pin[] {
  return Object.entries(imports).flatMap(([name, target]) => {
    const match = /^npm:((?:@[^/]+\/)?[^@/]+)(?:@([^/]+))?(\/.+)?$/.exec(target);
    if (match === null) return [];
    return [{ name, npmName: itemAt(match, 1), version: match[2] ?? "", path: match[3] ?? "" }];
  });
}

/** Where Bun finds a pin that its name alone does not lead to; undefined when it does. */
export function bunPath({ name, npmName, path }: Pin): string | undefined {
  return path === "" || name.startsWith(npmName) ? undefined : `./node_modules/${npmName}${path}`;
}

function readJson(path: string) {
  return JSON.parse(Deno.readTextFileSync(`${root}${path}`));
}

function writeJson(path: string, value: unknown): void {
  Deno.writeTextFileSync(`${root}${path}`, JSON.stringify(value, null, 2) + "\n");
}

/** Names that the program itself imports, tests apart. */
function importedBySources(): Set<string> {
  const files = readSources(root).filter(({ path }) =>
    (path.startsWith("src/") || path === "mod.ts") && !isTestFile(path)
  );
  return new Set(files.flatMap((file) => importsOf(file).map(({ specifier }) => specifier ?? "")));
}

if (import.meta.main) {
  const deno = readJson("deno.json");
  const pins = pinsOf(readJson("imports.json").imports);
  const used = importedBySources();
  const program = new Set(pins.filter(({ name }) => used.has(name)).map(({ npmName }) => npmName));
  const versions = (chosen: readonly Pin[]) =>
    Object.fromEntries(chosen.map(({ npmName, version }) => [npmName, version]).sort());
  const node = readJson("package.json");
  node.version = deno.version;
  node.dependencies = versions(pins.filter(({ npmName }) => program.has(npmName)));
  node.peerDependencies = versions(pins.filter(({ npmName }) => !program.has(npmName)));
  writeJson("package.json", node);
  const tsconfig = readJson("tsconfig.json");
  tsconfig.compilerOptions.paths = Object.fromEntries(
    pins.flatMap((pin) => {
      const path = bunPath(pin);
      return path === undefined ? [] : [[pin.name, [path]]];
    }),
  );
  writeJson("tsconfig.json", tsconfig);
  const args = ["install", "--package-lock-only", "--ignore-scripts"];
  const { success } = await new Deno.Command("npm", { args, cwd: root }).output();
  if (!success) throw new Error("npm install --package-lock-only failed: run it to see why");
  const lock = readJson("package-lock.json");
  // Links to sponsors' pages have no place in a lock file.
  for (const one of Object.values<Record<string, unknown>>(lock.packages)) delete one.funding;
  writeJson("package-lock.json", lock);
}
