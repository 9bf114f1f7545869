// COMPATIBILITY.md from the sources: which APIs and versions are served, what is left out, and each
// difference from Kafka. A difference that is not on that page is a bug.
//
//   handlers' `serves`                      -> the table
//   "Not done: ..." in a handler's header   -> its last column
//   "Differs from Kafka: ..." anywhere      -> the list of differences
//
// Such a note ends with its paragraph: at an empty comment line or at the end of the comment. It
// begins a line, or it would be missed: one within a line is refused.

import { itemAt } from "../src/base/items.ts";

/** A range of versions, both ends included. */
export interface Versions {
  readonly min: number;
  readonly max: number;
}

/** What the page needs of a handler. */
export interface Served {
  readonly api: { readonly key: number; readonly name: string; readonly versions: Versions };
  readonly serves: Versions;
}

/** A source file. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** A difference from Kafka, as its comment says it. */
export interface Difference {
  readonly path: string;
  /** The key of a table's entry that the comment stands in, if it stands in one. */
  readonly key: string | undefined;
  readonly text: string;
}

const handlersFolder = "src/broker/handlers/";

const differs = "Differs from Kafka:";

/** What the differences are about, in the order of the page, and where each is noted. */
const subjects: readonly (readonly [title: string, ...folders: string[]])[] = [
  ["Requests", handlersFolder],
  ["Record batches and compression", "src/records/", "src/runtime/"],
  ["Fetching", "src/broker/fetch/"],
  ["Groups and offsets", "src/broker/coordination/", "src/coordinator/groups/"],
  ["Share groups", "src/broker/share/", "src/coordinator/share_state/"],
  ["Transactions", "src/broker/transactions/", "src/coordinator/transactions/"],
  ["Topics and brokers", "src/cluster/", "src/coordinator/coordinator.ts"],
  ["Configuration", "src/broker/config/", "src/cluster/configs.ts"],
  ["Security and quotas", "src/broker/authentication/", "src/cluster/access/"],
  ["Logs on disk", "src/log/"],
];

/** The subject of a file: that of the longest path that it lies under. */
function subjectOf(path: string): string {
  const fitting = subjects
    .flatMap(([title, ...folders]) => folders.map((folder) => ({ title, folder })))
    .filter(({ folder }) => path.startsWith(folder))
    .sort((a, b) => b.folder.length - a.folder.length);
  if (fitting[0] === undefined) throw new Error(`no subject in scripts/compat.ts has ${path}`);
  return fitting[0].title;
}

/** The line without its comment marks; undefined when it is no comment. */
function commentText(line: string): string | undefined {
  if (line.trim() === "*/") return "";
  const match = /^\s*(?:\/\/|\/\*\*|\*)(.*?)(?:\*\/)?\s*$/.exec(line);
  return match === null ? undefined : itemAt(match, 1).trim();
}

/** The paragraphs of comments that start with `label`, without it, with the index of their end. */
function notes(text: string, label: string): { text: string; end: number }[] {
  const lines = text.split("\n");
  const found: { text: string; end: number }[] = [];
  for (let i = 0; i < lines.length; i++) {
    const first = commentText(itemAt(lines, i));
    if (first === undefined || !first.startsWith(label)) continue;
    const words = [first.slice(label.length).trim()];
    let end = i + 1;
    for (; end < lines.length; end++) {
      const next = commentText(itemAt(lines, end));
      if (next === undefined || next === "" || /^(Differs from Kafka|Not done):/.test(next)) break;
      words.push(next);
    }
    found.push({ text: words.join(" ").trim(), end });
    i = end - 1;
  }
  return found;
}

/** The key of the table entry that the line at `index` is a part of: `"node.id": {` above it. */
function entryAround(text: string, index: number): string | undefined {
  const above = text.split("\n").slice(0, index).reverse();
  const opening = above.find((line) => /^ {2}\S.*: \{$/.test(line) || /^\S/.test(line)) ?? "";
  return /^ {2}"?([\w.-]+)"?: \{$/.exec(opening)?.[1];
}

/** Every difference that the files note, in the order of the files. */
export function differencesIn(files: readonly Source[]): Difference[] {
  return files.flatMap(({ path, text }) => {
    const within = text.split("\n").find((line) => commentText(line)?.includes(` ${differs}`));
    if (within !== undefined) throw new Error(`${path}: begin a line with it: ${within.trim()}`);
    return notes(text, differs)
      .map((note) => ({ path, key: entryAround(text, note.end), text: note.text }));
  });
}

function versionText({ min, max }: Versions): string {
  return min === max ? `${min}` : `${min}-${max}`;
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Whether the file is the handler of the API. */
function isHandlerOf({ api }: Served, path: string): boolean {
  return path.startsWith(`${handlersFolder}${String(api.key).padStart(2, "0")}_`) &&
    !path.endsWith("_test.ts");
}

/** One row of the table. */
function row(one: Served, files: readonly Source[]): string {
  const { api, serves } = one;
  const file = files.find(({ path }) => isHandlerOf(one, path));
  const name = file === undefined ? api.name : `[${api.name}](${file.path})`;
  const remarks = notes(file?.text ?? "", "Not done:").map(({ text }) => `Not done: ${text}`);
  const cells = [api.key, name, versionText(serves), versionText(api.versions), remarks.join(" ")];
  return `| ${cells.join(" | ").trim()} |`;
}

/** A sentence, or what is said of a configuration key or an API. */
function differenceLine({ path, key, text }: Difference, served: readonly Served[]): string {
  const api = served.find((one) => isHandlerOf(one, path))?.api.name;
  const about = key === undefined ? api : `\`${key}\``;
  const said = about === undefined ? upperFirst(text) : `${about}: ${text}`;
  return `- ${said} ([source](${path}))`;
}

/** The whole page. */
export function compatibilityPage(served: readonly Served[], files: readonly Source[]): string {
  const rows = [...served].sort((a, b) => a.api.key - b.api.key).map((one) => row(one, files));
  const bySubject = Map.groupBy(differencesIn(files), ({ path }) => subjectOf(path));
  const differences = subjects.flatMap(([title]) => {
    const lines = bySubject.get(title)?.map((each) => differenceLine(each, served)) ?? [];
    return lines.length === 0 ? [] : [`### ${title}\n\n${lines.join("\n")}\n`];
  });
  return `<!-- Written by deno task docs from the sources. -->

# Compatibility

Which of Apache Kafka's requests Ottla serves, and where it behaves differently. The page is
generated from the sources, so it is current. A difference that is not listed here is a bug.

## APIs

The fields and errors of each: [docs/protocol.md](docs/protocol.md).

"Serves" are the versions that the broker announces and answers. "Knows" are the versions that
Ottla can encode and decode. A request in any other version is treated as by Kafka: ApiVersions is
answered with error 35, and for all others the connection is closed.

| key | API | serves | knows | remarks |
| --: | --- | --- | --- | --- |
${rows.join("\n")}

## Differences from Kafka

${differences.join("\n") || "None is noted.\n"}`;
}
