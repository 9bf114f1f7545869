// AddRaftVoter (key 80). Makes a controller a voter of the metadata quorum (KIP-853).
//
//   v1    whether to wait with the answer until that is committed (KIP-1186)

import {
  api,
  array,
  boolean,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  uint16,
  uuid,
} from "../schema.ts";

export const AddRaftVoter = api({
  key: 80,
  name: "AddRaftVoter",
  versions: "0-1",
  flexible: "0+",
  request: {
    clusterId: nullable(string),
    timeoutMs: int32,
    voterId: brokerId,
    voterDirectoryId: uuid,
    listeners: array({ name: string, host: string, port: uint16 }),
    ackWhenCommitted: from(1, essential(defaultsTo(true, boolean))),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
  },
});

export type AddRaftVoterRequest = RequestOf<typeof AddRaftVoter>;
export type AddRaftVoterResponse = ResponseOf<typeof AddRaftVoter>;
