// FindCoordinator (key 10). Which broker coordinates a group or a transactional id.
//
//   v1    key type: 0 group, 1 transaction; error message, throttle time (KIP-98)
//   v2    answered before throttling (KIP-219)
//   v3    flexible (KIP-482)
//   v4    many keys in one request (KIP-699)
//   v5    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v6    key type 2: a share partition, "group:topicId:partition" (KIP-932)

import {
  api,
  array,
  between,
  brokerId,
  errorCode,
  essential,
  from,
  int32,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  until,
} from "../schema.ts";

const coordinator = {
  key: string,
  nodeId: brokerId,
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
  request: {
    key: until(3, essential(string)),
    keyType: from(1, essential(int8)),
    coordinatorKeys: from(4, essential(array(string))),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode: until(3, errorCode),
    errorMessage: between(1, 3, nullable(string)),
    nodeId: until(3, brokerId),
    host: until(3, string),
    port: until(3, int32),
    coordinators: from(4, array(coordinator)),
  },
});

export type FindCoordinatorRequest = RequestOf<typeof FindCoordinator>;
export type FindCoordinatorResponse = ResponseOf<typeof FindCoordinator>;
