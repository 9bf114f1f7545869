// Generates the configuration keys of topics, groups and brokers as types, from the tables of the
// broker, which the client may not import: src/client/admin/*_configs_table.ts.
//
//   KnownTopicConfigs   the keys of the table and no others: what our own broker is given
//   TopicConfigs        those, and whatever key the broker at the other end may know

import type { ConfigKey } from "../src/broker/config/values.ts";

const width = 100;

/** A table of keys that becomes a file of types. */
interface KeyTable {
  /** What they configure: "Topic". */
  readonly of: string;
  readonly keys: Readonly<Record<string, ConfigKey>>;
  /** The file of the table. */
  readonly path: string;
  /** Names of keys that are too many for a table, as a pattern of the type system. */
  readonly pattern?: { readonly name: string; readonly about: string };
}

/** The file, as `deno fmt` would have it. */
export function configTypes({ of, keys, path, pattern }: KeyTable): string {
  const one = of.toLowerCase();
  const members = Object.entries(keys).map(([name, key]) => memberOf(name, key)).join("");
  const others = pattern === undefined
    ? ""
    : `${commentOf(pattern.about)}  readonly [key: ${pattern.name}]: ConfigValue | undefined;\n`;
  const names = Object.keys(keys).map((name) => `  | "${name}"`).join("\n");
  return `// The configuration keys of ${one}s, for the type system to complete and check. Written
// by \`deno task docs\` from ${path}; not to be edited.
// A data table: exempt from the size rule.

import type { Configs${pattern === undefined ? "" : ", ConfigValue"} } from "./config_values.ts";

/** Configurations of a ${one} by the keys that Ottla knows. */
export interface Known${of}Configs {
${members}${others}}

/** Configurations of a ${one}: Kafka's keys, and any other that its broker may know. */
export interface ${of}Configs extends Known${of}Configs, Configs {}

/** A key of Kafka's. */
export type ${of}ConfigName =
${names};
`;
}

function memberOf(name: string, key: ConfigKey): string {
  const means = key.default ? `Default \`${key.default}\`.` : "Empty by default.";
  const types = typesOf(key);
  const line = `  readonly "${name}"?: ${types.join(" | ")};\n`;
  const member = line.length - 1 <= width
    ? line
    : `  readonly "${name}"?:\n${types.map((type) => `    | ${type}`).join("\n")};\n`;
  return `${commentOf(`${key.doc} ${means}`)}${member}`;
}

function commentOf(text: string): string {
  const line = `  /** ${text} */`;
  if (line.length <= width) return `${line}\n`;
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (`   * ${lines[last]} ${word}`.length > width) lines.push(word);
    else lines[last] = lines[last] === "" ? word : `${lines[last]} ${word}`;
  }
  return `  /**\n${lines.map((each) => `   * ${each}\n`).join("")}   */\n`;
}

function typesOf({ type, oneOf }: ConfigKey): readonly string[] {
  switch (type) {
    case "boolean":
      return ["boolean", '"true"', '"false"'];
    case "int":
    case "short":
    case "long":
    case "double":
      return ["number", "bigint", "string"];
    case "list":
      // Of more choices than two the orders are too many to be spelt out.
      return oneOf?.length === 2 ? ordersOf(oneOf).map(quoted) : ["string"];
    default:
      return oneOf?.map(quoted) ?? ["string"];
  }
}

/** Each choice, both in any order, and none of them. */
function ordersOf(choices: readonly string[]): readonly string[] {
  const pairs = choices.flatMap((a) => choices.filter((b) => b !== a).map((b) => `${a},${b}`));
  return ["", ...choices, ...pairs];
}

function quoted(text: string): string {
  return `"${text}"`;
}
