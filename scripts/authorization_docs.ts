// docs/authorization.md from what handlers declare beside the versions that they serve: what each
// API needs of its client, and how a refusal is told.

import { type Access, partsOf, type Requirement } from "../src/broker/access/authorizer.ts";
import { errorName } from "../src/protocol/errors.ts";

/** An API and what it needs. */
export interface GuardedApi {
  readonly api: { readonly key: number; readonly name: string };
  readonly authorise: readonly Requirement[];
}

const typeWords = {
  topic: "topic",
  group: "group",
  cluster: "cluster",
  transactionalId: "transactional id",
  delegationToken: "delegation token",
  user: "user",
} as const;

/** "describeConfigs" as Kafka writes it. */
function operationText(operation: string): string {
  return operation.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function accessText(access: Access): string {
  const { type, operation } = partsOf(access);
  return `${operationText(operation)} on ${type === "cluster" ? "the cluster" : typeWords[type]}`;
}

function needRow(first: string, { access, or, refusal, when }: Requirement): string {
  const need = or === undefined
    ? accessText(access)
    : `${accessText(access)}, or ${accessText(or)}`;
  const told = refusal === null ? "it is left out" : errorName(refusal);
  return `| ${first} | ${need} | ${when ?? ""} | ${told} |`;
}

function rows({ api: { key, name }, authorise }: GuardedApi): string[] {
  if (authorise.length === 0) return [`| ${key} ${name} | nothing | | |`];
  return authorise.map((need, i) => needRow(i === 0 ? `${key} ${name}` : "", need));
}

/** The page. */
export function authorizationPage(apis: readonly GuardedApi[]): string {
  return `<!-- Written by deno task docs from what src/broker/handlers declare. -->

# What each request needs

With an authorizer (\`authorizer.class.name\`, see [security.md](security.md)) a client may do what
access rules (ACLs) allow it. This is what each request needs, and what is told to who lacks it. It
is what Kafka needs; where Kafka's table knows more than one way, so does this one.

- A rule that denies wins over all that allow. What no rule is about is for super users, or for
  everybody where \`allow.everyone.if.no.acl.found\` says so.
- READ, WRITE, DELETE and ALTER allow DESCRIBE as well, and ALTER_CONFIGS allows DESCRIBE_CONFIGS.
- Access to the cluster is access to \`kafka-cluster\`, the one resource of its type.
- A request with many topics or groups is answered for each: a refusal is an error in its place, and
  those beside it go through. What is needed of the cluster, or of the one group or transactional id
  that a request names, refuses all of it.
- Who may not describe a topic is not told whether it is there: it is left out of lists, and by name
  it is refused in the same words whether there is such a topic or not.
- Answers that list what a client may do (KIP-430) list what rules allow it at that moment.
- A rule that is removed holds for no request that comes after the answer.

| API | needs | when | who lacks it is told |
| --- | --- | --- | --- |
${apis.flatMap(rows).join("\n")}
`;
}
