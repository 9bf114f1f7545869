// Generates src/client/admin/topic_configs.ts: the configuration keys of topics as types, from the
// table of the broker, which the client may not import.

import type { ConfigKey } from "../src/broker/config/values.ts";

const width = 100;

const head =
  `// The configuration keys of topics, for the type system to complete and to check. Written by
// \`deno task docs\` from src/broker/config/broker_table.ts; not to be edited.
// A data table: exempt from the size rule.

/** A value of a configuration key; a number or a boolean stands for its text. */
export type ConfigValue = string | number | bigint | boolean;

/** Configurations by key. */
export type Configs = Readonly<Record<string, ConfigValue | undefined>>;

/** Configurations of a topic: Kafka's keys, and any other that a broker may know. */
export interface TopicConfigs extends Configs {
`;

/** The file, as \`deno fmt\` would have it. */
export function topicConfigTypes(keys: Readonly<Record<string, ConfigKey>>): string {
  const members = Object.entries(keys).map(([name, key]) => memberOf(name, key)).join("");
  const names = Object.keys(keys).map((name) => `  | "${name}"`).join("\n");
  return `${head}${members}}

/** A key of Kafka's. */
export type TopicConfigName =
${names};
`;
}

function memberOf(name: string, key: ConfigKey): string {
  const means = key.default ? `Default \`${key.default}\`.` : "Empty by default.";
  return `${commentOf(`${key.doc} ${means}`)}  readonly "${name}"?:${typeOf(key)}
`;
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

function typeOf({ type, oneOf }: ConfigKey): string {
  switch (type) {
    case "boolean":
      return ` boolean | "true" | "false";`;
    case "int":
    case "short":
    case "long":
    case "double":
      return " number | bigint | string;";
    default:
      if (oneOf === undefined) return " string;";
      return ` ${choicesOf(type, oneOf).map((each) => `"${each}"`).join(" | ")};`;
  }
}

/** Of a list any order, and none of them. */
function choicesOf(type: ConfigKey["type"], oneOf: readonly string[]): readonly string[] {
  if (type !== "list") return oneOf;
  const pairs = oneOf.flatMap((a) => oneOf.filter((b) => b !== a).map((b) => `${a},${b}`));
  return ["", ...oneOf, ...pairs];
}
