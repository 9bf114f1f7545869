// ShareGroupDescribe: epochs, members and assignments of share groups (KIP-932).
//
// Serves: 1.
// Behaviour: a group of another type, or none, is GROUP_ID_NOT_FOUND, as in Kafka.

import { mapSliced } from "../../base/pieces.ts";
import { ShareGroupDescribe } from "../../protocol/apis/77_share_group_describe.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { authorizedOperations, needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Context = RequestContext<"groups" | "slices">;

export const shareGroupDescribe = handler(ShareGroupDescribe, {
  serves: "1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, { services, may }: Context) {
    const asked = request.includeAuthorizedOperations;
    const groups = await mapSliced(request.groupIds, services.slices, async (groupId) => {
      const shard = await services.groups.of(groupId);
      if (!(shard instanceof Shard)) return refusal(groupId, shard);
      const group = shard.machine.describeShare(groupId);
      const isError = group.errorCode !== ErrorCode.NONE;
      const operations = authorizedOperations(may, { type: "group", name: groupId }, { asked });
      return isError ? group : { ...group, authorizedOperations: operations };
    });
    return { groups };
  },
});

/** There is no coordinator for it. */
function refusal(groupId: string, errorCode: ErrorCode) {
  return {
    errorCode,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
  };
}
