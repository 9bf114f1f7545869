// `ottla quotas`: how much users, client ids and addresses may ask for, listed, set and removed.

import { loadQuotaAdmin } from "../client/mod.ts";
import { ArgumentFault, command, jsonOption } from "./arguments.ts";
import { brokerOptions, withClient } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { renderJson, renderTable } from "./table.ts";

const forOption = {
  for: {
    kind: "list",
    value: "TYPE=NAME",
    about: "user=, client-id= or ip=; the type alone for whoever has none of their own",
  },
} as const;

const entityTypes: readonly string[] = ["user", "client-id", "ip"];

/** Whom `--for` names: null is the default of a type. */
function entityOf(words: readonly string[]): Record<string, string | null> {
  if (words.length === 0) throw new ArgumentFault("say for whom: --for user=NAME");
  const entity: Record<string, string | null> = {};
  for (const word of words) {
    const [, type = "", name] = /^([^=]*)(?:=(.+))?$/.exec(word) ?? [];
    if (!entityTypes.includes(type)) {
      throw new ArgumentFault(`--for takes ${entityTypes.join("=, ")}=, not "${word}"`);
    }
    entity[type] = name ?? null;
  }
  return entity;
}

const list = command({
  name: "quotas list",
  operands: [],
  about: "list the quotas that are set",
  options: { ...jsonOption, ...brokerOptions },
  examples: [["quotas list", "who may do how much"]],
  run: (context, { options }) =>
    withClient(context, options, async (client) => {
      const entries = await (await loadQuotaAdmin()).listQuotas(client);
      const rows = entries.flatMap(({ entity, quotas }) =>
        Object.entries(quotas).map(([quota, value]) => ({ ...entity, quota, value }))
      );
      if (options.json) context.out(renderJson(rows));
      else if (rows.length === 0) context.note("There are no quotas.");
      else {
        const cell = (entity: Readonly<Record<string, unknown>>, type: string) =>
          type in entity ? `${entity[type] ?? "(default)"}` : undefined;
        context.out(renderTable(
          [...entityTypes, "quota", "value"],
          rows.map((row) => [
            ...entityTypes.map((type) => cell(row, type)),
            row.quota,
            `${row.value}`,
          ]),
        ));
      }
      return exitCode.ok;
    }),
});

const set = command({
  name: "quotas set",
  operands: ["QUOTA=VALUE..."],
  about: "set quotas of a user, a client id or an address",
  options: { ...forOption, ...brokerOptions },
  examples: [
    ["quotas set producer_byte_rate=1048576 --for user=alice", "alice sends 1 MiB a second"],
    ["quotas set request_percentage=50 --for client-id", "each client id that has none"],
  ],
  run: (context, { operands, options }) => {
    const entity = entityOf(options.for);
    const set = Object.fromEntries(operands.map((word) => {
      const [, quota, value] = /^([^=]+)=(\d+(?:\.\d+)?)$/.exec(word) ?? [];
      if (quota !== undefined) return [quota, Number(value)];
      throw new ArgumentFault(`"${word}" is not QUOTA=NUMBER`);
    }));
    return withClient(context, options, async (client) => {
      await (await loadQuotaAdmin()).alterQuotas(client, entity, { set, remove: [] });
      context.note(`Set: ${Object.keys(set).join(", ")}.`);
      return exitCode.ok;
    });
  },
});

const remove = command({
  name: "quotas remove",
  operands: ["QUOTA..."],
  about: "remove quotas of a user, a client id or an address",
  options: { ...forOption, ...brokerOptions },
  examples: [["quotas remove producer_byte_rate --for user=alice", "alice sends what she likes"]],
  run: (context, { operands, options }) => {
    const entity = entityOf(options.for);
    return withClient(context, options, async (client) => {
      await (await loadQuotaAdmin()).alterQuotas(client, entity, { set: {}, remove: operands });
      context.note(`Removed: ${operands.join(", ")}.`);
      return exitCode.ok;
    });
  },
});

export const commands = [list, set, remove];
