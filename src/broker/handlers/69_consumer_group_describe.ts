// ConsumerGroupDescribe: epochs, members and assignments of consumer groups (KIP-848).
//
// Serves: 0-1.
// Behaviour: a group of another type, or none, is GROUP_ID_NOT_FOUND, as in Kafka: tools go on to
//   DescribeGroups then.
// Versions: 1 whether a member speaks the classic protocol (KIP-1099).

import { mapSliced } from "../../base/pieces.ts";
import { ConsumerGroupDescribe } from "../../protocol/apis/69_consumer_group_describe.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { authorizedOperations, needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Context = RequestContext<"groups" | "slices">;

export const consumerGroupDescribe = handler(ConsumerGroupDescribe, {
  serves: "0-1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, { services, may }: Context) {
    const asked = request.includeAuthorizedOperations;
    const groups = await mapSliced(request.groupIds, services.slices, async (groupId) => {
      const shard = await services.groups.of(groupId);
      if (!(shard instanceof Shard)) return refusal(groupId, shard);
      const group = shard.machine.describeConsumer(groupId);
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
