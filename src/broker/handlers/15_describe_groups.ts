// DescribeGroups: state and members of groups.
//
// Serves: 0-6.
// Behaviour: metadata of members is told while the group is Stable, their last assignment always. A
//   group that does not exist is Dead, from version 6 on GROUP_ID_NOT_FOUND.
// Versions: 3 authorized operations (KIP-430); 4 static members; 5 flexible; 6 error messages
//   (KIP-1043).

import { DescribeGroups } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { describeEach } from "../coordination/described_groups.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "slices">;

export const describeGroups = handler(DescribeGroups, {
  serves: "0-6",
  authorise: [needs("group describe")],

  async handle(request, context: Context) {
    const { version: apiVersion } = context;
    const groups = await describeEach(context, {
      type: "classic",
      groupIds: request.groups,
      asked: request.includeAuthorizedOperations,
      describe: (table, groupId) => table.describe(groupId, { apiVersion }),
      topicsOf: () => [],
      nothing: { groupState: "", protocolType: "", protocolData: "", members: [] },
    });
    return { groups };
  },
});
