// `ottla acls`: who may do what, where a broker checks that.
//
// One command makes a rule for each operation on each resource that it names. What `list` shows and
// `remove` removes is chosen by the same options.

import { UsageFault } from "../base/faults.ts";
import { javaHost } from "../base/address.ts";
import { type AccessRule, type AccessRuleFilter, loadAclAdmin } from "../client/mod.ts";
import { ArgumentFault, command, jsonOption, type Values } from "./arguments.ts";
import { brokerOptions } from "./broker_client.ts";
import { exitCode } from "./context.ts";
import { isKafkaError } from "./failures.ts";
import { stoppedOption, withBroker } from "./stopped_broker.ts";
import { renderJson, renderTable } from "./table.ts";

const ruleOptions = {
  topic: { kind: "list", value: "NAME", about: "about this topic; '*' is all of them" },
  group: { kind: "list", value: "NAME", about: "about this consumer group" },
  "transactional-id": { kind: "list", value: "NAME", about: "about this transactional id" },
  cluster: { kind: "flag", about: "about the cluster as a whole" },
  prefixed: { kind: "flag", about: "about all whose names begin so" },
  allow: { kind: "text", value: "PRINCIPAL", about: "who may, such as User:alice or 'User:*'" },
  deny: { kind: "text", value: "PRINCIPAL", about: "who may not, whatever else allows it" },
  to: {
    kind: "list",
    value: "OPERATION",
    about: "what, such as read, write, describe, create, delete, alter, all",
  },
  host: { kind: "text", value: "ADDRESS", about: "from this IP address alone" },
} as const;

type RuleOptions = Values<typeof ruleOptions>;

/** A broker that is started to be asked about rules has them, and lets this command in. */
const settings = [
  "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users=User:ANONYMOUS",
];

/** What is named, each with its type. */
function resourcesOf(options: RuleOptions): Pick<AccessRule, "resourceType" | "resourceName">[] {
  const named = (resourceType: AccessRule["resourceType"], names: readonly string[]) =>
    names.map((resourceName) => ({ resourceType, resourceName }));
  return [
    ...named("topic", options.topic),
    ...named("group", options.group),
    ...named("transactional-id", options["transactional-id"]),
    ...options.cluster ? named("cluster", ["kafka-cluster"]) : [],
  ];
}

/** Operations may be given apart, or with commas. Throws ArgumentFault for one there is not. */
async function operationsOf({ to }: RuleOptions): Promise<string[]> {
  const { aclOperations } = await loadAclAdmin();
  const words = to.flatMap((each) => each.split(",")).map((each) => each.trim().toLowerCase());
  const strange = words.find((word) => !aclOperations.includes(word));
  if (strange === undefined) return words;
  throw new ArgumentFault(
    `there is no operation "${strange}": --to takes ${aclOperations.join(", ")}`,
  );
}

function whoOf({ allow, deny }: RuleOptions) {
  if (allow !== undefined && deny !== undefined) {
    throw new ArgumentFault("--allow and --deny make two rules");
  }
  const permission = deny === undefined ? "allow" : "deny";
  return { principal: allow ?? deny, permission } as const;
}

/** What the options choose; undefined: they choose nothing, and so everything. */
async function filtersOf(options: RuleOptions): Promise<AccessRuleFilter[] | undefined> {
  const resources = resourcesOf(options);
  const operations = await operationsOf(options);
  const { principal, permission } = whoOf(options);
  const common: AccessRuleFilter = {
    ...principal !== undefined && { principal, permission },
    ...options.host !== undefined && { host: javaHost(options.host) },
    ...options.prefixed && { pattern: "prefixed" },
  };
  const isAll = resources.length + operations.length === 0 && Object.keys(common).length === 0;
  if (isAll) return undefined;
  const about = resources.length === 0 ? [{}] : resources;
  const done = operations.length === 0 ? [{}] : operations.map((operation) => ({ operation }));
  return about.flatMap((resource) => done.map((each) => ({ ...common, ...resource, ...each })));
}

/** What brokers without an authorizer answer, in words. */
function explained(error: unknown): never {
  if (!isKafkaError(error, "SECURITY_DISABLED")) throw error;
  throw new UsageFault(
    "the broker does not check access: start it with --set " +
      "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  );
}

const header = ["rule", "who", "may", "about", "name", "from"];

function rowOf(rule: AccessRule): string[] {
  const { permission, principal, operation, resourceType, resourceName, pattern, host } = rule;
  const name = pattern === "prefixed" ? `${resourceName}...` : resourceName;
  return [permission, principal, operation, resourceType, name, host];
}

const list = command({
  name: "acls list",
  operands: [],
  about: "list access rules, all or those chosen",
  options: { ...ruleOptions, ...jsonOption, ...stoppedOption, ...brokerOptions },
  examples: [
    ["acls list", "every rule that there is"],
    ["acls list --topic orders --allow User:alice", "what alice may do to orders"],
  ],
  run: (context, { options }) =>
    withBroker(context, { ...options, settings }, async (client) => {
      const { listAcls } = await loadAclAdmin();
      const filters = await filtersOf(options) ?? [{}];
      const found = new Map<string, AccessRule>();
      for (const filter of filters) {
        const rules = await listAcls(client, filter).catch(explained);
        for (const rule of rules) found.set(JSON.stringify(rule), rule);
      }
      const rules = [...found.values()];
      if (options.json) context.out(renderJson(rules));
      else if (rules.length === 0) context.note("There are no such rules.");
      else context.out(renderTable(header, rules.map(rowOf)));
      return exitCode.ok;
    }),
});

const add = command({
  name: "acls add",
  operands: [],
  about: "add a rule for each operation on each of what is named",
  options: { ...ruleOptions, ...stoppedOption, ...brokerOptions },
  examples: [
    ["acls add --allow User:alice --to write --topic orders", "let alice produce to orders"],
    [
      "acls add --allow User:bob --to read --topic orders --group billing",
      "let bob consume orders in the group billing",
    ],
    ["acls add --deny User:eve --to all --topic pay- --prefixed", "whatever begins with pay-"],
  ],
  run: async (context, { options }) => {
    const resources = resourcesOf(options);
    const operations = await operationsOf(options);
    const { principal, permission } = whoOf(options);
    const missing = principal === undefined
      ? "--allow PRINCIPAL or --deny PRINCIPAL"
      : operations.length === 0
      ? "--to OPERATION"
      : resources.length === 0
      ? "--topic, --group, --transactional-id or --cluster"
      : undefined;
    if (missing !== undefined || principal === undefined) {
      throw new ArgumentFault(`a rule needs ${missing}`);
    }
    const { isOperationOf } = await loadAclAdmin();
    const rules = resources.flatMap((resource) => {
      // What one command says of several resources need not fit all of them.
      const fitting = operations.filter((each) => isOperationOf(each, resource.resourceType));
      if (fitting.length === 0) {
        const what = `${resource.resourceType} ${resource.resourceName}`;
        throw new ArgumentFault(`there is no ${operations.join(", ")} on ${what}`);
      }
      return fitting.map((operation): AccessRule => ({
        ...resource,
        // There is one cluster.
        pattern: options.prefixed && resource.resourceType !== "cluster" ? "prefixed" : "literal",
        principal,
        host: options.host === undefined ? "*" : javaHost(options.host),
        operation,
        permission,
      }));
    });
    return await withBroker(context, { ...options, settings }, async (client) => {
      const { addAcls } = await loadAclAdmin();
      await addAcls(client, rules).catch(explained);
      context.out(renderTable(header, rules.map(rowOf)));
      return exitCode.ok;
    });
  },
});

const remove = command({
  name: "acls remove",
  operands: [],
  about: "remove the rules that are chosen",
  options: {
    ...ruleOptions,
    all: { kind: "flag", about: "remove every rule" },
    ...stoppedOption,
    ...brokerOptions,
  },
  examples: [
    ["acls remove --allow User:alice --topic orders", "what let alice do anything to orders"],
  ],
  run: async (context, { options }) => {
    const filters = await filtersOf(options);
    if (filters === undefined && !options.all) {
      throw new ArgumentFault("say which rules, or --all");
    }
    return await withBroker(context, { ...options, settings }, async (client) => {
      const { removeAcls } = await loadAclAdmin();
      const removed = await removeAcls(client, filters ?? [{}]).catch(explained);
      if (removed.length === 0) throw new UsageFault("there are no such rules: nothing is removed");
      context.out(renderTable(header, removed.map(rowOf)));
      return exitCode.ok;
    });
  },
});

export const commands = [list, add, remove];
