// `ottla completions`: what a shell offers at the Tab key. The scripts ask this program itself what
// may come next, so they need not be made anew for a newer one.

import { escapedLines } from "../base/visible.ts";
import { type Command, command } from "./arguments.ts";
import { exitCode } from "./context.ts";
import type { CommandGroup } from "./help.ts";

const scripts = {
  bash: `_ottla() {
  local IFS=$'\\n'
  COMPREPLY=($(ottla completions next -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _ottla ottla
`,
  zsh: `#compdef ottla
_ottla() {
  local -a found
  found=("\${(@f)$(ottla completions next -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found || _files
}
compdef _ottla ottla
`,
  fish: `complete -c ottla -f -a '(ottla completions next -- (commandline -opc)[2..] \\
  (commandline -ct) 2>/dev/null)'
`,
} as const;

/** The commands, which complete what `groups` holds. */
export function completionCommands(groups: readonly CommandGroup[]): readonly Command[] {
  const shells = (Object.keys(scripts) as (keyof typeof scripts)[]).map((shell) =>
    command({
      name: `completions ${shell}`,
      operands: [],
      about: `print the script for ${shell}`,
      options: {},
      examples: [
        shell === "fish"
          ? ["completions fish > ~/.config/fish/completions/ottla.fish", "for every new shell"]
          : [`completions ${shell} >> ~/.${shell}rc`, "for every new shell"],
      ],
      run: (context) => {
        context.out(escapedLines(scripts[shell]));
        return Promise.resolve(exitCode.ok);
      },
    })
  );
  const next = command({
    name: "completions next",
    operands: ["[WORD...]"],
    about: "print what the last word may become, for the scripts",
    options: {},
    examples: [["completions next -- topics cr", "create"]],
    run: async (context, { operands }) => {
      const candidates = await candidatesFor(groups, operands);
      context.out(escapedLines(candidates.map((each) => `${each}\n`).join("")));
      return exitCode.ok;
    },
  });
  return [...shells, next];
}

/** What may stand in place of the last of `words`, which may be begun. */
async function candidatesFor(
  groups: readonly CommandGroup[],
  words: readonly string[],
): Promise<string[]> {
  const before = words.slice(0, -1);
  const begun = words.at(-1) ?? "";
  const all = await following(groups, before, begun);
  return all.filter((each) => each.startsWith(begun));
}

async function following(
  groups: readonly CommandGroup[],
  [first, second, ...rest]: readonly string[],
  begun: string,
): Promise<string[]> {
  if (first === undefined) return groups.map(({ name }) => name);
  const group = groups.find(({ name }) => name === first);
  if (group === undefined) return [];
  const commands = await group.load();
  const only = commands.find(({ name }) => name === first);
  const words = only === undefined ? rest : second === undefined ? rest : [second, ...rest];
  if (only === undefined && second === undefined) {
    return commands.map(({ name }) => name.slice(first.length + 1));
  }
  const found = only ?? commands.find(({ name }) => name === `${first} ${second}`);
  return found === undefined ? [] : optionsOf(found, words, begun);
}

/** Options that are not given yet; nothing where a value is due. */
function optionsOf(command: Command, words: readonly string[], begun: string): string[] {
  if (!begun.startsWith("-")) return [];
  const given = new Set(words);
  return Object.entries(command.options)
    .filter(([name, { kind }]) => kind === "list" || !given.has(`--${name}`))
    .map(([name]) => `--${name}`);
}
