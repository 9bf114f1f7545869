// The import law, as a table: who may import whom, which packages a folder may use, and that the
// platform is named in src/runtime alone. A circle of imports between files fails as well, and so
// does what a start is not to load.
//
//   main, the faces                       see everything
//   cli / testing / library, seed, http   faces (mod.ts) only
//   broker
//   log, client, coordinator, etcd > cluster
//   runtime, records, protocol
//   base                                  sees nothing
//
// Invariant: an import goes down or stays in its folder. Tests and scripts may import anything, and
// nothing imports them. `deno task layers` exits 1 on a violation, naming file, line and rule.

import ts from "typescript";
import {
  isTestFile,
  lineOf,
  readSources,
  report,
  type SourceFile,
  type Violation,
  walk,
} from "./source.ts";
import { checkUnusedExports, isFace } from "./unused_exports.ts";

/** What the files of one layer may import. A path ending in "/" stands for all that it holds. */
interface Layer {
  /** Our own files, besides those of the same layer. */
  readonly files: readonly string[];
  /** Packages, by the first part of the specifier; "node:" stands for all of Node's. */
  readonly packages: readonly string[];
}

const ports = "src/runtime/ports.ts";

/** The first entry whose key is the file or a folder above it holds. */
const layers: Readonly<Record<string, Layer>> = {
  "src/base/": { files: [], packages: [] },
  [ports]: { files: ["src/base/"], packages: [] },
  "src/runtime/": { files: ["src/base/"], packages: ["node:", "@logtape/logtape"] },
  "src/protocol/": { files: ["src/base/"], packages: [] },
  // The codecs port is an interface without behaviour, so records may name it.
  "src/records/": { files: ["src/base/", ports], packages: ["*"] },
  "src/log/": { files: ["src/base/", "src/records/", ports], packages: [] },
  "src/coordinator/": { files: ["src/base/", "src/protocol/", "src/records/"], packages: [] },
  "src/cluster/": { files: ["src/base/", "src/protocol/", "src/records/"], packages: [] },
  "src/broker/": {
    files: [
      "src/base/",
      "src/protocol/",
      "src/records/",
      "src/log/",
      "src/coordinator/",
      "src/cluster/",
      // A broker is a client of the others in its cluster.
      "src/client/network/connection.ts",
      "src/client/faults.ts",
      "src/client/network/sasl.ts",
      ports,
    ],
    // Each is loaded when a client first needs it: by regexes.ts, authentication/bearer_tokens.ts.
    packages: ["re2js", "jose"],
  },
  "src/etcd/": { files: ["src/base/", "src/cluster/mod.ts", ports], packages: [] },
  "src/client/": { files: ["src/base/", "src/protocol/", "src/records/", ports], packages: [] },
  "src/http/": {
    files: ["src/base/", "src/protocol/", "src/broker/mod.ts", ports],
    packages: [],
  },
  "src/seed/": {
    files: ["src/base/", "src/protocol/", "src/client/mod.ts", "src/client/faults.ts", ports],
    packages: [],
  },
  "src/library/": {
    files: [
      "src/base/",
      "src/broker/mod.ts",
      "src/broker/access/secured_options.ts",
      // For the types of configurations.
      "src/client/mod.ts",
      "src/runtime/unheld.ts",
      ports,
    ],
    packages: [],
  },
  // Like main it picks the runtime, whose ports it wraps.
  "src/testing/": {
    files: [
      "src/base/",
      "src/protocol/",
      "src/broker/mod.ts",
      "src/client/mod.ts",
      "src/library/",
      "src/seed/mod.ts",
      "src/runtime/detect.ts",
      "src/runtime/memory_files.ts",
      ports,
    ],
    packages: [],
  },
  "src/cli/": {
    files: [
      "src/base/",
      "src/protocol/mod.ts",
      "src/records/mod.ts",
      "src/log/mod.ts",
      "src/coordinator/mod.ts",
      "src/cluster/mod.ts",
      "src/broker/mod.ts",
      "src/client/mod.ts",
      "src/etcd/mod.ts",
      "src/http/mod.ts",
      "src/seed/mod.ts",
      ports,
    ],
    packages: [],
  },
  "src/main.ts": { files: ["src/"], packages: [] },
  "mod.ts": { files: ["src/", "client.ts"], packages: [] },
  // Who takes the client alone never loads a broker.
  "client.ts": {
    files: [
      "src/base/",
      "src/protocol/",
      "src/records/mod.ts",
      "src/client/",
      "src/runtime/detect.ts",
      ports,
    ],
    packages: [],
  },
  "testing.ts": { files: ["src/"], packages: [] },
  "protocol.ts": { files: ["src/base/", "src/protocol/"], packages: [] },
};

/** Globals that reach the platform, a clock, chance or a timer. */
const platformNames = new Set([
  "Bun",
  "Buffer",
  "CompressionStream",
  "DecompressionStream",
  "Deno",
  "WebSocket",
  "Worker",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "navigator",
  "performance",
  "process",
  "require",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

/** Members of harmless globals that reach a clock or chance. */
const platformMembers = new Set(["Date.now", "Math.random"]);

/** One import of a file: `specifier` as written, undefined where it is computed. */
interface Import {
  readonly specifier: string | undefined;
  readonly line: number;
  readonly dynamic: boolean;
  /** Of types alone: nothing is loaded for it. */
  readonly erased: boolean;
}

/** Every import of the file: static, of types, re-exports, and dynamic ones. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(file, (node) => {
    const argument = importArgument(node);
    if (argument === undefined) return;
    found.push({
      specifier: ts.isStringLiteralLike(argument) ? argument.text : undefined,
      line: lineOf(file, node),
      dynamic: ts.isCallExpression(node),
      erased: isErased(node),
    });
  });
  return found;
}

function isErased(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.isTypeOnly === true;
  return ts.isExportDeclaration(node) ? node.isTypeOnly : ts.isImportTypeNode(node);
}

/** Where the node says what it imports, if it imports. */
function importArgument(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  }
  const dynamic = ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return dynamic ? node.arguments[0] : undefined;
}

/** The path that relative `specifier` names from the file at `path`. */
function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

function holds(pattern: string, path: string): boolean {
  return pattern.endsWith("/") ? path.startsWith(pattern) : path === pattern;
}

function layerOf(path: string): [string, Layer] | undefined {
  // ports.ts stands before its folder in the table, so the first match is the narrowest.
  return Object.entries(layers).find(([pattern]) => holds(pattern, path));
}

/** What is wrong with `path` importing `specifier`, if anything. */
function importFault(
  path: string,
  specifier: string,
  known: ReadonlySet<string>,
): string | undefined {
  const relative = specifier.startsWith(".");
  const target = relative ? resolve(path, specifier) : specifier;
  if (relative && !known.has(target)) return `${target} does not exist`;
  if (isTestFile(path) || path.startsWith("scripts/")) return undefined;
  if (relative && (isTestFile(target) || target.startsWith("scripts/"))) {
    return `${target} is a test or a script, which nothing imports`;
  }
  const found = layerOf(path);
  if (found === undefined) return `${path} is in no layer: name its folder in scripts/layers.ts`;
  const [pattern, layer] = found;
  if (!relative) {
    const allowed = layer.packages.some((name) =>
      name === "*" ? !specifier.startsWith("node:") : specifier.startsWith(name)
    );
    return allowed ? undefined : `${pattern} may not use the package ${specifier}`;
  }
  if (holds(pattern, target) || layer.files.some((allowed) => holds(allowed, target))) {
    return undefined;
  }
  return `${pattern} may not import ${target}`;
}

/** Imports against the table. */
export function checkImports(files: readonly SourceFile[]): Violation[] {
  const violations: Violation[] = [];
  const known = new Set(files.map((file) => file.path));
  for (const file of files) {
    for (const { specifier, line } of importsOf(file)) {
      if (specifier === undefined) {
        if (!file.path.startsWith("src/")) continue;
        const message = "a computed import cannot be checked: write the path out";
        violations.push({ path: file.path, line, rule: "computed-import", message });
        continue;
      }
      const message = importFault(file.path, specifier, known);
      if (message !== undefined) {
        violations.push({ path: file.path, line, rule: "import-law", message });
      }
    }
  }
  return violations;
}

/**
 * Circles of imports between files, each reported once, at the import that closes it. Imports of
 * types count, and late ones: files that name each other can only be read, and changed, as one.
 */
export function checkCircles(files: readonly SourceFile[]): Violation[] {
  const edges = new Map<string, { target: string; line: number }[]>();
  for (const file of files) {
    const targets = importsOf(file)
      .filter(({ specifier }) => specifier?.startsWith("."))
      .map(({ specifier, line }) => ({ target: resolve(file.path, specifier!), line }));
    edges.set(file.path, targets);
  }
  const violations: Violation[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    trail.push(path);
    for (const { target, line } of edges.get(path) ?? []) {
      const start = trail.indexOf(target);
      if (start >= 0) {
        const message = [...trail.slice(start), target].join(" -> ");
        violations.push({ path, line, rule: "import-circle", message });
      } else if (!finished.has(target)) visit(target);
    }
    trail.pop();
    finished.add(path);
  };
  for (const { path } of files) if (!finished.has(path)) visit(path);
  return violations;
}

/** Names that the file itself declares: a local `fetch` is not the platform's. */
function declaredNames(file: SourceFile): Set<string> {
  const names = new Set<string>();
  walk(file, (node) => {
    const named = ts.isVariableDeclaration(node) || ts.isParameter(node) ||
      ts.isBindingElement(node) || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) ||
      ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isNamespaceImport(node);
    if (named && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}

/** Whether the identifier is a use of a variable, and not the name of a member or a key. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  const named = parent as ts.Node & { readonly name?: ts.Node };
  return named.name !== node;
}

/** The platform's name that this node reaches for, if it does. */
function platformName(node: ts.Node, declared: ReadonlySet<string>): string | undefined {
  if (ts.isIdentifier(node)) {
    const foreign = platformNames.has(node.text) && !declared.has(node.text) && isReference(node);
    return foreign ? node.text : undefined;
  }
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText();
    return platformMembers.has(name) ? name : undefined;
  }
  // A Date of a given instant reads no clock; one of nothing does.
  const isDate = (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
    ts.isIdentifier(node.expression) && node.expression.text === "Date";
  if (isDate && !node.arguments?.length) return "new Date()";
  return undefined;
}

/** Uses of the platform outside src/runtime. */
export function checkPlatformNames(files: readonly SourceFile[]): Violation[] {
  const violations: Violation[] = [];
  for (const file of files) {
    const ours = isFace(file.path) || file.path.startsWith("src/");
    const free = isTestFile(file.path) ||
      (file.path.startsWith("src/runtime/") && file.path !== ports);
    if (!ours || free) continue;
    const declared = declaredNames(file);
    walk(file, (node) => {
      const name = platformName(node, declared);
      if (name === undefined) return;
      const message = `${name} outside src/runtime: take it from a port`;
      const line = lineOf(file, node);
      violations.push({ path: file.path, line, rule: "platform-name", message });
    });
  }
  return violations;
}

/** What runs in simulated time, which has to know of modules that are loaded on the way. */
const simulatedFolders = ["records", "log", "coordinator", "cluster", "broker", "client"]
  .map((name) => `src/${name}/`);
const loadingFile = "src/base/loading.ts";
/** Its table only says what to import: what it says is loaded with `loading`. */
const lateHandlersFile = "src/broker/handlers/late.ts";

/** Imports that simulated time would leap over. */
export function checkLoading(files: readonly SourceFile[]): Violation[] {
  const violations: Violation[] = [];
  for (const file of files) {
    const { path } = file;
    if (!simulatedFolders.some((folder) => holds(folder, path)) || isTestFile(path)) continue;
    if (path === lateHandlersFile) continue;
    walk(file, (node) => {
      if (!ts.isCallExpression(node) || importArgument(node) === undefined) return;
      const { parent } = node;
      if (ts.isCallExpression(parent) && parent.expression.getText() === "loading") return;
      const message = `what is loaded on the way is told to ${loadingFile}: loading(import(...))`;
      violations.push({ path, line: lineOf(file, node), rule: "loading", message });
    });
  }
  return violations;
}

/** What a start runs. */
const startFiles = ["src/main.ts", "src/cli/start/start.ts"]
  .concat(["bun", "deno", "node"].map((name) => `src/runtime/${name}.ts`));

/** What a broker of its own may never need: each 100 KB of it is half a megabyte at rest. */
const lateFiles = [
  "src/broker/replication/replication.ts",
  "src/client/",
  "src/coordinator/groups/group_table.ts",
  "src/coordinator/share_state/state_table.ts",
  "src/coordinator/transactions/transaction_table.ts",
  "src/etcd/",
  "src/http/",
  "src/log/compaction/run.ts",
  "src/seed/",
  "src/testing/",
];

/** Imports by which a start loads what is to be loaded later, with the way to each. */
export function checkLate(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const ways = new Map<string, readonly string[]>(startFiles.map((path) => [path, [path]]));
  const violations: Violation[] = [];
  for (const [path, way] of ways) {
    const file = byPath.get(path);
    if (file === undefined) continue;
    for (const { specifier, line, dynamic, erased } of importsOf(file)) {
      if (dynamic || erased || specifier === undefined || !specifier.startsWith(".")) continue;
      const target = resolve(path, specifier);
      if (ways.has(target)) continue;
      ways.set(target, [...way, target]);
      if (!lateFiles.some((late) => holds(late, target))) continue;
      const message = `a start would load it: ${[...way, target].join(" -> ")}`;
      violations.push({ path, line, rule: "late", message });
    }
  }
  return violations;
}

/** Every rule of this file. */
export function checkLayers(files: readonly SourceFile[]): Violation[] {
  return [
    ...checkImports(files),
    ...checkCircles(files),
    ...checkPlatformNames(files),
    ...checkLoading(files),
    ...checkLate(files),
  ];
}

if (import.meta.main) {
  const files = readSources(Deno.args[0] ?? ".");
  const violations = [...checkLayers(files), ...checkUnusedExports(files)];
  Deno.exit(report(violations, `layers: ${files.length} files keep the import law`));
}
