// An item of an array may not be there: what the program is made of keeps the compiler's
// noUncheckedIndexedAccess. Tests and the scripts around need not, where to take an item for
// granted is an assertion like others, and deno.json cannot tell the ones from the others.
// `deno task indexed` exits 1 where the program takes an item for granted.
//
//   src/cluster/placement.ts:94: TS2345: Argument of type "Broker | undefined" is not ...
//
// A violation is what the compiler says with the flag and does not say without it.

import ts from "typescript";
import { isTestFile, listFiles, report, type Violation } from "./source.ts";

/** What the flag adds to what the compiler says of the program under `root`. */
export function checkIndexed(root: string): Violation[] {
  const paths = listFiles(root).filter((path) =>
    path.endsWith(".ts") && !isTestFile(path) && (path.startsWith("src/") || path === "mod.ts")
  );
  const found = diagnosed(root, paths, true);
  const doubtful = [...new Set(found.map(({ path }) => path))];
  const without = new Set(diagnosed(root, doubtful, false).map(nameOf));
  return found.filter((each) => !without.has(nameOf(each)));
}

function nameOf({ path, line, rule, message }: Violation): string {
  return `${path}:${line}: ${rule}: ${message}`;
}

function diagnosed(
  root: string,
  paths: readonly string[],
  noUncheckedIndexedAccess: boolean,
): Violation[] {
  const program = ts.createProgram(paths.map((path) => `${root}/${path}`), {
    ...compilerOptionsOf(root),
    noUncheckedIndexedAccess,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
  });
  return paths.flatMap((path) => {
    const file = program.getSourceFile(`${root}/${path}`);
    return program.getSemanticDiagnostics(file).map(({ start = 0, code, messageText }) => ({
      path,
      line: (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1,
      rule: `TS${code}`,
      message: ts.flattenDiagnosticMessageText(messageText, " "),
    }));
  });
}

/** Those of deno.json; none where there is no such file. */
function compilerOptionsOf(root: string): ts.CompilerOptions {
  const text = ts.sys.readFile(`${root}/deno.json`);
  return text === undefined ? { strict: true } : JSON.parse(text).compilerOptions;
}

if (import.meta.main) {
  const violations = checkIndexed(Deno.args[0] ?? Deno.cwd());
  Deno.exit(report(violations, "indexed: the program takes no item for granted"));
}
