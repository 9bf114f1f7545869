// Exports that nobody takes: each is a promise that has to be kept, read and documented in vain.
//
//   a.ts: export x ──> named by an import, a re-export that is used, or a dynamic import of b.ts
//                 \──> or by the face of the whole, mod.ts, and the program, src/main.ts
//
// A use in a test counts, since what is tested alone may be a part of something. A type that the
// file itself speaks of is what others see of its functions, and stays. Invariant: who imports a
// module as a whole takes all of it, but where the names that are taken stand beside the import.

import ts from "typescript";
import { isTestFile, lineOf, type SourceFile, type Violation, walk } from "./source.ts";

/** Whether the outside takes the file as it is: a face stands at the root. */
export function isFace(path: string): boolean {
  return !path.includes("/");
}

/** One export: where it stands, and what it passes on, if it is of another file. */
interface Export {
  readonly path: string;
  /** Whether the file goes on to name it: a type that its functions take or give. */
  readonly isSpokenOf?: boolean;
  readonly name: string;
  readonly line: number;
  readonly from?: { readonly path: string; readonly name: string };
}

/** Names that a file takes of others; "*" is all of one. */
interface Use {
  readonly path: string;
  readonly name: string;
}

/** Exports of src that nothing uses. */
export function checkUnusedExports(files: readonly SourceFile[]): Violation[] {
  const exports = withStarsSpelled(files.flatMap(exportsOf));
  const used = new Set(files.flatMap(usesOf).map(({ path, name }) => `${path} ${name}`));
  const isUsed = ({ path, name }: { path: string; name: string }) =>
    isFace(path) || path === "src/main.ts" || used.has(`${path} ${name}`) || used.has(`${path} *`);
  // A re-export that is used uses what it passes on: until nothing more is found.
  for (let before = -1; before < used.size;) {
    before = used.size;
    for (const { from, ...each } of exports) {
      if (from !== undefined && isUsed(each)) used.add(`${from.path} ${from.name}`);
    }
  }
  // A table's messages have their names together, whether somebody takes them today or not.
  const isTable = (path: string) => /^src\/protocol\/apis\/|_(tables|records)\.ts$/.test(path);
  const isOurs = (path: string) => path.startsWith("src/") && !isTestFile(path) && !isTable(path);
  return exports.filter((each) => isOurs(each.path) && !each.isSpokenOf && !isUsed(each))
    .map(({ path, line, name }) => ({
      path,
      line,
      rule: "unused-export",
      message: `nobody imports ${name}: delete it, or keep it to the file`,
    }));
}

/** `export *` as the names that it passes on, which may come by another one. */
function withStarsSpelled(exports: readonly Export[]): Export[] {
  const ofFile = Map.groupBy(exports, ({ path }) => path);
  const spell = (path: string): Export[] =>
    (ofFile.get(path) ?? []).flatMap((each) =>
      each.name !== "*" || each.from === undefined
        ? [each]
        : spell(each.from.path).map(({ name }) => ({
          path,
          line: each.line,
          name,
          from: { path: each.from!.path, name },
          // A face that shows all of a file does not choose.
          isSpokenOf: true,
        }))
    );
  return [...ofFile.keys()].flatMap(spell);
}

function exportsOf(file: SourceFile): Export[] {
  const found: Export[] = [];
  const { path } = file;
  const names = new Map<string, number>();
  walk(file, (node) => {
    if (ts.isIdentifier(node)) names.set(node.text, (names.get(node.text) ?? 0) + 1);
  });
  for (const node of file.ast.statements) {
    const line = lineOf(file, node);
    if (ts.isExportDeclaration(node)) {
      const target = targetOf(path, node.moduleSpecifier);
      if (node.exportClause === undefined) {
        if (target) found.push({ path, line, name: "*", from: { path: target, name: "*" } });
      } else if (ts.isNamedExports(node.exportClause)) {
        for (const { name, propertyName } of node.exportClause.elements) {
          const from = target === undefined
            ? undefined
            : { path: target, name: (propertyName ?? name).text };
          found.push({ path, line: lineOf(file, name), name: name.text, from });
        }
      }
      continue;
    }
    const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) ?? [] : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    for (const name of declaredBy(node)) {
      const isSpokenOf = isType && names.get(name)! > 1;
      found.push({ path, line, name, isSpokenOf });
    }
  }
  return found;
}

function declaredBy(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : []
    );
  }
  const { name } = node as ts.Statement & { readonly name?: ts.Node };
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : [];
}

function usesOf(file: SourceFile): Use[] {
  const found: Use[] = [];
  walk(file, (node) => {
    if (ts.isImportDeclaration(node)) {
      const path = targetOf(file.path, node.moduleSpecifier);
      const bindings = node.importClause?.namedBindings;
      if (path === undefined) return;
      if (bindings === undefined || ts.isNamespaceImport(bindings)) found.push({ path, name: "*" });
      else {
        for (const { name, propertyName } of bindings.elements) {
          found.push({ path, name: (propertyName ?? name).text });
        }
      }
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const path = targetOf(file.path, node.argument.literal);
      const { qualifier } = node;
      const name = qualifier && ts.isIdentifier(qualifier) ? qualifier.text : "*";
      if (path !== undefined) found.push({ path, name });
    } else if (
      ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
    ) {
      const path = targetOf(file.path, node.arguments[0]);
      if (path !== undefined) found.push(...namesTakenOf(node).map((name) => ({ path, name })));
    }
  });
  return found;
}

/** What is taken of the module that `call` imports; "*" where that does not stand beside it. */
function namesTakenOf(call: ts.Expression): string[] {
  let whole: ts.Node = call;
  let taker = call.parent;
  const passesOn = (node: ts.Node) =>
    ts.isAwaitExpression(node) || ts.isParenthesizedExpression(node) ||
    (ts.isCallExpression(node) && node.expression.getText() === "loading");
  while (passesOn(taker)) [whole, taker] = [taker, taker.parent];
  if (ts.isVariableDeclaration(taker)) return namesIn(taker.name);
  if (!ts.isPropertyAccessExpression(taker) || taker.expression !== whole) return ["*"];
  if (taker.name.text !== "then") return [taker.name.text];
  const [then] = ts.isCallExpression(taker.parent) ? taker.parent.arguments : [];
  const parameter = then && ts.isArrowFunction(then) ? then.parameters[0] : undefined;
  return parameter === undefined ? ["*"] : namesIn(parameter.name);
}

function namesIn(binding: ts.BindingName): string[] {
  if (!ts.isObjectBindingPattern(binding)) return ["*"];
  return binding.elements.map(({ name, propertyName, dotDotDotToken }) =>
    dotDotDotToken === undefined ? (propertyName ?? name).getText() : "*"
  );
}

/** The file that a relative specifier names; undefined for packages. */
function targetOf(path: string, specifier: ts.Node | undefined): string | undefined {
  if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return undefined;
  if (!specifier.text.startsWith(".")) return undefined;
  return new URL(specifier.text, `file:///${path}`).pathname.slice(1);
}
