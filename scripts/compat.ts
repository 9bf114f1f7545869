// COMPATIBILITY.md from the sources: which APIs and versions are served, what is left out, and each
// difference from Kafka. A difference that is not on that page is a bug.
//
//   handlers' `serves`                      -> the table
//   "Not done: ..." in a handler's header   -> its last column
//   "Differs from Kafka: ..." anywhere      -> the list of differences
//
// Such a note ends with its paragraph: at an empty comment line or at the end of the comment.
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
  /** What the comment stands on: a key or a name; undefined for a file's header. */
  readonly subject: string | undefined;
  readonly text: string;
}

const handlersFolder = "src/broker/handlers/";

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

/** The name that a line at top level declares. */
function declaredName(line: string): string | undefined {
  const keywords = /^(?:export )?(?:async )?(?:function\*?|class|const|interface|type) ([\w$]+)/;
  return keywords.exec(line)?.[1];
}

/** The name that the code at `index` declares, or else the one whose body it is a part of. */
function subjectAt(text: string, index: number): string | undefined {
  const lines = text.split("\n");
  const isCode = (line: string) => line.trim() !== "" && commentText(line) === undefined;
  const next = lines.slice(index).find(isCode) ?? "";
  return declaredName(next) ?? lines.slice(0, index).reverse().map(declaredName).find(Boolean);
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
    // What stands above the first import or declaration is the header: about the whole file.
    const headerEnd = text.split("\n").findIndex((line) => commentText(line) === undefined);
    return notes(text, "Differs from Kafka:").map((note) => {
      const inHeader = headerEnd < 0 || note.end <= headerEnd;
      const subject = inHeader
        ? undefined
        : entryAround(text, note.end) ?? subjectAt(text, note.end);
      return { path, subject, text: note.text };
    });
  });
}

function versionText({ min, max }: Versions): string {
  return min === max ? `${min}` : `${min}-${max}`;
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** One row of the table. */
function row({ api, serves }: Served, files: readonly Source[]): string {
  const prefix = `${handlersFolder}${String(api.key).padStart(2, "0")}_`;
  const file = files.find(({ path }) => path.startsWith(prefix) && !path.endsWith("_test.ts"));
  const name = file === undefined ? api.name : `[${api.name}](${file.path})`;
  const remarks = notes(file?.text ?? "", "Not done:").map(({ text }) => `Not done: ${text}`);
  const cells = [api.key, name, versionText(serves), versionText(api.versions), remarks.join(" ")];
  return `| ${cells.join(" | ").trim()} |`;
}

function differenceLine({ path, subject, text }: Difference): string {
  const about = subject === undefined ? "" : `\`${subject}\`: `;
  return `- ${about}${about === "" ? upperFirst(text) : text} ([source](${path}))`;
}

/** The whole page. */
export function compatibilityPage(served: readonly Served[], files: readonly Source[]): string {
  const rows = [...served].sort((a, b) => a.api.key - b.api.key).map((one) => row(one, files));
  const byFolder = new Map<string, string[]>();
  for (const difference of differencesIn(files)) {
    const folder = difference.path.slice(0, difference.path.lastIndexOf("/"));
    const lines = byFolder.get(folder) ?? [];
    lines.push(differenceLine(difference));
    byFolder.set(folder, lines);
  }
  const differences = [...byFolder].map(([folder, lines]) =>
    `### ${folder}\n\n${lines.join("\n")}\n`
  );
  return `<!-- Written by deno task docs from the sources. -->

# Compatibility

What Ottla does of what Apache Kafka does. The page is made from the handlers and from the comments
in the sources, and the gate fails when it is not current. A difference from Kafka that is not
listed here is a bug.

## APIs

Their fields and errors: [docs/protocol.md](docs/protocol.md).

"Serves" are the versions that are honoured. "Knows" are the versions that the tables can read and
write. Any other version gets what Kafka gives it: error 35 for ApiVersions, a closed connection
otherwise.

| key | API | serves | knows | remarks |
| --: | --- | --- | --- | --- |
${rows.join("\n")}

## Differences from Kafka

${differences.join("\n") || "None is noted.\n"}`;
}
