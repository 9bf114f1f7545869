// Who may do what. Without an authorizer everyone may do everything, and clients that ask for the
// operations that they are authorized for are told all that exist for the resource (KIP-430).

import { ErrorCode } from "../protocol/mod.ts";

const operation = {
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
} as const;

const { read, write, create, delete: remove, alter, describe } = operation;
const { clusterAction, describeConfigs, alterConfigs, idempotentWrite } = operation;

const operationsOf = {
  topic: [read, write, create, remove, alter, describe, describeConfigs, alterConfigs],
  group: [read, remove, describe, describeConfigs, alterConfigs],
  cluster: [
    create,
    alter,
    describe,
    clusterAction,
    describeConfigs,
    alterConfigs,
    idempotentWrite,
  ],
} as const;

/** What requests about access rules are answered. */
export const noAuthorizer = {
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: "No Authorizer is configured.",
} as const;

/** What a response carries when the operations were not asked for. */
export const operationsNotAsked = -2147483648;

/** The bit field of operations allowed on a resource: bit n for AclOperation n. */
export function authorizedOperations(resource: keyof typeof operationsOf, asked: boolean): number {
  if (!asked) return operationsNotAsked;
  return operationsOf[resource].reduce<number>((bits, code) => bits | (1 << code), 0);
}
