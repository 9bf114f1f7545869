// ElectLeaders (key 43). Elects leaders anew for some partitions, or all (KIP-183).
//
//   v1    unclean elections too; an error of the whole request (KIP-460)
//   v2    flexible (KIP-482)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  int8,
  nullable,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const ElectLeaders = api({
  key: 43,
  name: "ElectLeaders",
  versions: "0-2",
  flexible: "2+",
  request: {
    electionType: from(1, essential(int8)),
    topicPartitions: nullable(array({ topic: string, partitions: array(partitionId) })),
    timeoutMs: defaultsTo(60_000, int32),
  },
  response: {
    throttleTimeMs,
    errorCode: from(1, errorCode),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({ partitionId, errorCode, errorMessage: nullable(string) }),
    }),
  },
});

export type ElectLeadersRequest = RequestOf<typeof ElectLeaders>;
export type ElectLeadersResponse = ResponseOf<typeof ElectLeaders>;
