// ElectLeaders: lets preferred replicas lead again, or a replica that may lack records.
//
// Serves: 0-2.
// Behaviour: ELECTION_NOT_NEEDED where the leader is the wanted one already, which on one node is
//   the rule; without named partitions only those that needed an election are answered. An unclean
//   election asks the replicas that live how far their logs go, and takes the furthest.
// Versions: 1 unclean elections (KIP-460); 2 flexible.

import { decideElectLeaders, leaderlessIn } from "../../cluster/replicas/elections.ts";
import { ElectLeaders } from "../../protocol/apis/43_elect_leaders.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"change" | "metadata" | "replication">;

export const electLeaders = handler(ElectLeaders, {
  serves: "0-2",
  authorise: [needs("cluster alter")],
  async handle(request, { services: { change, metadata, replication } }: Context) {
    const leaderless = leaderlessIn(metadata.image, request);
    const heard = leaderless.length === 0 ? [] : await replication?.logEnds.of(leaderless);
    return await change((image) => decideElectLeaders(image, request, heard));
  },
  // Version 0 has no code at the top.
  refuse: ({ topicPartitions }, { errorCode, errorMessage }) => ({
    errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
    })),
  }),
});
