// ConsumerGroupDescribe: epochs, members and assignments of consumer groups (KIP-848).
//
// Serves: 0-1.
// Behaviour: a group of another type, or none, is GROUP_ID_NOT_FOUND, as in Kafka: tools go on to
//   DescribeGroups then.
// Versions: 1 whether a member speaks the classic protocol (KIP-1099).

import { ConsumerGroupDescribe } from "../../protocol/apis/69_consumer_group_describe.ts";
import { needs } from "../access/authorizer.ts";
import { describeEach } from "../coordination/described_groups.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "slices">;

export const consumerGroupDescribe = handler(ConsumerGroupDescribe, {
  serves: "0-1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, context: Context) {
    const groups = await describeEach(context, {
      type: "consumer",
      groupIds: request.groupIds,
      asked: request.includeAuthorizedOperations,
      describe: (table, groupId) => table.describeConsumer(groupId),
      topicsOf: ({ members }) =>
        members.flatMap((member) => [member.assignment, member.targetAssignment])
          .flatMap(({ topicPartitions }) => topicPartitions.map(({ topicName }) => topicName)),
      nothing: { groupState: "", groupEpoch: 0, assignmentEpoch: 0, assignorName: "", members: [] },
    });
    return { groups };
  },
});
