// ElectLeaders (key 43). Elects leaders anew for some partitions, or all (KIP-183).
//
//   v1    unclean elections too; an error of the whole request (KIP-460)
//   v2    flexible (KIP-482)

import {
  about,
  api,
  array,
  defaultsTo,
  electionType,
  errorCode,
  essential,
  from,
  int32,
  nullable,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const ElectLeaders = api({
  key: 43,
  name: "ElectLeaders",
  versions: "0-2",
  flexible: "2+",
  about: "Elects leaders anew, for some partitions or for all.",
  errors: {
    response: {
      ...clusterAccess,
      INVALID_REQUEST: "there is no such type of election",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
    partitionResult: {
      ...clusterAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      ELECTION_NOT_NEEDED: "the partition has the leader that it would get",
      PREFERRED_LEADER_NOT_AVAILABLE: "the first of its replicas is away or not in sync",
      ELIGIBLE_LEADERS_NOT_AVAILABLE: "no replica may lead it",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    electionType: about("Which leader to look for", from(1, essential(electionType))),
    topicPartitions: about(
      "The partitions; null is all",
      nullable(
        array({
          topic: string,
          partitions: about("The numbers of the partitions", array(partitionId)),
        }),
      ),
    ),
    timeoutMs: about("How long to wait for the elections", defaultsTo(60_000, int32)),
  },
  response: {
    throttleTimeMs,
    errorCode: from(1, errorCode),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({
        partitionId: about("The number of the partition", partitionId),
        errorCode,
        errorMessage: nullable(string),
      }),
    }),
  },
});

export type ElectLeadersRequest = RequestOf<typeof ElectLeaders>;
export type ElectLeadersResponse = ResponseOf<typeof ElectLeaders>;
