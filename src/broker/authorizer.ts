// Who may do what: what there is to allow, what each API needs of it, and how a refusal is told.
//
//   authorise: [needs("group read"), needs("topic read")]     in OffsetCommit, beside `serves`
//
// A handler's needs are data, so that a reader finds them where the versions are. Without an
// authorizer everyone may do everything, and clients that ask for the operations that they are
// authorized for are told all that exist for the resource (KIP-430).

import { ErrorCode } from "../protocol/mod.ts";

/** AclOperation's codes, of the operations that something here can need. */
const operationCodes = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
  createTokens: 13,
  describeTokens: 14,
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
export const theCluster: Resource = { type: "cluster", name: "kafka-cluster" };

/** Whether the client of a request may do this. */
export type May = (operation: Operation, resource: Resource) => boolean;

/** The answer of a broker that has no authorizer. */
export const everything: May = () => true;

/** What an API needs of its client. */
export interface Requirement {
  readonly access: Access;
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
  options: { or?: Access; refusal?: ErrorCode | null; when?: string } = {},
): Requirement {
  const { or, refusal = refusals[partsOf(access).type], when } = options;
  return { access, or, refusal, when };
}

/** "topic write" as its resource type and its operation. */
export function partsOf(access: Access): { type: AclResourceType; operation: Operation } {
  const [type, operation] = access.split(" ");
  return { type: type as AclResourceType, operation: operation as Operation };
}

/** What requests about access rules are answered. */
export const noAuthorizer = {
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: "No Authorizer is configured.",
} as const;

/** What a response carries when the operations were not asked for. */
export const operationsNotAsked = -2147483648;

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
