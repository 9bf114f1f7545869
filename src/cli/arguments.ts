// A command is data: its name, operands, options, examples, and what runs it. The parser, the help
// text and the types of the parsed values all come from that one description.
//
// Invariant: what `--help` lists is what the parser accepts, but for what other tools call the
// same: that is taken too, with a hint. A word that is neither is refused with the nearest one that
// is, as an ArgumentFault: exit code 2.

import { type Int64, INT64_MAX, parseInt64 } from "../base/int64.ts";
import type { CliContext } from "./context.ts";
import { nearest } from "./nearest.ts";

/**
 * The command line does not parse. The message says which word, and what would do; whoever runs the
 * command adds where the accepted ones are listed.
 */
export class ArgumentFault extends Error {
  override readonly name = "ArgumentFault";

  /** The same of a command, or of a group of them: "topics create". */
  of(name: string): ArgumentFault {
    return new ArgumentFault(`${this.message}\nSee: ottla ${name} --help`, { cause: this });
  }
}

/** One `--option`. `value` is the placeholder shown in help; a flag has none. */
export interface Option {
  readonly kind: "text" | "number" | "int64" | "flag" | "list";
  readonly value?: string;
  readonly about: string;
  /** Of a number. */
  readonly max?: number;
  /** One letter, typed after one dash. */
  readonly short?: string;
  /** What Kafka's tools, kcat and rpk call it. */
  readonly also?: readonly string[];
}

export type Options = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O["kind"] extends "flag" ? boolean
  : O["kind"] extends "list" ? readonly string[]
  : O["kind"] extends "number" ? number | undefined
  : O["kind"] extends "int64" ? Int64 | undefined
  : string | undefined;

/** Parsed options by name: absent text and numbers are undefined, lists empty, flags false. */
export type Values<O extends Options> = { readonly [Name in keyof O]: ValueOf<O[Name]> };

/** One that is due is there; `[...]` may be left out. */
type Single<Names extends readonly string[]> = {
  readonly [I in keyof Names]: Names[I] extends `[${string}` ? string | undefined : string;
};

/** Operands as they are declared: a final `...` stands for many. */
type Operands<Names extends readonly string[]> = number extends Names["length"] ? readonly string[]
  : Names extends readonly [...infer First extends string[], `${string}...${string}`]
    ? readonly [...Single<First>, ...string[]]
  : Single<Names>;

/** What a command is given. */
export interface Parsed<O extends Options, Names extends readonly string[] = readonly string[]> {
  readonly operands: Operands<Names>;
  readonly options: Values<O>;
  /** For the person who typed it: what some of it is called here. */
  readonly hints: readonly string[];
}

export interface Command<
  O extends Options = Options,
  Names extends readonly string[] = readonly string[],
> {
  /** As typed after `ottla`: `"topics create"`. */
  readonly name: string;
  /** Other last words that it answers to. */
  readonly also?: readonly string[];
  /** Operands in order: `TOPIC` is due, `[TOPIC]` may be left out, a final `...` repeats. */
  readonly operands: Names;
  readonly about: string;
  readonly options: O;
  /** Options of other tools whose value is an operand here: `--topic orders`. */
  readonly operandOptions?: readonly string[];
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
export function parseCommand(command: Command, words: readonly string[]): Parsed<Options> {
  const { operands, given, hints } = sorted(command, words);
  const options = Object.entries(command.options).map(([name, option]) =>
    [name, optionValue({ name, ...option, given: given.get(name) ?? [] })] as const
  );
  checkOperands(command, operands);
  return {
    operands: operands as Operands<readonly string[]>,
    options: Object.fromEntries(options) as Values<Options>,
    hints,
  };
}

function optionValue(
  option: Option & { readonly name: string; readonly given: readonly string[] },
): unknown {
  const { name, kind, given } = option;
  if (kind === "flag") return given.length > 0;
  if (given.includes("")) throw needsValue(option);
  if (kind === "list") return given;
  if (given.length > 1) {
    throw new ArgumentFault(`--${name} is given more than once`);
  }
  const [text] = given;
  if (text === undefined || kind === "text") return text;
  const { max = kind === "int64" ? INT64_MAX : Number.MAX_SAFE_INTEGER } = option;
  return numberOption(text, { name, max });
}

function numberOption(text: string, of: { readonly name: string; readonly max: Int64 }): Int64 {
  const { name, max } = of;
  if (!/^\d+$/.test(text)) {
    throw new ArgumentFault(`--${name} takes a whole number, not "${text}"`);
  }
  const number = parseInt64(text);
  if (number === undefined || number > max) {
    throw new ArgumentFault(`--${name} takes a whole number up to ${max}, not ${text}`);
  }
  return number;
}

/** The number of a partition or broker that an operand is. Throws ArgumentFault for another. */
export function wholeNumber(text: string, what: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ArgumentFault(`${what} is a whole number, not "${text}"`);
}

/** An option as typed, and which one of the command's it is. */
interface TypedOption {
  readonly name: string;
  readonly option: Option;
  /** Behind `=`, or behind the letter. */
  readonly value: string | undefined;
  readonly hint: string | undefined;
}

/** The words of a command line by what they are. */
interface SortedWords {
  readonly operands: readonly string[];
  /** Values by the name that an option has here: "" where one is missing, and of a flag. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly hints: readonly string[];
}

/**
 * Tells options, their values and operands apart. A value may begin with a minus where a digit
 * follows (`--acks -1`): it would else be taken for an option. Behind `--` all are operands.
 */
function sorted(command: Command, words: readonly string[]): SortedWords {
  const operands: string[] = [];
  const given = new Map<string, string[]>();
  const hints: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      operands.push(...words.slice(at + 1));
      break;
    }
    const next = words[at + 1];
    const operand = operandOption(command, { word, next });
    if (operand !== undefined) {
      operands.push(operand.value);
      hints.push(operand.hint);
      if (!word.includes("=")) at++;
      continue;
    }
    const typed = typedOption(command, word);
    if (typed === undefined) {
      if (isOption(word)) throw unknownOption(command, word);
      operands.push(word);
      continue;
    }
    const { name, option, value, hint } = typed;
    if (hint !== undefined) hints.push(hint);
    const isApart = option.kind !== "flag" && value === undefined && next !== undefined &&
      (!isOption(next) || /^-\d/.test(next));
    // A flag's value would go unheard: `--ephemeral=yes` is refused, as is `--ephemeral=no`.
    if (option.kind === "flag" && value !== undefined) {
      throw new ArgumentFault(`--${name} takes no value`);
    }
    given.set(name, [...given.get(name) ?? [], value ?? (isApart ? next : "")]);
    if (isApart) at++;
  }
  return { operands, given, hints };
}

/** Whether a word looks like an option; `-` alone is a name, mostly of standard input. */
function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

function unknownOption(command: Command, word: string): ArgumentFault {
  const [name = word] = word.split("=");
  const known = [...Object.keys(command.options), "help"].map((each) => `--${each}`);
  return new ArgumentFault(`unknown option ${name}${nearest(name, known)}`);
}

const helpOption: Option = { kind: "flag", about: "" };

function typedOption(command: Command, word: string): TypedOption | undefined {
  const [, dashes = "", given = "", value] = /^(--?)([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  if (given === "") return undefined;
  if (dashes === "-") {
    for (const [name, option] of Object.entries(command.options)) {
      if (option.short === given) return { name, option, value, hint: undefined };
      // `-n5` and `-o-5`, as kcat has it; of words, `-topic` is more often a mistake.
      const isJoined = option.kind !== "flag" && option.short === given[0] && /^.-?\d/.test(given);
      if (isJoined) return { name, option, value: word.slice(2), hint: undefined };
    }
    return undefined;
  }
  const own = given === "help" ? helpOption : command.options[given];
  if (own !== undefined) return { name: given, option: own, value, hint: undefined };
  for (const [name, option] of Object.entries(command.options)) {
    if (option.also?.includes(given)) {
      return { name, option, value, hint: `--${given} is --${name} here.` };
    }
  }
  return undefined;
}

/** What `--topic orders` is where topics are operands. */
function operandOption(
  command: Command,
  typed: { word: string; next: string | undefined },
): { value: string; hint: string } | undefined {
  const [, name = "", joined] = /^--([^=]+)(?:=(.*))?$/s.exec(typed.word) ?? [];
  if (!command.operandOptions?.includes(name) || name in command.options) return undefined;
  const value = joined ?? typed.next;
  if (value === undefined || value === "") return undefined;
  const line = ["ottla", command.name, ...command.operands].join(" ");
  return { value, hint: `--${name} may be left out: ${line}` };
}

function needsValue({ name, value = "VALUE" }: Option & { name: string }): ArgumentFault {
  return new ArgumentFault(`--${name} needs a value: --${name} ${value}`);
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const due = command.operands.filter((operand) => !operand.startsWith("["));
  const repeats = command.operands.some((operand) => operand.includes("..."));
  if (operands.length < due.length) {
    throw new ArgumentFault(`${command.name} needs ${due.slice(operands.length).join(" and ")}`);
  }
  if (!repeats && operands.length > command.operands.length) {
    throw new ArgumentFault(`${command.name} does not take "${operands[command.operands.length]}"`);
  }
}
