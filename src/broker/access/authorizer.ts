// Who may do what: what there is to allow, what each API needs of it, and how a refusal is told.
//
//   authorise: [needs("group read"), needs("topic read")]     in OffsetCommit, beside `serves`
//
// A handler's needs are data, so that a reader finds them where the versions are, and all of them
// in docs/authorization.md. What is needed of a request as a whole (of the cluster, or of the one
// group or transactional id that a field names) is asked before its handler sees it; of topics,
// and wherever a request has many, the handler asks for each (`may`).
//
// Without an authorizer everyone may do everything, and clients that ask for the operations that
// they are authorized for are told all that exist for the resource (KIP-430).

import { AclOperation, clusterName, ResourceType } from "../../cluster/mod.ts";
import { ErrorCode, errorMessage } from "../../protocol/mod.ts";
import type { Session } from "../network/session.ts";

/** Kafka's codes of the operations that something here can need. */
export const operationCodes = {
  read: AclOperation.READ,
  write: AclOperation.WRITE,
  create: AclOperation.CREATE,
  delete: AclOperation.DELETE,
  alter: AclOperation.ALTER,
  describe: AclOperation.DESCRIBE,
  clusterAction: AclOperation.CLUSTER_ACTION,
  describeConfigs: AclOperation.DESCRIBE_CONFIGS,
  alterConfigs: AclOperation.ALTER_CONFIGS,
  idempotentWrite: AclOperation.IDEMPOTENT_WRITE,
  createTokens: AclOperation.CREATE_TOKENS,
  describeTokens: AclOperation.DESCRIBE_TOKENS,
} as const;

/** What can be done to a resource. */
export type Operation = keyof typeof operationCodes;

/** Which operations there are for each type of resource, as in Kafka's AclEntry. */
export const operationsOf = {
  topic: [
    "read",
    "write",
    "create",
    "delete",
    "alter",
    "describe",
    "describeConfigs",
    "alterConfigs",
  ],
  group: ["read", "delete", "describe", "describeConfigs", "alterConfigs"],
  cluster: [
    "create",
    "alter",
    "describe",
    "clusterAction",
    "describeConfigs",
    "alterConfigs",
    "idempotentWrite",
  ],
  transactionalId: ["write", "describe"],
  delegationToken: ["describe"],
  user: ["createTokens", "describeTokens"],
} as const satisfies Readonly<Record<string, readonly Operation[]>>;

export type AclResourceType = keyof typeof operationsOf;

/** An operation that exists for the resource, such as "topic write". */
export type Access = {
  [Type in AclResourceType]: `${Type} ${typeof operationsOf[Type][number]}`;
}[AclResourceType];

/** One thing of which access is allowed or not. */
export interface Resource {
  readonly type: AclResourceType;
  readonly name: string;
}

/** The one resource of type cluster, by Kafka's name for it. */
export const theCluster: Resource = { type: "cluster", name: clusterName };

/** Whether the client of a request may do this. */
export type May = (operation: Operation, resource: Resource) => boolean;

/** Whether there may be a resource of the type to which its client may do this. */
export type MayOnSome = (operation: Operation, type: AclResourceType) => boolean;

/** What a client may do. */
export interface Allowed {
  readonly may: May;
  readonly mayOnSome: MayOnSome;
}

/** Tells what clients may do, at the moment when it is asked. */
export interface Authorizer {
  allowed(session: Pick<Session, "principal" | "remote">): Allowed;
}

/** The answer of a broker that has no authorizer. */
export const everything: May = () => true;
export const everythingAllowed: Allowed = { may: everything, mayOnSome: () => true };

/** What an API needs of its client. */
export interface Requirement {
  readonly access: Access;
  /** The request's field that names the resource; undefined: the cluster, or each that is named. */
  readonly of: string | undefined;
  /** Allows it as well. */
  readonly or: Access | undefined;
  /** What is told to who may not; null: what the client may not see is left out. */
  readonly refusal: ErrorCode | null;
  /** Of which requests it is needed; undefined: of all. */
  readonly when: string | undefined;
}

const refusals: Readonly<Record<AclResourceType, ErrorCode>> = {
  topic: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  group: ErrorCode.GROUP_AUTHORIZATION_FAILED,
  cluster: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  transactionalId: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  delegationToken: ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
  user: ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
};

/** Declares a need; refused with the error of the resource's type if nothing else is said. */
export function needs(
  access: Access,
  options: { of?: string; or?: Access; refusal?: ErrorCode | null; when?: string } = {},
): Requirement {
  const { of, or, refusal = refusals[partsOf(access).type], when } = options;
  return { access, of, or, refusal, when };
}

/** Whether a need is one of all of a request, which is refused as a whole. */
export function isOfWhole({ access, of, when }: Requirement): boolean {
  return of !== undefined || when === undefined && partsOf(access).type === "cluster";
}

/** Why a request is refused as a whole; undefined: it is not, whatever becomes of its items. */
export function wholeRefusal(
  authorise: readonly Requirement[],
  request: Readonly<Record<string, unknown>>,
  may: May,
): ErrorCode | undefined {
  for (const need of authorise) {
    if (!isOfWhole(need) || need.refusal === null) continue;
    const name = need.of === undefined ? clusterName : request[need.of];
    if (typeof name !== "string") continue;
    const isAllowed = [need.access, need.or].some((access) => {
      if (access === undefined) return false;
      const { type, operation } = partsOf(access);
      return may(operation, type === "cluster" ? theCluster : { type, name });
    });
    if (!isAllowed) return need.refusal;
  }
  return undefined;
}

/** "topic write" as its resource type and its operation. */
export function partsOf(access: Access): { type: AclResourceType; operation: Operation } {
  const [type, operation] = access.split(" ");
  return { type: type as AclResourceType, operation: operation as Operation };
}

/** What is told of a resource to who may not do what it wanted with it. */
export function refusedWith({ type }: Pick<Resource, "type">): {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string;
} {
  const errorCode = refusals[type];
  return { errorCode, errorMessage: errorMessage(errorCode) };
}

/** What access to something's configuration is decided by: topics and groups, or the cluster. */
export function configAccess(
  { resourceType, resourceName: name }: {
    readonly resourceType: number;
    readonly resourceName: string;
  },
): Resource {
  if (resourceType === ResourceType.TOPIC) return { type: "topic", name };
  return resourceType === ResourceType.GROUP ? { type: "group", name } : theCluster;
}

/** What requests about access rules are answered. */
export const noAuthorizer = {
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: "No Authorizer is configured on the broker.",
} as const;

/** What a response carries when the operations were not asked for. */
export const operationsNotAsked = -2147483648;

/** The operations on the cluster; none, to who may not describe it. */
export function clusterOperations(may: May, { asked }: { readonly asked: boolean }): number {
  const isHidden = asked && !may("describe", theCluster);
  return isHidden ? 0 : authorizedOperations(may, theCluster, { asked });
}

/** The bit field of the operations that `may` allows on a resource: bit n for AclOperation n. */
export function authorizedOperations(
  may: May,
  resource: Resource,
  { asked }: { readonly asked: boolean },
): number {
  if (!asked) return operationsNotAsked;
  let bits = 0;
  for (const operation of operationsOf[resource.type]) {
    if (may(operation, resource)) bits |= 1 << operationCodes[operation];
  }
  return bits;
}
