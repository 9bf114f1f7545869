// Builds the packages of npm and JSR: deno task package [--output dist/package]
//
//   the faces in deno.json, src/main.ts
//     | esbuild: a module each, what several share in chunks/, loaded by who needs it
//     v
//   npm/*.js, cli.js, chunks/ ──copied──> jsr/     without the program
//     | tsc: the declarations that the faces lead to, and no other
//     v
//   npm/types/  package.json                jsr/types/  jsr.json
//
// JSR gets what was built, too, and not the sources: it refuses inferred types as slow, and our
// protocol tables are nothing else. Invariant: nothing is in a package that neither a face nor the
// program leads to, and its dependencies are what its modules import.

import ts from "typescript";
import { importsOf } from "./layers.ts";
import { pinsOf } from "./pins.ts";
import { listFiles, parseSource } from "./source.ts";
import { taskFlags } from "./task_flags.ts";

const esbuildVersion = "0.28.2";
const root = new URL("..", import.meta.url).pathname;
const denoJson = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
const { imports } = JSON.parse(Deno.readTextFileSync(`${root}imports.json`));
const ownPackage = JSON.parse(Deno.readTextFileSync(`${root}package.json`));
/** The faces by their place in the exports map. The program is none of them. */
const faces: Readonly<Record<string, string>> = denoJson.exports;

/** How the declarations of a registry's package name each other. */
interface DeclarationStyle {
  readonly ending: ".js" | ".d.ts";
  /** What they begin with. */
  readonly head: string;
}

const styles = {
  // A project for ES2022 does not know Symbol.asyncDispose by itself.
  npm: { ending: ".js", head: `/// <reference lib="esnext.disposable" />\n` },
  jsr: { ending: ".d.ts", head: "" },
} as const satisfies Readonly<Record<string, DeclarationStyle>>;

/** Runs a command in the checkout; what it printed is thrown when it fails. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const options = { args: [...args], cwd: root };
  const { success, stdout, stderr } = await new Deno.Command(command, options).output();
  if (success) return;
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  throw new Error(`${command} ${args.join(" ")} failed:\n${said}`);
}

/** The modules, and what several of them share. Names stay, so that stack traces can be read. */
async function bundle(output: string): Promise<void> {
  const external = ["node:*", ...Object.keys(ownPackage.dependencies)];
  await run("npx", [
    "-y",
    `esbuild@${esbuildVersion}`,
    ...Object.values(faces).map((path) => path.slice("./".length)),
    "cli=src/main.ts",
    "--bundle",
    "--splitting",
    "--format=esm",
    "--platform=neutral",
    "--target=node22",
    "--tsconfig=tsconfig.json",
    "--chunk-names=chunks/[name]-[hash]",
    "--log-level=warning",
    `--outdir=${output}`,
    ...external.map((name) => `--external:${name}`),
  ]);
}

/** The declarations of everything that the faces lead to, by path; their imports end in `.ts`. */
function emitDeclarations(): Map<string, string> {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    strict: true,
    rootDir: root,
    outDir: "/",
    types: [],
  };
  const paths = Object.values(faces).map((path) => `${root}${path.slice("./".length)}`);
  const emitted = new Map<string, string>();
  ts.createProgram(paths, options)
    .emit(undefined, (path, text) => emitted.set(path.replace(/^\/+/, ""), text));
  return emitted;
}

/** Those of `emitted` that can be reached from a face by imports of declarations. */
function reachable(emitted: ReadonlyMap<string, string>): Map<string, string> {
  const reached = new Map<string, string>();
  const wanted = Object.values(faces).map((path) => declarationOf(path.slice("./".length)));
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (reached.has(path)) continue;
    const text = emitted.get(path);
    if (text === undefined) throw new Error(`there are no declarations of ${path}`);
    reached.set(path, text);
    for (const { specifier } of importsOf(parseSource(path, text))) {
      if (!specifier?.startsWith(".")) continue;
      wanted.push(declarationOf(new URL(specifier, `file:///${path}`).pathname.slice(1)));
    }
  }
  return reached;
}

function declarationOf(path: string): string {
  return path.replace(/\.ts$/, ".d.ts");
}

function writeDeclarations(
  output: string,
  { declarations, style: { ending, head } }: {
    declarations: ReadonlyMap<string, string>;
    style: DeclarationStyle;
  },
): void {
  for (const [path, text] of declarations) {
    const target = `${output}/types/${path}`;
    Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    const renamed = text.replaceAll(/(["'])(\.[^"'\n]*)\.ts\1/g, `$1$2${ending}$1`);
    Deno.writeTextFileSync(target, head + renamed);
  }
}

/** Packages that the modules import, with their pinned versions. */
function dependenciesOf(output: string): Record<string, string> {
  const imported = new Set<string>();
  for (const path of listFiles(output).filter((each) => each.endsWith(".js"))) {
    const file = parseSource(path, Deno.readTextFileSync(`${output}/${path}`));
    for (const { specifier } of importsOf(file)) {
      if (specifier !== undefined && !/^(\.|node:)/.test(specifier)) imported.add(specifier);
    }
  }
  const pins = pinsOf(imports).filter(({ name }) => imported.has(name));
  return Object.fromEntries(pins.map(({ npmName, version }) => [npmName, version]).sort());
}

/** A face's module and its declarations. */
function entryOf(path: string): { types: string; default: string } {
  const name = path.replace(/\.ts$/, "");
  return { types: `${name.replace("./", "./types/")}.d.ts`, default: `${name}.js` };
}

const entries = Object.entries(faces).map(([face, path]) => [face, entryOf(path)] as const);

function describeForNpm(output: string, dependencies: Record<string, string>): void {
  const { name, version, description, license } = ownPackage;
  writeJson(`${output}/package.json`, {
    name,
    version,
    description,
    license,
    type: "module",
    sideEffects: false,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    bin: { ottla: "./cli.js" },
    engines: { node: ">=22.15" },
    dependencies,
  });
  const program = `${output}/cli.js`;
  Deno.writeTextFileSync(program, `#!/usr/bin/env node\n${Deno.readTextFileSync(program)}`);
  Deno.chmodSync(program, 0o755);
}

function describeForJsr(output: string, dependencies: Record<string, string>): void {
  const { name, version, license } = ownPackage;
  writeJson(`${output}/jsr.json`, {
    name,
    version,
    license,
    exports: Object.fromEntries(entries.map(([face, entry]) => [face, entry.default])),
    imports: Object.fromEntries(
      Object.entries(dependencies).map(([each, pin]) => [each, `npm:${each}@${pin}`]),
    ),
  });
  for (const [, entry] of entries) {
    const path = `${output}/${entry.default}`;
    const types = `/* @ts-self-types="${entry.types}" */\n`;
    Deno.writeTextFileSync(path, types + Deno.readTextFileSync(path));
  }
}

function writeJson(path: string, value: unknown): void {
  Deno.writeTextFileSync(path, JSON.stringify(value, null, 2) + "\n");
}

function copyModules(from: string, to: string): void {
  Deno.mkdirSync(`${to}/chunks`, { recursive: true });
  for (const path of listFiles(from).filter((each) => each.endsWith(".js"))) {
    if (path !== "cli.js") Deno.copyFileSync(`${from}/${path}`, `${to}/${path}`);
  }
}

function sizeOf(folder: string): string {
  const files = listFiles(folder);
  const bytes = files.reduce((sum, path) => sum + Deno.statSync(`${folder}/${path}`).size, 0);
  return `${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) {
  const { output: given = "dist/package" } = taskFlags(Deno.args, { string: ["output"] });
  const output = given.startsWith("/") ? given : `${root}${given}`;
  await Deno.remove(output, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const [npm, jsr] = [`${output}/npm`, `${output}/jsr`];
  await bundle(npm);
  copyModules(npm, jsr);
  const dependencies = dependenciesOf(npm);
  describeForNpm(npm, dependencies);
  describeForJsr(jsr, dependencies);
  const declarations = reachable(emitDeclarations());
  writeDeclarations(npm, { declarations, style: styles.npm });
  writeDeclarations(jsr, { declarations, style: styles.jsr });
  for (const file of ["LICENSE", "README.md"]) {
    for (const folder of [npm, jsr]) Deno.copyFileSync(`${root}${file}`, `${folder}/${file}`);
  }
  console.log(`${given}/npm: ${sizeOf(npm)}`);
}
