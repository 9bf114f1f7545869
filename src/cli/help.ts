// Help text, drawn from the descriptions of the commands: usage, options in two columns, examples.

import { entryOf } from "../base/items.ts";
import type { Command, Option } from "./arguments.ts";
import { brokerOptions } from "./broker_client.ts";

/** What a group of commands (`topics`) or a single one (`start`) is for, in one line. */
export interface CommandGroup {
  readonly name: string;
  readonly about: string;
  /** Loads the group's commands; a group of one command has the group's name. */
  load(): Promise<readonly Command[]>;
}

/** Help of the program. */
export function programHelp(groups: readonly CommandGroup[]): string {
  return [
    "Ottla: a Kafka-compatible broker in one small program.",
    "",
    "Usage: ottla COMMAND [options]",
    "",
    ...columns(groups.map((group) => [group.name, group.about])),
    "",
    "Examples:",
    ...exampleLines([
      ["start", "start a broker on port 9092, data in ./ottla-data"],
      ["start --ephemeral --port 9093", "the same in memory, for trying things"],
      ["topics create orders --partitions 6", "create a topic"],
      ["produce orders", "send each line of standard input"],
      ["consume orders --from-beginning", "print what is there, then what comes"],
    ]),
    "",
    "Each command explains itself: ottla COMMAND --help",
    "",
  ].join("\n");
}

/** Help of a group with several commands: `ottla topics --help`. */
export function groupHelp(group: CommandGroup, commands: readonly Command[]): string {
  return [
    `ottla ${group.name}: ${group.about}`,
    "",
    `Usage: ottla ${group.name} COMMAND [options]`,
    "",
    ...columns(commands.map((each) => [
      [each.name.slice(group.name.length + 1), ...each.operands].join(" "),
      each.about,
    ])),
    "",
    "Examples:",
    ...exampleLines(commands.flatMap((each) => each.examples.slice(0, 1))),
    "",
    `Each explains itself: ottla ${group.name} COMMAND --help`,
    "",
  ].join("\n");
}

/** Help of one command: `ottla topics create --help`. */
export function commandHelp(command: Command): string {
  const [own, ofBroker] = [[] as string[][], [] as string[][]];
  for (const [name, option] of Object.entries(command.options)) {
    const leadsToBroker = option === entryOf<Option>(brokerOptions, name);
    (leadsToBroker ? ofBroker : own).push([
      (option.short === undefined ? "" : `-${option.short}, `) +
      `--${name}${option.kind === "flag" ? "" : ` ${option.value ?? "VALUE"}`}`,
      option.about + (option.kind === "list" ? " (may be repeated)" : ""),
    ]);
  }
  return [
    `ottla ${command.name}: ${command.about}`,
    "",
    `Usage: ottla ${[command.name, ...command.operands, "[options]"].join(" ")}`,
    "",
    "Options:",
    ...columns([...own, ["--help", "print this"]]),
    "",
    ...ofBroker.length === 0 ? [] : ["Which broker, and as whom:", ...columns(ofBroker), ""],
    "Examples:",
    ...exampleLines(command.examples),
    "",
  ].join("\n");
}

function exampleLines(examples: readonly (readonly [string, string])[]): string[] {
  return examples.flatMap(([line, about]) => [`  # ${about}`, `  ottla ${line}`]);
}

const lineLengthMax = 80;

/** Two columns; what does not fit into a line of the right one goes on below. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left = ""]) => left.length));
  return rows.flatMap(([left = "", right = ""]) =>
    wrapped(right, lineLengthMax - width - 4).map((line, i) =>
      `  ${(i === 0 ? left : "").padEnd(width)}  ${line}`
    )
  );
}

function wrapped(text: string, lengthMax: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > lengthMax) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
