// DescribeGroups: state and members of groups.
//
// Serves: 0-6.
// Behaviour: metadata of members is told while the group is Stable, their last assignment always. A
//   group that does not exist is Dead, from version 6 on GROUP_ID_NOT_FOUND.
// Versions: 3 authorized operations (KIP-430); 4 static members; 5 flexible; 6 error messages
//   (KIP-1043).

import { mapSliced } from "../../base/pieces.ts";
import { DescribeGroups, ErrorCode } from "../../protocol/mod.ts";
import { authorizedOperations, needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Context = RequestContext<"groups" | "slices">;

export const describeGroups = handler(DescribeGroups, {
  serves: "0-6",
  authorise: [needs("group describe")],

  async handle(request, { services, version: apiVersion, may }: Context) {
    const asked = request.includeAuthorizedOperations;
    const groups = await mapSliced(request.groups, services.slices, async (groupId) => {
      const shard = await services.groups.of(groupId);
      if (!(shard instanceof Shard)) return refusal(groupId, shard);
      const group = shard.machine.describe(groupId, { apiVersion });
      // A group that is not there has none from version 6 on, where that is an error.
      const isError = group.errorCode !== ErrorCode.NONE;
      const operations = authorizedOperations(may, { type: "group", name: groupId }, { asked });
      return isError ? group : { ...group, authorizedOperations: operations };
    });
    return { groups };
  },
});

/** There is no coordinator for it. */
function refusal(groupId: string, errorCode: ErrorCode) {
  return { errorCode, groupId, groupState: "", protocolType: "", protocolData: "", members: [] };
}
