// StreamsGroupDescribe: epochs, topology, members and tasks of streams groups (KIP-1071).
//
// Serves: 0-1.
// Behaviour: a group of another type, or none, is GROUP_ID_NOT_FOUND, as in Kafka.
// Versions: 1 a description of the topology (KIP-1331), of which there is none here; the assignor's
//   name (KIP-1357).

import { mapSliced } from "../../base/pieces.ts";
import { StreamsGroupDescribe } from "../../protocol/apis/89_streams_group_describe.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { authorizedOperations, needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Context = RequestContext<"groups" | "slices">;

/** What is told of a topology's description: it was not asked for, or is not kept. */
const descriptionStatus = { notRequested: 0, notStored: 1 } as const;

export const streamsGroupDescribe = handler(StreamsGroupDescribe, {
  serves: "0-1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, { services, may }: Context) {
    const asked = request.includeAuthorizedOperations;
    const topologyDescriptionStatus = request.includeTopologyDescription
      ? descriptionStatus.notStored
      : descriptionStatus.notRequested;
    const groups = await mapSliced(request.groupIds, services.slices, async (groupId) => {
      const shard = await services.groups.of(groupId);
      if (!(shard instanceof Shard)) return refusal(groupId, shard);
      const group = shard.machine.describeStreams(groupId);
      const isError = group.errorCode !== ErrorCode.NONE;
      const operations = authorizedOperations(may, { type: "group", name: groupId }, { asked });
      return isError
        ? group
        : { ...group, authorizedOperations: operations, topologyDescriptionStatus };
    });
    return { groups };
  },
});

/** There is no coordinator for it. */
function refusal(groupId: string, errorCode: ErrorCode) {
  return { errorCode, groupId, groupState: "", groupEpoch: 0, assignmentEpoch: 0, members: [] };
}
