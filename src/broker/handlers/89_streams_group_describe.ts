// StreamsGroupDescribe: epochs, topology, members and tasks of streams groups (KIP-1071).
//
// Serves: 0-1.
// Behaviour: a group of another type, or none, is GROUP_ID_NOT_FOUND, as in Kafka; an empty name,
//   which groups of other kinds may have, is INVALID_GROUP_ID.
// Versions: 1 a description of the topology (KIP-1331), of which there is none here; the assignor's
//   name (KIP-1357).

import { StreamsGroupDescribe } from "../../protocol/apis/89_streams_group_describe.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { describeEach } from "../coordination/described_groups.ts";
import { topicsOfTopology } from "../coordination/streams_topology.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "slices">;

/** What is told of a topology's description: it was not asked for, or is not kept. */
const descriptionStatus = { notRequested: 0, notStored: 1 } as const;

const nothing = { groupState: "", groupEpoch: 0, assignmentEpoch: 0, topology: null, members: [] };

export const streamsGroupDescribe = handler(StreamsGroupDescribe, {
  serves: "0-1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, context: Context) {
    const topologyDescriptionStatus = request.includeTopologyDescription
      ? descriptionStatus.notStored
      : descriptionStatus.notRequested;
    const groups = await describeEach(context, {
      type: "streams",
      groupIds: request.groupIds,
      asked: request.includeAuthorizedOperations,
      describe: (table, groupId) => {
        if (groupId === "") return { ...nothing, groupId, errorCode: ErrorCode.INVALID_GROUP_ID };
        const group = table.describeStreams(groupId);
        return group.errorCode === ErrorCode.NONE ? { ...group, topologyDescriptionStatus } : group;
      },
      topicsOf: ({ topology }) => topicsOfTopology(topology),
      nothing,
    });
    return { groups };
  },
});
