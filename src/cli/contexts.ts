// `ottla contexts`: brokers that are dialled often, by name.

import { UsageFault } from "../base/faults.ts";
import { command, jsonOption } from "./arguments.ts";
import { connectionOptions } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { readContexts, type SavedContexts, writeContexts } from "./saved_contexts.ts";
import { renderJson, renderTable } from "./table.ts";

const list = command({
  name: "contexts list",
  operands: [],
  about: "list the contexts; a star marks the one in use",
  options: { ...jsonOption },
  examples: [["contexts list", "where commands go"]],
  run: (context, { options }) => {
    const saved = readContexts(context.runtime);
    const names = Object.keys(saved.contexts).sort();
    if (options.json) context.out(renderJson(saved));
    else if (names.length === 0) {
      context.note("There are no contexts. Add one with: ottla contexts add NAME --bootstrap …");
    } else {
      const rows = names.map((name) => [
        name === saved.current ? "*" : "",
        name,
        `${saved.contexts[name]?.["bootstrap"] ?? "-"}`,
        `${saved.contexts[name]?.["user"] ?? "-"}`,
      ]);
      context.out(renderTable(["", "name", "bootstrap", "user"], rows));
    }
    return Promise.resolve(exitCode.ok);
  },
});

/** Options whose value is a file, which a command finds from any folder. */
const fileOptions: ReadonlySet<string> = new Set([
  "password-file",
  "token-file",
  "ca",
  "cert",
  "key",
  "config",
]);

const add = command({
  name: "contexts add",
  operands: ["NAME"],
  about: "keep the options that lead to a broker under a name",
  options: connectionOptions,
  examples: [
    ["contexts add local --bootstrap localhost:9092", "the broker on this machine"],
    ["contexts add prod -b kafka:9093 --ca ca.pem --user alice --password-file a.txt", "another"],
  ],
  run: (context, { operands: [name], options }) => {
    const { runtime } = context;
    const folder = runtime.process.environment["PWD"] ?? ".";
    const kept = Object.entries(options).flatMap(([option, value]) => {
      if (value === undefined || value === false) return [];
      const isRelative = typeof value === "string" && fileOptions.has(option) &&
        !/^(\/|[A-Za-z]:)/.test(value);
      return [[option, isRelative ? `${folder}/${value}` : value] as const];
    });
    const saved = readContexts(runtime);
    const contexts = { ...saved.contexts, [name]: Object.fromEntries(kept) };
    writeContexts(runtime, { current: name, contexts });
    context.note(`Commands use context ${name} from now on.`);
    return Promise.resolve(exitCode.ok);
  },
});

const use = command({
  name: "contexts use",
  operands: ["NAME"],
  about: "use a context from now on",
  options: {},
  examples: [["contexts use prod", "until another is chosen"]],
  run: (context, { operands: [name] }) => {
    const saved = readContexts(context.runtime);
    checkIsThere(saved, name);
    writeContexts(context.runtime, { ...saved, current: name });
    context.note(`Commands use context ${name} from now on.`);
    return Promise.resolve(exitCode.ok);
  },
});

const remove = command({
  name: "contexts remove",
  operands: ["NAME"],
  about: "forget a context",
  options: {},
  examples: [["contexts remove old", "the files that it names stay"]],
  run: (context, { operands: [name] }) => {
    const saved = readContexts(context.runtime);
    checkIsThere(saved, name);
    const { [name]: _, ...contexts } = saved.contexts;
    const current = saved.current === name ? undefined : saved.current;
    writeContexts(context.runtime, { current, contexts });
    context.note(`Removed context ${name}.`);
    return Promise.resolve(exitCode.ok);
  },
});

function checkIsThere({ contexts }: SavedContexts, name: string): void {
  if (!Object.hasOwn(contexts, name)) {
    throw new UsageFault(`there is no context ${name}. See: ottla contexts list`);
  }
}

export const commands = [list, add, use, remove];
