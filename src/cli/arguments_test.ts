import { assert, assertEquals, assertThrows } from "@std/assert";
import { ArgumentFault, command, parseCommand } from "./arguments.ts";
import { commands as bench } from "./bench.ts";
import { commands as consume } from "./records/consume.ts";
import { commands as cluster } from "./cluster/cluster.ts";
import { completionCommands } from "./completions.ts";
import { commands as configs } from "./configs.ts";
import { commands as contexts } from "./contexts.ts";
import { commands as doctor } from "./doctor.ts";
import { commands as groups } from "./groups/groups.ts";
import { commandHelp } from "./help.ts";
import { commands as log } from "./log/log.ts";
import { nearest } from "./nearest.ts";
import { commands as produce } from "./records/produce.ts";
import { commands as quotas } from "./quotas.ts";
import { commands as start } from "./start/start.ts";
import { commands as topics } from "./topics.ts";
import { commands as transactions } from "./transactions.ts";
import { commands as version } from "./version.ts";

const paint = command({
  name: "paint",
  operands: ["WALL", "[COLOR]"],
  about: "paint a wall",
  options: {
    coats: { kind: "number", value: "N", short: "c", about: "how many" },
    since: { kind: "int64", value: "OFFSET", about: "any that a log may have" },
    tool: { kind: "text", value: "NAME", also: ["instrument"], about: "brush or roller" },
    dry: { kind: "flag", about: "wait" },
    set: { kind: "list", value: "KEY=VALUE", about: "anything" },
  },
  operandOptions: ["wall"],
  examples: [["paint north", "paint it"]],
  run: () => Promise.resolve(0),
});

Deno.test("options and operands come out typed, absent ones as nothing", () => {
  const words = ["north", "--coats", "2", "--set", "a=1", "red", "--set=b=2", "--dry"];
  assertEquals(parseCommand(paint, words), {
    operands: ["north", "red"],
    options: { coats: 2, since: undefined, tool: undefined, dry: true, set: ["a=1", "b=2"] },
    hints: [],
  });
  assertEquals(parseCommand(paint, ["7"]).operands, ["7"], "a number stays as typed");
  const last = parseCommand(paint, ["north", "--since", "9223372036854775807"]);
  assertEquals(last.options["since"], 2n ** 63n - 1n, "exact, however large");
});

Deno.test("what is wrong with a command line is said, with the way out", () => {
  const cases: [string[], string][] = [
    [["north", "--coast", "2"], "unknown option --coast. Did you mean --coats?"],
    [["north", "--zzzzz"], "unknown option --zzzzz"],
    [["north", "--coats", "two"], '--coats takes a whole number, not "two"'],
    [["north", "--coats"], "--coats needs a value: --coats N"],
    [["north", "--coats", "-2"], '--coats takes a whole number, not "-2"'],
    [
      ["north", "--coats", "9007199254740992"],
      "--coats takes a whole number up to 9007199254740991, not 9007199254740992",
    ],
    [
      ["north", "--since", "9223372036854775808"],
      "--since takes a whole number up to 9223372036854775807, not 9223372036854775808",
    ],
    [["north", "--coats=-2"], '--coats takes a whole number, not "-2"'],
    [["north", "--dry", "-2"], "unknown option -2"],
    [["north", "--", "--tool", "-2"], 'paint does not take "-2"'],
    [["north", "--set="], "--set needs a value: --set KEY=VALUE"],
    [["north", "--tool", "brush", "--tool", "roller"], "--tool is given more than once"],
    [["north", "--dry=no"], "--dry takes no value"],
    [["north", "--help=1"], "--help takes no value"],
    [[], "paint needs WALL"],
    [["north", "red", "blue"], 'paint does not take "blue"'],
  ];
  for (const [words, expected] of cases) {
    const fault = assertThrows(() => parseCommand(paint, words), ArgumentFault);
    assertEquals(fault.message, expected);
  }
});

Deno.test("a number with a minus is the value of the option before it", () => {
  const words = ["north", "--tool", "-1", "--set", "-2.5"];
  const { options } = parseCommand(paint, words);
  assertEquals([options.tool, options.set], ["-1", ["-2.5"]]);
});

Deno.test("an option answers to its letter, and to what other tools call it", () => {
  const words = ["--wall", "north", "-c", "2", "--instrument=--dry"];
  assertEquals(parseCommand(paint, words), {
    operands: ["north"],
    options: { coats: 2, since: undefined, tool: "--dry", dry: false, set: [] },
    hints: [
      "--wall may be left out: ottla paint WALL [COLOR]",
      "--instrument is --tool here.",
    ],
  });
  const twice = () => parseCommand(paint, ["north", "--tool", "a", "--instrument", "b"]);
  assertThrows(twice, ArgumentFault, "--tool is given more than once");
  assertThrows(() => parseCommand(paint, ["--wall"]), ArgumentFault, "--wall");
  const eaten = () => parseCommand(paint, ["north", "--tool", "--wall"]);
  assertThrows(eaten, ArgumentFault, "unknown option --wall");
});

Deno.test("a number may stand right behind the letter of its option", () => {
  assertEquals(parseCommand(paint, ["north", "-c2"]).options.coats, 2);
  const wrong = () => parseCommand(paint, ["north", "-coats", "2"]);
  assertThrows(wrong, ArgumentFault, "unknown option -coats. Did you mean --coats?");
});

Deno.test("behind -- everything is an operand", () => {
  assertEquals(parseCommand(paint, ["--", "--dry=no"]).operands, ["--dry=no"]);
});

Deno.test("the nearest word is named when it is near", () => {
  assertEquals(nearest("topcs", ["start", "topics"]), ". Did you mean topics?");
  assertEquals(nearest("desc", ["list", "describe"]), ". Did you mean describe?");
  assertEquals(nearest("xylophone", ["start", "topics"]), "");
  assertEquals(nearest("x", []), "");
});

Deno.test("every example in the help is a command line that parses", () => {
  const talking = [
    topics,
    produce,
    consume,
    groups,
    configs,
    quotas,
    cluster,
    doctor,
    transactions,
  ];
  const all = [start, ...talking, log, contexts, bench, version].flat().concat(
    completionCommands([]),
  );
  for (const each of all) {
    assert(each.examples.length > 0, `${each.name} has an example`);
    for (const [line] of each.examples) {
      assert(line.startsWith(each.name), line);
      const words = wordsOf(line.slice(each.name.length));
      const end = words.findIndex((word) => /^(<|>>?)$/.test(word));
      parseCommand(each, end < 0 ? words : words.slice(0, end));
    }
    const help = commandHelp(each);
    for (const name of Object.keys(each.options)) assert(help.includes(`--${name}`), help);
    const [described = "", examples = ""] = help.split("\nExamples:\n");
    for (const line of described.split("\n")) assert(line.length <= 80, line);
    for (const line of examples.split("\n")) assert(line.length <= 100, line);
  }
});

/** The words of a line as a shell would split it. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
}
