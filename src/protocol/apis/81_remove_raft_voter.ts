// RemoveRaftVoter (key 81). Removes a voter from the metadata quorum (KIP-853).

import {
  api,
  brokerId,
  errorCode,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  uuid,
} from "../schema.ts";

export const RemoveRaftVoter = api({
  key: 81,
  name: "RemoveRaftVoter",
  versions: "0",
  flexible: "0+",
  request: {
    clusterId: nullable(string),
    voterId: brokerId,
    voterDirectoryId: uuid,
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
  },
});

export type RemoveRaftVoterRequest = RequestOf<typeof RemoveRaftVoter>;
export type RemoveRaftVoterResponse = ResponseOf<typeof RemoveRaftVoter>;
