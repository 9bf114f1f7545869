// docs/commands.md from scripts/command_table.ts: what can be done from the command line, by ours
// and by others, and whether each yes of ours is one.
//
//   a row ──line──> the command's own description ──parses──┐
//         ──test──> Deno.test("name") in its file ──runs────┴──> a yes
//
// A test runs a command when its words stand in it, in that order, and each long option anywhere in
// it or in what its file keeps for all tests. `start` is run by the harness, which says it itself.

import ts from "typescript";
import type { CommandRow, CommandSection } from "./command_table.ts";
import { type SourceFile, walk } from "./source.ts";

const testsFolder = "tests/integration";

/** What a test's file says outside of its tests, and each test by its name. */
export interface TestTexts {
  readonly shared: string;
  readonly tests: ReadonlyMap<string, string>;
}

/** The texts of the tests in a file. */
export function testTexts(file: SourceFile): TestTexts {
  const tests = new Map<string, string>();
  let shared = file.text;
  walk(file, (node) => {
    if (!ts.isCallExpression(node) || node.expression.getText(file.ast) !== "Deno.test") return;
    const [name] = node.arguments;
    if (name === undefined || !ts.isStringLiteralLike(name)) return;
    const text = node.getText(file.ast);
    tests.set(name.text, text);
    shared = shared.replace(text, "");
  });
  return { shared, tests };
}

/** What is missing for a row to be a yes; undefined when nothing is. */
export function unshown(
  row: CommandRow,
  { command, file }: { command: string; file: TestTexts },
): string | undefined {
  if ("no" in row.ours) return undefined;
  const { line, test } = row.ours;
  const own = file.tests.get(test.name);
  if (own === undefined) return `${test.file} has no test "${test.name}"`;
  const words = ` ${wordsOf(own).join(" ")} `;
  if (command !== "start" && !words.includes(` ${command} `)) {
    return `"${test.name}" does not run ${command}`;
  }
  const said = new Set([...wordsOf(own), ...wordsOf(file.shared)]);
  const unsaid = wordsOf(line).find((word) => word.startsWith("--") && !said.has(word));
  return unsaid === undefined ? undefined : `"${test.name}" does not say ${unsaid}`;
}

/** The words of a command line, or of source text that holds some, without quotes and commas. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s"'`,[\](){}$.;]+/).filter((word) => word !== "");
}

/** Code in a cell; nothing for what there is not. */
function code(text: string | undefined): string {
  return text === undefined ? "" : "`" + text.replaceAll("|", "\\|") + "`";
}

function ourCell(ours: CommandRow["ours"]): string {
  if ("no" in ours) return `no: ${ours.no}`;
  const { line, test: { file, name } } = ours;
  return `${code(line)} [yes](../${testsFolder}/${file} "${name}")`;
}

function section({ about, rows }: CommandSection): string {
  const lines = rows.map(({ what, ours, kafka, kcat, rpk, kaf }) =>
    `| ${[what, ourCell(ours), ...[kafka, kcat, rpk, kaf].map(code)].join(" | ")} |`
  );
  return `## ${about}

| what people do | ottla | Kafka's scripts | kcat | rpk | kaf |
| --- | --- | --- | --- | --- | --- |
${lines.join("\n")}
`;
}

/** The page. */
export function commandsPage(sections: readonly CommandSection[]): string {
  const rows = sections.flatMap((each) => each.rows);
  const can = rows.filter(({ ours }) => !("no" in ours)).length;
  const refused = can < rows.length ? '; a "no" says why' : "";
  return `<!-- Written by deno task docs from scripts/command_table.ts. -->

# What can be done from the command line

What can be done with a Kafka cluster, and the command for it: of Ottla, whose command line works
with any Kafka, of the scripts of Apache Kafka 4.3, of kcat, of Redpanda's rpk, and of kaf. Each
"yes" links to a test that runs Ottla's command; the name of the test is its tooltip. Ottla can do
${can} of these ${rows.length} things${refused}. An empty cell means that we know of no way to do it
with that tool.

Connectors (\`connect-standalone.sh\`, \`rpk connect\`) and mirrors (\`connect-mirror-maker.sh\`)
are programs of their own, not commands. They work with Ottla, too.

Addresses and logins are left out: \`--bootstrap HOST:PORT\` of Ottla (or \`-b\`) is
\`--bootstrap-server\` of Kafka's scripts, \`-b\` of kcat and kaf, \`-X brokers=\` of rpk. Ottla
also understands many options of the others, and tells what they are called here. \`…\` stands for
what does not matter. Each command explains itself: \`ottla topics create --help\`.

${sections.map(section).join("\n")}`;
}
