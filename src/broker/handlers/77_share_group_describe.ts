// ShareGroupDescribe: epochs, members and assignments of share groups (KIP-932).
//
// Serves: 1.
// Behaviour: a group of another type, or none, is GROUP_ID_NOT_FOUND, as in Kafka.

import { ShareGroupDescribe } from "../../protocol/apis/77_share_group_describe.ts";
import { needs } from "../access/authorizer.ts";
import { describeEach } from "../coordination/described_groups.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "slices">;

export const shareGroupDescribe = handler(ShareGroupDescribe, {
  serves: "1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, context: Context) {
    const groups = await describeEach(context, {
      type: "share",
      groupIds: request.groupIds,
      asked: request.includeAuthorizedOperations,
      describe: (table, groupId) => table.describeShare(groupId),
      topicsOf: ({ members }) =>
        members.flatMap((member) => [member.assignment])
          .flatMap(({ topicPartitions }) => topicPartitions.map(({ topicName }) => topicName)),
      nothing: { groupState: "", groupEpoch: 0, assignmentEpoch: 0, assignorName: "", members: [] },
    });
    return { groups };
  },
});
