// The command line, the cli folder's face: finds the command, parses, runs, and says what went
// wrong.
//
//   ottla GROUP [COMMAND] [operands] [--options]
//
// Each command is a file, loaded when it is asked for: `start` never loads the client, and listing
// topics never loads the broker.

import { PlatformFault } from "../base/faults.ts";
import { escaped } from "../base/visible.ts";
import type { Runtime } from "../runtime/ports.ts";
import { ArgumentFault, type Command, parseCommand } from "./arguments.ts";
import { type CliContext, cliContext, exitCode } from "./context.ts";
import { describeFailure } from "./failures.ts";
import type { CommandGroup } from "./help.ts";
import { nearest } from "./nearest.ts";

/** Every command, in the order of the help text. */
export const groups: readonly CommandGroup[] = [
  {
    name: "start",
    about: "start a broker",
    load: async () => (await import("./start/start.ts")).commands,
  },
  {
    name: "topics",
    about: "list, describe, create, alter, trim and delete topics",
    load: async () => (await import("./topics.ts")).commands,
  },
  {
    name: "produce",
    about: "send lines of standard input as records",
    load: async () => (await import("./records/produce.ts")).commands,
  },
  {
    name: "consume",
    about: "print records",
    load: async () => (await import("./records/consume.ts")).commands,
  },
  {
    name: "groups",
    about: "list, describe, watch and delete groups, and move their offsets",
    load: async () => (await import("./groups/groups.ts")).commands,
  },
  {
    name: "configs",
    about: "show and change what is configured of topics, brokers and groups",
    load: async () => (await import("./configs.ts")).commands,
  },
  {
    name: "quotas",
    about: "list, set and remove how much clients may ask for",
    load: async () => (await import("./quotas.ts")).commands,
  },
  {
    name: "cluster",
    about: "show the brokers of a cluster, and move replicas between them",
    load: async () => (await import("./cluster/cluster.ts")).commands,
  },
  {
    name: "features",
    about: "list the features of a cluster, and have them at another level",
    load: async () => (await import("./features.ts")).commands,
  },
  {
    name: "transactions",
    about: "list and describe transactions, find those that hang, abort one by hand",
    load: async () => (await import("./transactions.ts")).commands,
  },
  {
    name: "users",
    about: "list, add and remove those who may log in",
    load: async () => (await import("./users.ts")).commands,
  },
  {
    name: "acls",
    about: "list, add and remove rules of who may do what",
    load: async () => (await import("./acls.ts")).commands,
  },
  {
    name: "tokens",
    about: "make, list, renew and take back tokens that stand for a user",
    load: async () => (await import("./tokens.ts")).commands,
  },
  {
    name: "log",
    about: "print and repair the files of a data folder, and show where they are",
    load: async () => (await import("./log/log.ts")).commands,
  },
  {
    name: "doctor",
    about: "find out why a client cannot work with a cluster",
    load: async () => (await import("./doctor.ts")).commands,
  },
  {
    name: "contexts",
    about: "keep brokers that are dialled often by name",
    load: async () => (await import("./contexts.ts")).commands,
  },
  {
    name: "completions",
    about: "print what completes commands in bash, zsh and fish",
    load: async () => (await import("./completions.ts")).completionCommands(groups),
  },
  {
    name: "bench",
    about: "measure a running broker",
    load: async () => (await import("./bench.ts")).commands,
  },
  {
    name: "version",
    about: "print versions: of the program, the runtime, the protocol",
    load: async () => (await import("./version.ts")).commands,
  },
];

/** Runs the command that the process's arguments name. Returns the exit code; never throws. */
export async function runCli(runtime: Runtime): Promise<number> {
  const context = cliContext(runtime);
  try {
    return await runWords(context, runtime.process.arguments);
  } catch (error) {
    // The reader of our output has gone, as in `ottla consume orders | head`: it has all it wants.
    const isClosed = error instanceof PlatformFault && error.kind === "Closed";
    if (isClosed && error.about === "standard output") {
      return exitCode.ok;
    }
    const { text, code } = describeFailure(error);
    context.note(`ottla: ${text}`);
    return code;
  }
}

async function runWords(context: CliContext, words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined || isHelp(first) && rest.length === 0) {
    const { programHelp } = await import("./help.ts");
    context.out(programHelp(groups));
    return exitCode.ok;
  }
  if (first === "help") return await runWords(context, [...rest, "--help"]);
  if (first === "--version") {
    const { versionLine } = await import("./version.ts");
    context.out(`${escaped(versionLine(context.runtime))}\n`);
    return exitCode.ok;
  }
  const group = groups.find((each) => each.name === first);
  if (group === undefined) {
    const names = groups.map((each) => each.name);
    throw new ArgumentFault(
      `unknown command "${first}"${nearest(first, names)}\nSee: ottla --help`,
    );
  }
  const commands = await group.load();
  const [only] = commands;
  if (only?.name === group.name) return await runCommand(context, only, rest);
  return await runInGroup(context, { group, commands, words: rest });
}

async function runInGroup(
  context: CliContext,
  at: { group: CommandGroup; commands: readonly Command[]; words: readonly string[] },
): Promise<number> {
  const { group, commands, words: [word, ...rest] } = at;
  if (word === undefined || isHelp(word)) {
    const { groupHelp } = await import("./help.ts");
    if (word !== undefined) context.out(groupHelp(group, commands));
    else context.note(groupHelp(group, commands).trimEnd());
    return word === undefined ? exitCode.usage : exitCode.ok;
  }
  const found = commands.find(({ name, also }) =>
    name === `${group.name} ${word}` || also?.includes(word)
  );
  if (found === undefined) {
    const names = commands.map((each) => each.name.slice(group.name.length + 1));
    throw new ArgumentFault(`unknown command "${group.name} ${word}"${nearest(word, names)}`)
      .of(group.name);
  }
  return await runCommand(context, found, rest);
}

async function runCommand(
  context: CliContext,
  command: Command,
  words: readonly string[],
): Promise<number> {
  if (words.some(isHelp)) {
    const { commandHelp } = await import("./help.ts");
    context.out(commandHelp(command));
    return exitCode.ok;
  }
  try {
    const parsed = parseCommand(command, words);
    for (const hint of parsed.hints) context.note(hint);
    return await command.run(context, parsed);
  } catch (error) {
    throw error instanceof ArgumentFault ? error.of(command.name) : error;
  }
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}
