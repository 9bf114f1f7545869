// What layers.ts and tidy.ts share: the source tree as parsed files, and violations as lines.
//
// A check is a function from files to violations, so that its test hands it two lines of text
// instead of a tree on disk. `main` of each script reads the tree, prints and sets the exit code.
//
//   src/log/segment/segment.ts:12: platform-name: Date.now outside src/runtime; take it from a port

import ts from "typescript";

/** One TypeScript file. `path` is relative to the root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
}

/** A broken rule, at a line counted from 1. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** Folders that are never ours to check. */
const skippedFolders = new Set(["node_modules", "dist", "ottla-data", ".git", ".cache"]);

/** A file from its text. */
export function parseSource(path: string, text: string): SourceFile {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  return { path, text, ast };
}

/** Paths of all files under `root`, relative to it, sorted. */
export function listFiles(root: string): string[] {
  const paths: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of Deno.readDirSync(`${root}/${folder}`)) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory) paths.push(path);
      else if (!skippedFolders.has(entry.name)) visit(path);
    }
  };
  visit("");
  return paths.sort();
}

/** Every TypeScript file under `root`, parsed. */
export function readSources(root: string): SourceFile[] {
  return listFiles(root)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => parseSource(path, Deno.readTextFileSync(`${root}/${path}`)));
}

/** The line of `node`, counted from 1. */
export function lineOf(file: SourceFile, node: ts.Node): number {
  return file.ast.getLineAndCharacterOfPosition(node.getStart(file.ast)).line + 1;
}

/** Calls `visit` for every node of the file, parents first. */
export function walk(file: SourceFile, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, step);
  };
  step(file.ast);
}

/** Whether the file is a test or belongs to the tests. */
export function isTestFile(path: string): boolean {
  return path.startsWith("tests/") || /[_.]test\.ts$/.test(path);
}

/** Prints the violations; the exit code that says whether there were any. */
export function report(violations: readonly Violation[], summary: string): number {
  for (const { path, line, rule, message } of violations) {
    console.error(`${path}:${line}: ${rule}: ${message}`);
  }
  if (violations.length > 0) {
    console.error(`${violations.length} violation${violations.length === 1 ? "" : "s"}`);
    return 1;
  }
  console.log(summary);
  return 0;
}
