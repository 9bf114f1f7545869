import { assertEquals, assertStringIncludes } from "@std/assert";
import { groups } from "../src/cli/mod.ts";
import { type Command, parseCommand } from "../src/cli/arguments.ts";
import { commandsPage, type TestTexts, testTexts, unshown } from "./command_docs.ts";
import { type CommandRow, commandSections } from "./command_table.ts";
import { parseSource } from "./source.ts";

const row = (line: string, name: string): CommandRow => ({
  what: "list topics",
  ours: { line, test: { file: "a_test.ts", name } },
});

const file = testTexts(parseSource(
  "a_test.ts",
  `const all = "--from earliest";
   Deno.test("a list", async () => { await ottla.out("topics list --json"); });
   Deno.test("words", async () => { await run(["topics", "list", ...all, "-p"]); });`,
));

Deno.test("a row is a yes when its test runs the command with its options", () => {
  const shown = (line: string, name: string) =>
    unshown(row(line, name), { command: "topics list", file });
  assertEquals(shown("topics list --json", "a list"), undefined);
  assertEquals(shown("topics list --from 1", "words"), undefined);
  assertEquals(shown("topics list", "a tale"), 'a_test.ts has no test "a tale"');
  assertEquals(shown("topics list --all", "a list"), '"a list" does not say --all');
  const other = unshown(row("topics trim", "a list"), { command: "topics trim", file });
  assertEquals(other, '"a list" does not run topics trim');
});

Deno.test("the page has a row for each, and a reason where ours cannot", () => {
  const page = commandsPage([{
    about: "Topics",
    rows: [
      { ...row("topics list", "a list"), kcat: "kcat -L" },
      { what: "fly", ours: { no: "it has no wings" } },
    ],
  }]);
  assertStringIncludes(page, "Ottla can do\n1 of these 2 things;");
  assertStringIncludes(
    page,
    '| list topics | `topics list` [yes](../tests/integration/a_test.ts "a list") |  | `kcat -L` |',
  );
  assertStringIncludes(page, "| fly | no: it has no wings |  |  |  |  |");
});

/** The words of a line as a shell would split it. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([word, quoted]) => quoted ?? word);
}

async function commandOf(words: readonly string[]): Promise<Command> {
  const group = groups.find(({ name }) => name === words[0])!;
  const commands = await group.load();
  return commands.find(({ name }) => name === group.name || name === `${words[0]} ${words[1]}`)!;
}

Deno.test("each line of ours parses, and its test runs it", async () => {
  const texts = new Map<string, TestTexts>();
  const textsOf = (name: string) => {
    const path = new URL(`../tests/integration/${name}`, import.meta.url);
    const found = texts.get(name) ?? testTexts(parseSource(name, Deno.readTextFileSync(path)));
    texts.set(name, found);
    return found;
  };
  const missing: string[] = [];
  for (const each of commandSections.flatMap(({ rows }) => rows)) {
    if ("no" in each.ours) continue;
    const words = shellWords(each.ours.line);
    const command = await commandOf(words);
    parseCommand(command, words.slice(command.name.split(" ").length));
    const reason = unshown(each, {
      command: command.name,
      file: textsOf(each.ours.test.file),
    });
    if (reason !== undefined) missing.push(`${each.what}: ${reason}`);
  }
  assertEquals(missing, []);
});
