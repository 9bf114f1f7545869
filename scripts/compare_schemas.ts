// Compares our protocol tables with a folder of Apache Kafka's message definitions, field by field.
//
//   deno task compare [--all] FOLDER     FOLDER has messages/, messages-legacy/ and records/
//
// Every definition whose message has a table here is compared, over the versions that the
// definition calls valid: name, order, type, versions, nullable versions, default, tag, flexible
// versions, and in what is sent to a broker or stored, whether the field may be dropped. Where
// messages-legacy/ begins lower, the table must agree with both. A table without any definition is
// a difference too, and with --all so is a definition without a table, of whatever a broker may be
// sent or keeps. A tagged field of our own is no difference: who does not know a tag passes it
// over. Prints the differences and what was compared; exits 1 when there is one.

import { firstOf } from "../src/base/items.ts";
import {
  defaultOf,
  type Field,
  type Fields,
  parseVersions,
  type VersionRange,
  type WireType,
} from "../src/protocol/schema.ts";
import { everyTable, type NamedTable } from "./every_table.ts";

/** Tags from here on are ours: Kafka counts its own from 0. */
const ownTagMin = 10_000;

/** Definitions without a table, and why that is right. */
const withoutTable: Readonly<Record<string, string>> = {
  AbortedTxn: "src/log/segment/txn_index.ts reads and writes it by hand",
  ControlRecordTypeSchema: "src/records/control.ts does",
  EndTxnMarker: "src/records/control.ts does",
  DefaultPrincipalData: "it travels inside Envelope, which controllers alone take",
};

/** A field as Kafka's files have it. */
interface DefinedField {
  readonly name: string;
  readonly type: string;
  /** Left out where it is `taggedVersions`. */
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly ignorable?: boolean;
  readonly flexibleVersions?: string;
  readonly fields?: readonly DefinedField[];
}

/** A message as Kafka's files have it. */
export interface Definition {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  /** Who takes this request: nobody any more when left out. */
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly fields: readonly DefinedField[];
  readonly commonStructs?: readonly { name: string; fields: readonly DefinedField[] }[];
}

/** What a comparison found. */
export interface Comparison {
  readonly tableCount: number;
  readonly fieldCount: number;
  readonly differences: readonly string[];
}

/** One field of either side, over the compared versions, in words that can be compared. */
interface Row {
  readonly path: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** The definition in a file's `text`: JSON with lines of comment. */
export function parseDefinition(text: string): Definition {
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("//"));
  return JSON.parse(lines.join("\n"));
}

/** Compares each of `tables` with every definition of its name. */
export function compareSchemas(
  definitions: readonly Definition[],
  tables: readonly NamedTable[],
): Comparison {
  const differences: string[] = [];
  let fieldCount = 0;
  for (const named of tables) {
    const matching = definitions.filter((definition) => definition.name === named.name);
    if (matching.length === 0) {
      differences.push(`${named.name}: no definition of this name`);
      continue;
    }
    differences.push(...compareVersions(matching, named));
    for (const definition of matching) {
      const { rows, found } = compareFields(definition, named);
      fieldCount += rows;
      differences.push(...found);
    }
  }
  return { tableCount: tables.length, fieldCount, differences };
}

/**
 * The definitions that should have a table and have none: requests that a broker takes, their
 * responses, and all that is stored.
 */
export function missingTables(
  definitions: readonly Definition[],
  tables: readonly NamedTable[],
): string[] {
  const known = new Set(tables.map(({ name }) => name));
  const taken = new Set(
    definitions.filter(({ listeners }) => listeners?.includes("broker"))
      .map(({ apiKey }) => apiKey),
  );
  const missing = definitions.filter(({ type, name, apiKey }) => {
    if (known.has(name) || withoutTable[name] !== undefined) return false;
    return type === "request" || type === "response" ? taken.has(apiKey) : true;
  });
  return [...new Set(missing.map(({ name }) => name))].sort();
}

function compareVersions(definitions: readonly Definition[], named: NamedTable): string[] {
  const found: string[] = [];
  const ranges = definitions.map((definition) => parseVersions(definition.validVersions));
  const min = Math.min(...ranges.map((range) => range.min));
  const max = Math.max(...ranges.map((range) => range.max));
  const ours = rangeText(named.table.versions);
  if (ours !== `${min}-${max}`) {
    found.push(`${named.name}: versions ${ours} here, ${min}-${max} there`);
  }
  for (const definition of definitions) {
    const flexible = parseVersions(definition.flexibleVersions).min;
    if (flexible !== named.table.flexibleFrom) {
      found.push(
        `${named.name}: flexible from ${named.table.flexibleFrom} here, ${flexible} there`,
      );
    }
    if (definition.apiKey !== named.key) {
      found.push(`${named.name}: key ${named.key} here, ${definition.apiKey} there`);
    }
  }
  return found;
}

function compareFields(
  definition: Definition,
  { name, table }: NamedTable,
): { rows: number; found: string[] } {
  const valid = parseVersions(definition.validVersions);
  const judgesLoss = definition.type !== "response";
  const theirs = [...definedRows(definition, { parent: valid, judgesLoss })];
  const ours = [...tableRows(table.fields, { parent: valid, judgesLoss })];
  const found: string[] = [];
  const at = `${name} (${definition.validVersions})`;
  const order = (rows: readonly Row[]) => rows.map((row) => row.path).join(" ");
  if (order(theirs) !== order(ours)) {
    found.push(`${at}: fields\n    here  ${order(ours)}\n    there ${order(theirs)}`);
  }
  for (const row of theirs) {
    const mine = ours.find((each) => each.path === row.path);
    if (mine === undefined) continue;
    for (const [fact, value] of Object.entries(row.facts)) {
      if (mine.facts[fact] === value) continue;
      found.push(`${at}: ${row.path}: ${fact} is ${mine.facts[fact]} here, ${value} there`);
    }
  }
  return { rows: theirs.length, found };
}

interface Scope {
  readonly parent: VersionRange;
  readonly judgesLoss: boolean;
  readonly path?: string;
}

function* tableRows(fields: Fields, { parent, judgesLoss, path = "" }: Scope): Generator<Row> {
  for (const [name, field] of Object.entries(fields)) {
    const versions = clip(field.versions, parent);
    if (versions === undefined || field.tag >= ownTagMin) continue;
    const here = `${path}${name}`;
    yield {
      path: here,
      facts: {
        type: typeText(field.wire),
        versions: rangeText(versions),
        nullable: rangeText(clip(field.nullableVersions, versions)),
        default: defaultText(field),
        tag: field.tag < 0 ? "none" : `${field.tag} in ${rangeText(versions)}`,
        "never compact": String(field.neverCompact),
        essential: String(judgesLoss && limited(versions, parent) && field.essential),
      },
    };
    const inner = structOf(field.wire);
    if (inner) yield* tableRows(inner, { parent: versions, judgesLoss, path: `${here}.` });
  }
}

function* definedRows(
  definition: Definition,
  { parent, judgesLoss, path = "" }: Scope,
  fields: readonly DefinedField[] = definition.fields,
): Generator<Row> {
  for (const field of fields) {
    const versions = clip(parseVersions(field.versions ?? field.taggedVersions!), parent);
    if (versions === undefined) continue;
    const here = `${path}${firstOf(field.name).toLowerCase()}${field.name.slice(1)}`;
    const element = field.type.replace(/^\[\]/, "");
    const common = definition.commonStructs?.find((each) => each.name === element);
    const inner = field.fields ?? common?.fields;
    const tagged = clip(parseVersions(field.taggedVersions ?? "none"), versions);
    const type = inner === undefined ? field.type : field.type.replace(element, "struct");
    yield {
      path: here,
      facts: {
        type,
        versions: rangeText(versions),
        nullable: rangeText(clip(parseVersions(field.nullableVersions ?? "none"), versions)),
        default: definedDefault(field.default, type),
        tag: tagged === undefined ? "none" : `${field.tag} in ${rangeText(tagged)}`,
        "never compact": String(field.flexibleVersions === "none"),
        essential: String(judgesLoss && limited(versions, parent) && !field.ignorable),
      },
    };
    if (inner) {
      yield* definedRows(definition, { parent: versions, judgesLoss, path: `${here}.` }, inner);
    }
  }
}

function clip(range: VersionRange, within: VersionRange): VersionRange | undefined {
  const min = Math.max(range.min, within.min);
  const max = Math.min(range.max, within.max);
  return min <= max ? { min, max } : undefined;
}

function limited(range: VersionRange, parent: VersionRange): boolean {
  return range.min > parent.min || range.max < parent.max;
}

function rangeText(range: VersionRange | undefined): string {
  return range === undefined ? "none" : `${range.min}-${range.max}`;
}

function structOf(wire: WireType): Fields | undefined {
  if (wire.kind === "array") return structOf(wire.element);
  return wire.kind === "struct" ? wire.fields : undefined;
}

function typeText(wire: WireType): string {
  if (wire.kind === "array") return `[]${typeText(wire.element)}`;
  return wire.kind;
}

/** The default in the words of {@link definedDefault}; "zero" is the implicit one of the type. */
function defaultText(field: Field): string {
  if (field.default === undefined) return "zero";
  const value = defaultOf(field);
  return value === 0 || value === false || value === "" ? "zero" : String(value);
}

function definedDefault(value: string | number | boolean | undefined, type: string): string {
  const text = String(value ?? "");
  if (text === "" || text === "false") return "zero";
  if (!/^u?int/.test(type) || text.length > 16) return text;
  return Number(text) === 0 ? "zero" : String(Number(text));
}

async function readDefinitions(folder: string): Promise<Definition[]> {
  const definitions: Definition[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) definitions.push(...await readDefinitions(path));
    else if (path.endsWith(".json")) {
      definitions.push(parseDefinition(await Deno.readTextFile(path)));
    }
  }
  return definitions;
}

async function main(): Promise<void> {
  const all = Deno.args.includes("--all");
  const folder = Deno.args.find((argument) => argument !== "--all");
  if (folder === undefined) {
    console.error("usage: deno task compare [--all] FOLDER   (messages/, records/, ...)");
    Deno.exit(2);
  }
  const definitions = await readDefinitions(folder);
  const tables = everyTable();
  const found = compareSchemas(definitions, tables);
  for (const difference of found.differences) console.log(difference);
  const missing = missingTables(definitions, tables);
  for (const name of missing) console.log(`${name}: no table`);
  const { tableCount, fieldCount, differences } = found;
  console.log(
    `${tableCount} tables, ${fieldCount} fields, ${differences.length} differences, ` +
      `${missing.length} definitions without a table`,
  );
  if (differences.length > 0 || (all && missing.length > 0)) Deno.exit(1);
}

if (import.meta.main) await main();
