// The client matrix: runs what the clients share, two test files at a time, and says which client
// managed which scenario.
//
//   deno task conformance           runs everything in this folder and prints the table
//   deno task conformance --write   also writes it to docs/clients.md
//   deno task conformance --nodes 3 what the clients share against three brokers on a real etcd
//
// Further arguments go to `deno test`; files among them are run in place of the folder. What is not
// a pass has a number, and under the table stands the reason of that number.

import { nodesVariable } from "./brokers.ts";
import { type Cell, folderVariable, readCells } from "./cells.ts";
import { scenarios } from "./suite.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = "tests/conformance";
const page = `${root}docs/clients.md`;

const marks: Record<Cell["outcome"], string> = {
  pass: "✓",
  fail: "FAIL",
  lacks: "–",
  skipped: "NOT TESTED",
};

/** Runs the tests; returns their exit code and the cells. */
async function runTests(
  args: readonly string[],
  nodes: string,
): Promise<{ code: number; cells: Cell[] }> {
  const cells = await Deno.makeTempDir({ prefix: "client-matrix-" });
  const hasFiles = args.some((arg) => arg.endsWith(".ts"));
  const all = nodes === "1" ? [folder] : await filesOfClients();
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--lock=deno.lock",
        "-A",
        "--no-check",
        "--parallel",
        ...args,
        ...(hasFiles ? [] : all),
      ],
      cwd: root,
      // More would be no faster: a broker and a client want a core each.
      env: {
        DENO_JOBS: Deno.env.get("DENO_JOBS") ?? "2",
        [folderVariable]: cells,
        [nodesVariable]: nodes,
      },
    }).spawn();
    const { code } = await child.status;
    return { code, cells: readCells(cells) };
  } finally {
    await Deno.remove(cells, { recursive: true });
  }
}

/** Those that run the scenarios. Others have brokers of their own making. */
async function filesOfClients(): Promise<string[]> {
  const names = [...Deno.readDirSync(root + folder)].map(({ name }) => `${folder}/${name}`);
  const tests = names.filter((name) => name.endsWith("_test.ts")).sort();
  const texts = await Promise.all(tests.map((name) => Deno.readTextFile(root + name)));
  return tests.filter((_, i) => texts[i]!.includes("clientTests({"));
}

/** The page, or the printed table: both are Markdown. */
export function matrixPage(cells: readonly Cell[]): string {
  const clients = [...new Set(cells.map(({ client }) => client))].sort((a, b) =>
    a.toLowerCase() < b.toLowerCase() ? -1 : 1
  );
  const reasons: string[] = [];
  const rows = scenarios.map(({ name }) => {
    const row = clients.map((client) => {
      const cell = cells.find((each) => each.client === client && each.scenario === name);
      return cell === undefined ? "" : markOf(cell, reasons);
    });
    return [name, ...row];
  });
  const versions = clients.map((client) => [client, versionOf(cells, client)]);
  return [
    "# Clients",
    "",
    "What real clients managed against a broker, scenario by scenario: the same list for all,",
    "`tests/conformance/scenarios/`. Written by `deno task conformance --write`; with `--nodes 3`",
    "they run against a cluster of three brokers, in which each topic has three replicas.",
    "",
    `${marks.pass} it does; ${marks.lacks} the client has no means for it: see the reason.`,
    "What a row says of old and of unsupported versions the broker's trace confirms.",
    "",
    ...table(["scenario", ...clients.map((_, index) => `${index + 1}`)], rows),
    "",
    ...table(["", "client", "version"], versions.map((row, index) => [`${index + 1}`, ...row])),
    "",
    ...reasons.map((reason, index) => `${index + 1}. ${reason}`),
    "",
  ].join("\n");
}

function markOf({ outcome, client, reason }: Cell, reasons: string[]): string {
  if (outcome === "pass") return marks.pass;
  const sentence = `${client}: ${reason}`;
  if (!reasons.includes(sentence)) reasons.push(sentence);
  return `${marks[outcome]} ${reasons.indexOf(sentence) + 1}`;
}

function versionOf(cells: readonly Cell[], client: string): string {
  return cells.find((cell) => cell.client === client && cell.version !== "")?.version ?? "";
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]!.length))
  );
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((text, column) => text.padEnd(widths[column]!, fill)).join(" | ")} |`;
  return [line(head), line(head.map(() => "-"), "-"), ...rows.map((row) => line(row))];
}

/** A line for each client that this machine has no tools for: no pass, and said so. */
export function notTestedHere(cells: readonly Cell[]): string[] {
  const skipped = cells.filter(({ outcome }) => outcome === "skipped");
  return [...new Set(skipped.map(({ client, reason }) => `NOT TESTED HERE: ${client}: ${reason}`))];
}

function summaryOf(cells: readonly Cell[]): string {
  const count = (outcome: Cell["outcome"]) => cells.filter((c) => c.outcome === outcome).length;
  const clients = new Set(cells.map(({ client }) => client)).size;
  return `${clients} clients, ${scenarios.length} scenarios: ${count("pass")} passed, ` +
    `${count("fail")} failed, ${count("lacks")} the client lacks, ${count("skipped")} skipped here`;
}

/** Takes a flag out of what is for `deno test`: itself, or the value behind it. */
function taken(args: string[], flag: string, values: 0 | 1 = 0): string | undefined {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args.splice(at, 1 + values).at(-1);
}

if (import.meta.main) {
  const args = [...Deno.args];
  const write = taken(args, "--write") !== undefined;
  const nodes = taken(args, "--nodes", 1) ?? "1";
  const { code, cells } = await runTests(args, nodes);
  const text = matrixPage(cells);
  console.log(`\n${text}\n${summaryOf(cells)}`);
  for (const line of notTestedHere(cells)) console.error(line);
  const isWhole = cells.every(({ outcome }) => outcome === "pass" || outcome === "lacks");
  if (write && !isWhole) {
    console.error("docs/clients.md is left as it is: the table is not whole");
  } else if (write) {
    await Deno.writeTextFile(page, text);
    console.log("wrote docs/clients.md");
  } else if (args.length > 0) {
    console.error("docs/clients.md is not checked against a part of the tests");
  } else if (isWhole && await Deno.readTextFile(page).catch(() => "") !== text) {
    console.error("docs/clients.md says otherwise: deno task conformance --write");
  } else if (!isWhole) {
    console.error("docs/clients.md is not checked against this: the table is not whole");
  }
  Deno.exit(code !== 0 ? code : write && !isWhole ? 1 : 0);
}
