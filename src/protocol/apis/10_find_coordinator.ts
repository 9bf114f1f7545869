// FindCoordinator (key 10). Which broker coordinates a group or a transactional id.
//
//   v1    key type: 0 group, 1 transaction; error message, throttle time (KIP-98)
//   v2    answered before throttling (KIP-219)
//   v3    flexible (KIP-482)
//   v4    many keys in one request (KIP-699)
//   v5    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v6    key type 2: a share partition, "group:topicId:partition" (KIP-932)

import {
  about,
  api,
  array,
  between,
  brokerId,
  coordinatorKeyType,
  errorCode,
  essential,
  from,
  int32,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  until,
} from "../schema.ts";
import { findCoordinatorErrors } from "../shared_errors.ts";

const coordinator = {
  key: about("The key of the request", string),
  nodeId: about("The coordinator; -1 where there is none", brokerId),
  host: string,
  port: int32,
  errorCode,
  errorMessage: nullable(string),
};

export const FindCoordinator = api({
  key: 10,
  name: "FindCoordinator",
  versions: "0-6",
  flexible: "3+",
  about: "Finds the broker that coordinates a group, a transactional id or a share partition.",
  errors: {
    response: findCoordinatorErrors,
    coordinators: findCoordinatorErrors,
  },
  request: {
    key: about("The group or transactional id", until(3, essential(string))),
    keyType: about(
      "What kind of coordinator is looked for",
      from(1, essential(coordinatorKeyType)),
    ),
    coordinatorKeys: about(
      "As many keys as one likes, all of one kind",
      from(4, essential(array(string))),
    ),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode: until(3, errorCode),
    errorMessage: between(1, 3, nullable(string)),
    nodeId: about("The coordinator; -1 where there is none", until(3, brokerId)),
    host: until(3, string),
    port: until(3, int32),
    coordinators: about("One for each key", from(4, array(coordinator))),
  },
});

export type FindCoordinatorRequest = RequestOf<typeof FindCoordinator>;
export type FindCoordinatorResponse = ResponseOf<typeof FindCoordinator>;
