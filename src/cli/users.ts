// `ottla users`: who may log in, where a listener asks for it.
//
// The first user of a broker whose listeners all ask for a login has to be made while it does not
// run (stopped_broker.ts).

import { fromUtf8 } from "../base/bytes.ts";
import { UsageFault } from "../base/faults.ts";
import { loadUserAdmin } from "../client/mod.ts";
import { command, jsonOption } from "./arguments.ts";
import { brokerOptions } from "./broker_client.ts";
import { type CliContext, exitCode } from "./context.ts";
import { isKafkaError } from "./failures.ts";
import { linesOf } from "./records/lines.ts";
import { stoppedOption, withBroker } from "./stopped_broker.ts";
import { renderJson, renderTable } from "./table.ts";
import { readPassword } from "./text_file.ts";

const list = command({
  name: "users list",
  operands: [],
  about: "list the users and how they can log in",
  options: { ...jsonOption, ...stoppedOption, ...brokerOptions },
  examples: [["users list", "every user that has a password"]],
  run: (context, { options }) =>
    withBroker(context, options, async (client) => {
      const { listUsers } = await loadUserAdmin();
      const users = await listUsers(client);
      if (options.json) context.out(renderJson(users));
      else if (users.length === 0) context.note("There are no users.");
      else {
        const rows = users.map(({ name, mechanisms }) => [name, mechanisms.join(", ")]);
        context.out(renderTable(["user", "mechanisms"], rows));
      }
      return exitCode.ok;
    }),
});

const add = command({
  name: "users add",
  operands: ["NAME"],
  about: "add a user, or give it another password",
  options: {
    "new-password-file": {
      kind: "text",
      value: "FILE",
      about: "the first line of FILE is the password (default: of standard input)",
    },
    ...stoppedOption,
    ...brokerOptions,
  },
  examples: [
    ["users add alice --new-password-file alice.txt", "let alice log in by SCRAM"],
    ["users add alice --data-dir ./ottla-data", "the same before the broker is started"],
  ],
  run: async (context, { operands: [name], options }) => {
    const password = await newPassword(context, options["new-password-file"]);
    return await withBroker(context, options, async (client) => {
      const { setPassword } = await loadUserAdmin();
      await setPassword(client, { name: name!, password });
      context.note(`${name} can log in by SCRAM-SHA-256 and SCRAM-SHA-512.`);
      return exitCode.ok;
    });
  },
});

const remove = command({
  name: "users remove",
  operands: ["NAME"],
  about: "remove a user: it cannot log in any more",
  options: { ...stoppedOption, ...brokerOptions },
  examples: [["users remove alice", "keep alice out from her next login on"]],
  run: (context, { operands: [name], options }) =>
    withBroker(context, options, async (client) => {
      const { removeUser } = await loadUserAdmin();
      await removeUser(client, name!).catch((error) => {
        if (!isKafkaError(error, "RESOURCE_NOT_FOUND")) throw error;
        throw new UsageFault(`there is no user ${name}. See: ottla users list`);
      });
      context.note(`${name} is removed. A connection that it has stays open.`);
      return exitCode.ok;
    }),
});

async function newPassword(context: CliContext, path: string | undefined): Promise<string> {
  const { files, process } = context.runtime;
  if (path !== undefined) return readPassword(files, { path, option: "--new-password-file" });
  if (process.stdinIsTerminal) context.note("Type the new password; it will be visible.");
  for await (const line of linesOf(process.stdin())) {
    if (line.length === 0) break;
    return fromUtf8(line);
  }
  throw new UsageFault("the first line of standard input has to be the new password");
}

export const commands = [list, add, remove];
