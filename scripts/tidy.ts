// The house rules that a tool can check, one line of the table `rules` each; CONTRIBUTING.md says
// why they exist. `deno task tidy` exits 1 on a violation, naming file, line and rule.
//
// Rules about one source file look at its text or its syntax tree; catches.ts counts who swallows
// exceptions; rules about the house look at the lock files and at the pins in imports.json and
// package.json, which must agree.
//
// A data table may be long: src/protocol/apis/ and *_table.ts are exempt from the file length.
// Tests are exempt from the header and from the function length: their names are the header.

import ts from "typescript";
import { firstOf } from "../src/base/items.ts";
import { checkCatches } from "./catches.ts";
import { bunPath, pinsOf } from "./pins.ts";
import {
  isTestFile,
  lineOf,
  listFiles,
  readSources,
  report,
  type SourceFile,
  type Violation,
  walk,
} from "./source.ts";

const columnsMax = 100;
const fileLinesMax = 600;
const functionLinesMax = 69;
/** The style is two and an options object; past this there is no doubt left. */
const requiredParametersMax = 4;

/** Files that may be longer than {@link fileLinesMax}. This list may only shrink. */
const longFiles: ReadonlySet<string> = new Set([]);

const vagueNames = /^(utils?|helpers?|common|manager|impl)$/;
// Written in pieces, so that this file does not break its own rules.
const unfinished = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);
const machinePath = new RegExp(`["'\`\\s(](/${["home", "root", "work", "Users"].join("|/")})/`);

/** Finds the breaches of one rule in one file: a line and what to do about it. */
type Find = (file: SourceFile) => Iterable<{ readonly line: number; readonly message: string }>;

/** Breaches of a rule about single lines of text. */
function eachLine(check: (line: string) => string | undefined): Find {
  return function* ({ text }) {
    for (const [index, line] of text.split("\n").entries()) {
      const message = check(line);
      if (message !== undefined) yield { line: index + 1, message };
    }
  };
}

/** Breaches of a rule about single nodes of the syntax tree. */
function eachNode(check: (node: ts.Node, file: SourceFile) => string | undefined): Find {
  return (file) => {
    const found: { line: number; message: string }[] = [];
    walk(file, (node) => {
      const message = check(node, file);
      if (message !== undefined) found.push({ line: lineOf(file, node), message });
    });
    return found;
  };
}

/** Not for tests. */
function outsideTests(find: Find): Find {
  return (file) => isTestFile(file.path) ? [] : find(file);
}

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some((one) => one.kind === kind);
}

const header: Find = outsideTests(function* ({ text }) {
  const first = text.startsWith("#!") ? text.slice(text.indexOf("\n") + 1) : text;
  if (!/^\/[/*]/.test(first)) {
    yield { line: 1, message: "open with a comment: the idea, the invariant, a picture" };
  }
});

const fileLength: Find = function* ({ path, text }) {
  const table = path.startsWith("src/protocol/apis/") || path.endsWith("_table.ts");
  const lines = lineCount(text);
  if (lines > fileLinesMax && !table && !longFiles.has(path)) {
    yield {
      line: fileLinesMax + 1,
      message: `${lines} lines, more than ${fileLinesMax}: split it`,
    };
  }
};

const fileName: Find = function* ({ path }) {
  const words = path.replace(/\.ts$/, "").split(/[/_.-]/);
  const vague = words.find((word) => vagueNames.test(word));
  if (vague !== undefined) {
    yield { line: 1, message: `"${vague}" says nothing: name what it holds` };
  }
};

const functionLength = outsideTests(eachNode((node, file) => {
  if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return undefined;
  const end = file.ast.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
  const lines = end - lineOf(file, node) + 1;
  return lines > functionLinesMax ? `a function of ${lines} lines: 69 are the most` : undefined;
}));

const parameters = outsideTests(eachNode((node) => {
  const named = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
  if (!named) return undefined;
  const required = node.parameters.filter((one) => !one.initializer && !one.questionToken).length;
  return required > requiredParametersMax
    ? `${required} required parameters: take two and an options object`
    : undefined;
}));

const syntax = eachNode((node) => {
  if (ts.isEnumDeclaration(node)) return "no enum: it is not erasable; use a const object";
  if (ts.isModuleDeclaration(node)) return "no namespace: it is not erasable; use a module";
  if (ts.isExportAssignment(node) || hasModifier(node, ts.SyntaxKind.DefaultKeyword)) {
    return "no default export: a thing has one name everywhere";
  }
  const kinds = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  if (!ts.isConstructorDeclaration(node) && kinds.some((kind) => hasModifier(node, kind))) {
    return "no private or protected: use #names";
  }
  if (ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ExtendsKeyword) {
    const base = ts.isClassLike(node.parent) ? firstOf(node.types).expression.getText() : "Error";
    if (!/Error$/.test(base)) return `no inheritance but Error's: hold a ${base} instead`;
  }
  return undefined;
});

const focusedTest = eachNode((node) => {
  if (!ts.isPropertyAccessExpression(node) || !ts.isCallExpression(node.parent)) return undefined;
  const focus = node.name.text === "only" || node.name.text === "skip";
  const runner = /^(Deno\.test|test|it|describe|suite|t)$/.test(node.expression.getText());
  return focus && runner ? `no .${node.name.text}: a test runs, or says why it cannot` : undefined;
});

/** The one place that knows errors by their text alone: Deno gives a failed look-up no code. */
const messageReaders = new Set(["src/runtime/platform_faults.ts"]);
const textQuestions = /^(includes|startsWith|endsWith|indexOf|match|matchAll|search)$/;
const textTests = /^(test|exec)$/;

/** Whether it is what an error says: `error.message`, `messageOf(error)`, or a local `message`. */
function isMessageText(node: ts.Node | undefined): boolean {
  if (node === undefined) return false;
  if (ts.isCallExpression(node)) return node.expression.getText() === "messageOf";
  const name = ts.isPropertyAccessExpression(node) ? node.name : node;
  return ts.isIdentifier(name) && name.text === "message";
}

const messageText = outsideTests(eachNode((node, { path }) => {
  if (messageReaders.has(path)) return undefined;
  const { asks, text } = questionOf(node);
  return asks && isMessageText(text)
    ? "a message is for people: decide by an error's class, kind or field"
    : undefined;
}));

/** The text that a node asks something of: a method's string, a pattern's, one side of an ===. */
function questionOf(node: ts.Node): { readonly asks: boolean; readonly text?: ts.Node } {
  if (ts.isSwitchStatement(node)) return { asks: true, text: node.expression };
  if (ts.isBinaryExpression(node)) {
    const { left, right, operatorToken: { kind } } = node;
    const [text, other] = isMessageText(left) ? [left, right] : [right, left];
    const compares = kind === ts.SyntaxKind.EqualsEqualsEqualsToken ||
      kind === ts.SyntaxKind.ExclamationEqualsEqualsToken;
    return { asks: compares && ts.isStringLiteralLike(other), text };
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) {
    return { asks: false };
  }
  const { name, expression } = node.expression;
  if (textTests.test(name.text)) return { asks: true, text: node.arguments[0] };
  return { asks: textQuestions.test(name.text), text: expression };
}

/** Where the port to a terminal is given, and where a process prints through it. */
const printers = /^src\/(runtime|cli\/context\.ts)/;
/** What prints as it is; `note` of a command's context makes its line fit to be shown itself. */
const prints = /^(out|stdout|stderr)$/;
/**
 * What makes text fit to be shown: base/visible.ts, and who lays out text by it or of our own.
 * Records are data: their format knows whether a terminal or a program gets them.
 */
const shown: ReadonlySet<string> = new Set([
  ...["escaped", "escapedLines", "escapedJson", "quoted", "quotedUnless"],
  ...["renderTable", "renderJson", "formatRecords", "programHelp", "groupHelp", "commandHelp"],
]);

const printed = outsideTests(eachNode((node, { path }) => {
  if (!path.startsWith("src/") || printers.test(path) || !ts.isCallExpression(node)) {
    return undefined;
  }
  const { expression: callee, arguments: [text] } = node;
  if (!ts.isPropertyAccessExpression(callee) || !prints.test(callee.name.text)) return undefined;
  return text === undefined || isShown(text)
    ? undefined
    : "what others have named is made fit to be shown by base/visible.ts";
}));

/** Whether all of it is ours or made fit to be shown, as far as it can be seen in one place. */
function isShown(text: ts.Expression): boolean {
  if (ts.isStringLiteralLike(text)) return true;
  if (ts.isTemplateExpression(text)) {
    return text.templateSpans.every(({ expression }) => isShown(expression));
  }
  if (ts.isBinaryExpression(text)) return isShown(text.left) && isShown(text.right);
  if (ts.isConditionalExpression(text)) return isShown(text.whenTrue) && isShown(text.whenFalse);
  if (ts.isParenthesizedExpression(text)) return isShown(text.expression);
  return ts.isCallExpression(text) && shown.has(text.expression.getText());
}

/**
 * Where a test may read a clock or wait a time: what bounds hangs, what plays a part of the world,
 * and long runs that print what they measured.
 */
const timedPlaces = /^tests\/(harness|crash|fuzz|conformance)\//;

const wallTimeBreach = eachNode((node) => {
  const text = ts.isCallExpression(node) ? node.expression.getText() : "";
  if (text === "performance.now") return "a test tells order, or simulated time: no clock";
  const delay = text === "setTimeout" ? (node as ts.CallExpression).arguments[1] : undefined;
  return delay !== undefined && delay.getText() !== "0"
    ? "a test waits for the event, or in simulated time: no sleep"
    : undefined;
});

const wallTime: Find = (file) =>
  isTestFile(file.path) && !timedPlaces.test(file.path) ? wallTimeBreach(file) : [];

const rules: Readonly<Record<string, Find>> = {
  header,
  columns: eachLine((line) =>
    [...line].length > columnsMax && !line.includes("://")
      ? `${[...line].length} columns, more than ${columnsMax}`
      : undefined
  ),
  "file-length": fileLength,
  "file-name": fileName,
  "function-length": functionLength,
  parameters,
  syntax,
  "focused-test": focusedTest,
  "message-text": messageText,
  printed,
  "wall-time": wallTime,
  unfinished: eachLine((line) => {
    const word = unfinished.exec(line)?.[1];
    return word === undefined ? undefined : `no ${word}: finish it or file an issue`;
  }),
  "machine-path": eachLine((line) => {
    const path = machinePath.exec(line)?.[1];
    return path === undefined ? undefined : `${path}/ is a folder of someone's machine`;
  }),
};

/** Every rule about source files. */
export function checkTidy(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) =>
    Object.entries(rules).flatMap(([rule, find]) =>
      [...find(file)].map((breach) => ({ path: file.path, rule, ...breach }))
    )
  );
}

/** The line on which `needle` first stands, or 1. */
function lineWith(text: string, needle: string): number {
  const position = text.indexOf(needle);
  return position < 0 ? 1 : text.slice(0, position).split("\n").length;
}

/**
 * Pins are exact and everywhere as in imports.json (`deno task pins`); lock files name no host; and
 * nothing is where Deno would fetch it before each task (pins.ts).
 */
export function checkHouse(texts: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = [];
  const fail = (path: string, needle: string, message: string): void => {
    const line = lineWith(texts.get(path) ?? "", needle);
    violations.push({ path, line, rule: "pins", message });
  };
  for (const path of ["deno.lock", "start.lock", "package-lock.json"]) {
    if (texts.get(path)?.includes("://")) fail(path, "://", "a lock file names no host");
  }
  const deno = JSON.parse(texts.get("deno.json") ?? "{}");
  const node = JSON.parse(texts.get("package.json") ?? "{}");
  if (deno.version !== node.version) fail("package.json", `"version"`, `not ${deno.version}`);
  if (deno.imports !== undefined) fail("deno.json", `"imports"`, "imports are in imports.json");
  if (node.devDependencies !== undefined) {
    fail("package.json", `"devDependencies"`, "what tests need is in peerDependencies");
  }
  const pins = pinsOf(JSON.parse(texts.get("imports.json") ?? "{}").imports ?? {});
  const mirrored: Record<string, string> = { ...node.dependencies, ...node.peerDependencies };
  const started = JSON.parse(texts.get("start.lock") ?? "{}").specifiers ?? {};
  for (const [npmName, version] of Object.entries(node.dependencies ?? {})) {
    if (started[`npm:${npmName}@${version}`] === version) continue;
    fail("start.lock", npmName, `not as in imports.json: ${npmName} ${version}`);
  }
  for (const specifier of Object.keys(started)) {
    const isProgram = pins.some(({ npmName, version }) =>
      npmName in (node.dependencies ?? {}) && specifier === `npm:${npmName}@${version}`
    );
    if (!isProgram) fail("start.lock", specifier, `a broker does not need ${specifier}`);
  }
  const paths = JSON.parse(texts.get("tsconfig.json") ?? "{}").compilerOptions?.paths ?? {};
  for (const pin of pins) {
    const { name, npmName, version } = pin;
    if (!/^\d+\.\d+\.\d+$/.test(version)) {
      fail("imports.json", name, `${name} is not pinned exactly`);
    }
    if (mirrored[npmName] !== version) {
      fail("package.json", `"${npmName}"`, `not as in imports.json: ${npmName} ${version}`);
    }
    const path = bunPath(pin);
    if (path !== undefined && paths[name]?.[0] !== path) {
      fail("tsconfig.json", `"paths"`, `not as in imports.json: ${name} is ${path}`);
    }
  }
  const pinned = new Set(pins.map(({ npmName }) => npmName));
  for (const name of Object.keys(mirrored)) {
    if (!pinned.has(name)) fail("package.json", `"${name}"`, `${name} is not in imports.json`);
  }
  return violations;
}

if (import.meta.main) {
  const root = Deno.args[0] ?? ".";
  const files = readSources(root);
  const houseFiles = listFiles(root).filter((path) => /^[^/]+\.(json|lock)$/.test(path));
  const texts = new Map(houseFiles.map((path) => [path, Deno.readTextFileSync(`${root}/${path}`)]));
  const violations = [...checkTidy(files), ...checkCatches(files), ...checkHouse(texts)];
  Deno.exit(report(violations, `tidy: ${files.length} files keep the house rules`));
}
