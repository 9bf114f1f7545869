// A command is data: its name, operands, options, examples, and what runs it. The parser, the help
// text and the types of the parsed values all come from that one description.
//
// Invariant: what `--help` lists is exactly what the parser accepts. A word that is neither is
// refused with the nearest one that is, as an ArgumentFault: exit code 2.

import { parseArgs } from "@std/cli/parse-args";
import type { CliContext } from "./context.ts";

/** The command line does not parse. The message says which word, and what would do. */
export class ArgumentFault extends Error {
  override readonly name = "ArgumentFault";
}

/** One `--option`. `value` is the placeholder shown in help; a flag has none. */
export interface Option {
  readonly kind: "text" | "number" | "flag" | "list";
  readonly value?: string;
  readonly about: string;
}

export type Options = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O["kind"] extends "flag" ? boolean
  : O["kind"] extends "list" ? readonly string[]
  : O["kind"] extends "number" ? number | undefined
  : string | undefined;

/** Parsed options by name: absent text and numbers are undefined, lists empty, flags false. */
export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> };

/** Operands as they are declared: one that is due is there, and a final `...` stands for many. */
type Operands<Names extends readonly string[]> = number extends Names["length"] ? readonly string[]
  : Names extends readonly [...string[], `${string}...${string}`] ? readonly string[]
  : { readonly [I in keyof Names]: Names[I] extends `[${string}` ? string | undefined : string };

/** What a command is given. */
export interface Parsed<O extends Options, Names extends readonly string[] = readonly string[]> {
  readonly operands: Operands<Names>;
  readonly options: Values<O>;
}

export interface Command<
  O extends Options = Options,
  Names extends readonly string[] = readonly string[],
> {
  /** As typed after `ottla`: `"topics create"`. */
  readonly name: string;
  /** Operands in order: `TOPIC` is due, `[TOPIC]` may be left out, a final `...` repeats. */
  readonly operands: Names;
  readonly about: string;
  readonly options: O;
  /** Pairs of a command line (without the leading `ottla`) and what it does. */
  readonly examples: readonly (readonly [line: string, about: string])[];
  /** Returns the exit code. */
  run(context: CliContext, parsed: Parsed<O, Names>): Promise<number>;
}

/** Declares a command, checking `run` against the declared options. */
export function command<const O extends Options, const Names extends readonly string[]>(
  declared: Command<O, Names>,
): Command {
  return declared as unknown as Command;
}

/** Machine-readable output, for commands that print lists. */
export const jsonOption = {
  json: { kind: "flag", about: "print JSON instead of a table" },
} as const;

/** Parses `words` by the command's description, or throws an {@link ArgumentFault}. */
export async function parseCommand(
  command: Command,
  words: readonly string[],
): Promise<Parsed<Options>> {
  const declared = Object.entries(command.options);
  const ofKind = (kind: Option["kind"]) =>
    declared.filter(([, option]) => option.kind === kind).map(([name]) => name);
  const unknown: string[] = [];
  refuseFlagValues(command, words);
  const parsed = parseArgs(joinNegatives(command, words), {
    string: [...ofKind("text"), ...ofKind("number"), ...ofKind("list"), "_"],
    boolean: ofKind("flag"),
    collect: [...ofKind("text"), ...ofKind("number"), ...ofKind("list")],
    "--": false,
    unknown: (word: string, key?: string) => {
      if (key === undefined) return true;
      unknown.push(word.replace(/=.*/s, ""));
      return false;
    },
  });
  const [first] = unknown;
  if (first !== undefined) {
    const known = [...Object.keys(command.options), "help"].map((name) => `--${name}`);
    throw new ArgumentFault(
      `unknown option ${first}${await nearest(first, known)}\n${seeHelp(command.name)}`,
    );
  }
  const options: Record<string, unknown> = {};
  for (const [name, option] of declared) {
    options[name] = optionValue(command, { name, ...option, given: parsed[name] });
  }
  const operands = parsed._.map(String);
  checkOperands(command, operands);
  return { operands, options: options as Values<Options> };
}

/** `. Did you mean X?` when one of `known` is near `word`, otherwise nothing. */
export async function nearest(word: string, known: readonly string[]): Promise<string> {
  // Loaded here: only a mistake needs it, and a start should not pay for it.
  const { closestString } = await import("@std/text/closest-string");
  const { levenshteinDistance } = await import("@std/text/levenshtein-distance");
  if (known.length === 0) return "";
  const prefixed = known.find((name) => word.length >= 2 && name.startsWith(word));
  const candidate = prefixed ?? closestString(word, [...known]);
  const near = prefixed !== undefined ||
    levenshteinDistance(word, candidate) <= Math.max(2, Math.floor(candidate.length / 3));
  return near ? `. Did you mean ${candidate}?` : "";
}

/** The closing line of a refusal: where the accepted words are listed. */
export function seeHelp(name: string): string {
  return `See: ottla ${name === "" ? "" : name + " "}--help`;
}

function optionValue(command: Command, option: Option & { name: string; given: unknown }): unknown {
  const { name, kind, given } = option;
  if (kind === "flag") return given === true;
  const list = (given ?? []) as string[];
  if (list.includes("")) throw needsValue(command, option);
  if (kind === "list") return list;
  if (list.length > 1) {
    throw new ArgumentFault(`--${name} is given more than once\n${seeHelp(command.name)}`);
  }
  const [text] = list;
  if (text === undefined || kind === "text") return text;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new ArgumentFault(
      `--${name} takes a whole number, not "${text}"\n${seeHelp(command.name)}`,
    );
  }
  return number;
}

/** `--acks -1` as `--acks=-1`: what begins with a minus would else be taken for an option. */
function joinNegatives(command: Command, words: readonly string[]): string[] {
  const joined: string[] = [];
  let isOperand = false;
  for (const word of words) {
    const before = joined.at(-1) ?? "";
    const kind = before.startsWith("--") ? command.options[before.slice(2)]?.kind : undefined;
    if (!isOperand && kind !== undefined && kind !== "flag" && /^-\d/.test(word)) {
      joined[joined.length - 1] = `${before}=${word}`;
    } else joined.push(word);
    isOperand ||= word === "--";
  }
  return joined;
}

/** A flag's value would go unheard: `--ephemeral=yes` is refused, as is `--ephemeral=no`. */
function refuseFlagValues(command: Command, words: readonly string[]): void {
  for (const word of words) {
    if (word === "--") return;
    const name = /^--([^=]+)=/.exec(word)?.[1];
    if (name === undefined || name !== "help" && command.options[name]?.kind !== "flag") continue;
    throw new ArgumentFault(`--${name} takes no value\n${seeHelp(command.name)}`);
  }
}

function needsValue(command: Command, option: Option & { name: string }): ArgumentFault {
  const { name, value = "VALUE" } = option;
  return new ArgumentFault(
    `--${name} needs a value: --${name} ${value}\n${seeHelp(command.name)}`,
  );
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const due = command.operands.filter((operand) => !operand.startsWith("["));
  const repeats = command.operands.some((operand) => operand.includes("..."));
  if (operands.length < due.length) {
    throw new ArgumentFault(
      `${command.name} needs ${due.slice(operands.length).join(" and ")}\n` +
        seeHelp(command.name),
    );
  }
  if (!repeats && operands.length > command.operands.length) {
    throw new ArgumentFault(
      `${command.name} does not take "${operands[command.operands.length]}"\n` +
        seeHelp(command.name),
    );
  }
}
