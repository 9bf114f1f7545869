// docs/protocol.md from the tables of src/protocol/apis: what each API that is served is for, its
// fields by version, and its errors with when they come.
//
//   a field      a row; one inside a list stands below it, with its path
//   `about`      of the table, or the glossary's where the name means the same everywhere
//   versions     as Kafka writes them: 3+, 0-12; empty where a field is in all that are served

import { ErrorCode, type ErrorName } from "../src/protocol/errors.ts";
import { fieldAbout } from "../src/protocol/glossary.ts";
import { type AnyApi, type Field, type Fields, inRange } from "../src/protocol/schema.ts";
import type { VersionRange, WireType } from "../src/protocol/types.ts";

/** An API and the versions of it that are served. */
export interface ServedApi {
  readonly api: AnyApi;
  readonly serves: VersionRange;
}

/** Text that is safe in a cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*");
}

function versionsText({ min, max }: VersionRange, serves: VersionRange): string {
  const from = Math.max(min, serves.min);
  const to = Math.min(max, serves.max);
  if (from === serves.min && to === serves.max) return "";
  if (to === serves.max) return `${from}+`;
  return from === to ? `${from}` : `${from}-${to}`;
}

function typeText(wire: WireType): string {
  switch (wire.kind) {
    case "array":
      return wire.element.kind === "struct" ? "list" : `list of ${typeText(wire.element)}`;
    default:
      return wire.kind;
  }
}

function aboutText(name: string, field: Field): string {
  const text = fieldAbout(name, field) ?? "";
  const isTruth = field.wire.kind === "bool";
  const words = Object.entries(field.words ?? {})
    .map(([number, word]) => `${isTruth ? number === "1" : number} ${word}`);
  return cell(words.length === 0 ? text : `${text} (${words.join(", ")})`);
}

function rows(fields: Fields, path: string, serves: VersionRange): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const { wire, versions, nullableVersions, tag } = field;
    const range = {
      min: Math.max(versions.min, serves.min),
      max: Math.min(versions.max, serves.max),
    };
    if (range.min > range.max) return [];
    const mayBeNull = inRange(range.max, nullableVersions) ? " or null" : "";
    const tagged = tag >= 0 ? `, tag ${tag}` : "";
    const type = `${typeText(wire)}${mayBeNull}${tagged}`;
    const about = aboutText(name, field);
    const row = `| \`${path}${name}\` | ${type} | ${versionsText(versions, serves)} | ${about} |`;
    const element = wire.kind === "array" ? wire.element : wire;
    if (element.kind !== "struct") return [row];
    const below = `${path}${name}${wire.kind === "array" ? "[]" : ""}.`;
    return [row, ...rows(element.fields, below, range)];
  });
}

function table(title: string, fields: Fields, serves: VersionRange): string {
  const lines = rows(fields, "", serves);
  if (lines.length === 0) return `**${title}**: no fields.\n`;
  const heading = "| field | type | versions | what it is |\n| --- | --- | --- | --- |";
  return `**${title}**\n\n${heading}\n${lines.join("\n")}\n`;
}

function errorLines(api: AnyApi): string {
  const lines = Object.entries(api.errors ?? {}).flatMap(([level, codes]) =>
    Object.entries(codes)
      .map(([name, when]) => ({ name, code: ErrorCode[name as ErrorName], when }))
      .sort((a, b) => a.code - b.code)
      .map(({ name, code, when }) =>
        `| ${level === "response" ? "the whole" : `\`${level}\``} | ${name} (${code}) | ${
          cell(when!)
        } |`
      )
  );
  if (lines.length === 0) return "**Errors**: none of its own.\n";
  return `**Errors**\n\n| of | code | when |\n| --- | --- | --- |\n${lines.join("\n")}\n`;
}

function anchor({ api }: ServedApi): string {
  return `${api.name}-key-${api.key}`.toLowerCase();
}

function section({ api, serves }: ServedApi): string {
  const { name, key, flexibleFrom } = api;
  const versions = serves.min === serves.max ? `${serves.min}` : `${serves.min} to ${serves.max}`;
  const flexible = flexibleFrom > serves.max ? "none of them" : `from ${flexibleFrom} on`;
  return `## ${name} (key ${key})

${api.about}

Versions ${versions}; flexible: ${flexible}.

${table("Request", api.request.fields, serves)}
${table("Response", api.response.fields, serves)}
${errorLines(api)}`;
}

/** The whole page. */
export function protocolPage(served: readonly ServedApi[]): string {
  const index = served.map((each) =>
    `| ${each.api.key} | [${each.api.name}](#${anchor(each)}) | ${cell(each.api.about)} |`
  );
  return `<!-- Written by deno task docs from the tables in src/protocol/apis. -->

# The protocol

A client opens a TCP connection and sends requests; the broker answers each in the order they came.
A request and its answer are frames: four bytes of length, a header, and a message.

The header of a request says which API it is (a key), in which version its message is written, a
number of the client's choice that the answer repeats (the correlation id), and what the client
calls itself. A client asks ApiVersions first, and then uses of each API the highest version that
both know.

How to read the tables below:

- A field is on the wire in the order of its table. Where \`versions\` is empty it is there in every
  version that is served.
- \`list\` has a count and then its items, whose fields follow below it: \`topics[].name\` is the
  name of each topic. A \`struct\` is its fields and nothing else.
- Numbers are big-endian. A \`string\` and \`bytes\` have their length before them; -1 is null.
- In flexible versions (KIP-482), lengths and counts are variable-length numbers, one more than they
  say, and each struct ends with tagged fields: number, length, value. A field with a \`tag\` is
  sent only where it is not its default.
- Error codes are numbers; 0 is NONE. \`of\` in a table of errors is the list whose items carry the
  code: one bad partition does not fail its neighbours. Any API may answer UNKNOWN_SERVER_ERROR (-1)
  where the broker has no better word.

\`ottla start --trace\` prints every request and answer by these names.

| key | API | what it is for |
| --- | --- | --- |
${index.join("\n")}

${served.map(section).join("\n")}`;
}
