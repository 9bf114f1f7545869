// ElectLeaders: lets preferred replicas lead again, or a replica that may lack records.
//
// Serves: 0-2.
// Behaviour: ELECTION_NOT_NEEDED where the leader is the wanted one already, which on one node is
//   the rule; without named partitions only those that needed an election are answered.
// Versions: 1 unclean elections (KIP-460); 2 flexible.

import { decideElectLeaders } from "../../cluster/elections.ts";
import { ElectLeaders } from "../../protocol/apis/43_elect_leaders.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"change">;

export const electLeaders = handler(ElectLeaders, {
  serves: "0-2",
  authorise: [needs("cluster alter")],
  handle: (request, { services }: Context) =>
    services.change((image) => decideElectLeaders(image, request)),
  // Version 0 has no code at the top.
  refuse: ({ topicPartitions }, { errorCode, errorMessage }) => ({
    errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
    })),
  }),
});
