// Access rules (ACLs), for tools: list, add, remove. Kafka's numbers are words here.
//
// Loaded when it is asked for.

import { CreateAcls } from "../../protocol/apis/30_create_acls.ts";
import { DeleteAcls } from "../../protocol/apis/31_delete_acls.ts";
import { DescribeAcls } from "../../protocol/apis/29_describe_acls.ts";
import type { RequestInput } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode } from "../faults.ts";

/** Words by Kafka's number of what they stand for; 0 is what there is not. */
const resourceTypes = [
  "unknown",
  "any",
  "topic",
  "group",
  "cluster",
  "transactional-id",
  "delegation-token",
  "user",
] as const;
const patternTypes = ["unknown", "any", "match", "literal", "prefixed"] as const;
const operations = [
  "unknown",
  "any",
  "all",
  "read",
  "write",
  "create",
  "delete",
  "alter",
  "describe",
  "cluster-action",
  "describe-configs",
  "alter-configs",
  "idempotent-write",
  "create-tokens",
  "describe-tokens",
  "two-phase-commit",
] as const;
const permissions = ["unknown", "any", "deny", "allow"] as const;

/** What can be done, in the words of rules. */
export const aclOperations: readonly string[] = operations.slice(2);

/** What a rule is about. */
export type AclResourceWord =
  | "topic"
  | "group"
  | "cluster"
  | "transactional-id"
  | "delegation-token"
  | "user";

const ofConfigs = ["describe-configs", "alter-configs"];

/** What can be done to each type of resource, besides all of it. */
const operationsOf: Readonly<Record<AclResourceWord, readonly string[]>> = {
  topic: ["read", "write", "create", "delete", "alter", "describe", ...ofConfigs],
  group: ["read", "delete", "describe", ...ofConfigs],
  cluster: ["create", "alter", "describe", "cluster-action", "idempotent-write", ...ofConfigs],
  "transactional-id": ["write", "describe"],
  "delegation-token": ["describe"],
  user: ["create-tokens", "describe-tokens"],
};

/** Whether there is such an operation on such a resource. */
export function isOperationOf(operation: string, type: AclResourceWord): boolean {
  return operation === "all" || operationsOf[type].includes(operation);
}

/** A rule. */
export interface AccessRule {
  /** What it is about. */
  readonly resourceType: AclResourceWord;
  /** "*" for all of the type, "kafka-cluster" for the cluster. */
  readonly resourceName: string;
  /** Whether names that begin so are meant, too. */
  readonly pattern: "literal" | "prefixed";
  /** Such as `User:alice`; `User:*` is everybody. */
  readonly principal: string;
  /** An IP address, or "*". */
  readonly host: string;
  /** One of {@link aclOperations}. */
  readonly operation: string;
  /** Whether it may be done; one that denies is stronger. */
  readonly permission: "allow" | "deny";
}

/** Which rules; what is left out may be anything. */
export type AccessRuleFilter = Partial<AccessRule>;

function numberOf(words: readonly string[], word: string | undefined): number {
  // 1 is "any" of each kind.
  return word === undefined ? 1 : words.indexOf(word);
}

function filterOf(filter: AccessRuleFilter): RequestInput<typeof DescribeAcls> {
  return {
    resourceTypeFilter: numberOf(resourceTypes, filter.resourceType),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: numberOf(patternTypes, filter.pattern),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: numberOf(operations, filter.operation),
    permissionType: numberOf(permissions, filter.permission),
  };
}

/** What a broker tells of a rule, in words. */
function ruleOf(
  told: {
    readonly resourceType: number;
    readonly resourceName: string;
    readonly patternType: number;
    readonly principal: string;
    readonly host: string;
    readonly operation: number;
    readonly permissionType: number;
  },
): AccessRule {
  const { resourceName, principal, host } = told;
  return {
    resourceType: (resourceTypes[told.resourceType] ?? "unknown") as AclResourceWord,
    resourceName,
    pattern: patternTypes[told.patternType] === "prefixed" ? "prefixed" : "literal",
    principal,
    host,
    operation: operations[told.operation] ?? "unknown",
    permission: permissions[told.permissionType] === "allow" ? "allow" : "deny",
  };
}

/** The rules that `filter` matches. */
export async function listAcls(client: Client, filter: AccessRuleFilter): Promise<AccessRule[]> {
  const answer = await client.request(DescribeAcls, filterOf(filter), { to: "any" });
  checkCode(answer.errorCode, "list access rules", answer.errorMessage);
  return answer.resources.flatMap(({ acls, ...resource }) =>
    acls.map((each) => ruleOf({ ...resource, ...each }))
  );
}

/** Adds rules; one that is there already stays as it is. */
export async function addAcls(client: Client, rules: readonly AccessRule[]): Promise<void> {
  const creations = rules.map(({ resourceName, principal, host, ...rule }) => ({
    resourceType: numberOf(resourceTypes, rule.resourceType),
    resourceName,
    resourcePatternType: numberOf(patternTypes, rule.pattern),
    principal,
    host,
    operation: numberOf(operations, rule.operation),
    permissionType: numberOf(permissions, rule.permission),
  }));
  const answer = await client.request(CreateAcls, { creations }, { to: "controller" });
  for (const { errorCode, errorMessage } of answer.results) {
    checkCode(errorCode, "add access rules", errorMessage);
  }
}

/** Removes the rules that one of `filters` matches. Returns them, each once. */
export async function removeAcls(
  client: Client,
  filters: readonly AccessRuleFilter[],
): Promise<AccessRule[]> {
  const request = { filters: filters.map(filterOf) };
  const answer = await client.request(DeleteAcls, request, { to: "controller" });
  const removed = new Map<string, AccessRule>();
  for (const { errorCode, errorMessage, matchingAcls } of answer.filterResults) {
    checkCode(errorCode, "remove access rules", errorMessage);
    for (const each of matchingAcls) {
      checkCode(each.errorCode, "remove access rules", each.errorMessage);
      const rule = ruleOf(each);
      removed.set(JSON.stringify(rule), rule);
    }
  }
  return [...removed.values()];
}
