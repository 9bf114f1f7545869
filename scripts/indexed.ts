// An item of an array may not be there: in the folders of `checkedFolders` the compiler's
// noUncheckedIndexedAccess holds, which deno.json cannot ask for a folder at a time.
// `deno task indexed` exits 1 where such a folder takes an item for granted.
//
//   src/cluster/placement.ts:94: TS2345: Argument of type "Broker | undefined" is not ...
//
// Only files of those folders are judged, and what they import is typed as they see it. Tests may
// take items for granted: a test that errs fails.

import ts from "typescript";
import { isTestFile, listFiles, report, type Violation } from "./source.ts";

/** Where the rule holds. This list may only grow. */
const checkedFolders: readonly string[] = [
  "src/client/",
  "src/cluster/",
  "src/coordinator/",
  "src/http/",
  "src/protocol/",
];

/** What the compiler says of the files under `root` in `folders`, with the flag. */
export function checkIndexed(root: string, folders: readonly string[]): Violation[] {
  const paths = listFiles(root).filter((path) =>
    path.endsWith(".ts") && !isTestFile(path) && folders.some((folder) => path.startsWith(folder))
  );
  const program = ts.createProgram(paths.map((path) => `${root}/${path}`), {
    ...compilerOptionsOf(root),
    noUncheckedIndexedAccess: true,
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
  const root = Deno.args[0] ?? Deno.cwd();
  const violations = checkIndexed(root, checkedFolders);
  Deno.exit(report(violations, `indexed: ${checkedFolders.join(", ")} take no item for granted`));
}
