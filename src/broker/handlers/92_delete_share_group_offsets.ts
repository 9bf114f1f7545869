// DeleteShareGroupOffsets: a share group without members forgets what it did in topics (KIP-932).
//
// Serves: 0.
// Behaviour: the share coordinator forgets the states; whoever subscribes next begins anew.
//   GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP; UNKNOWN_TOPIC_OR_PARTITION for a topic that is not there,
//   or that the group does not know.

import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { DeleteShareGroupOffsets } from "../../protocol/apis/92_delete_share_group_offsets.ts";
import { ErrorCode, errorMessage, type ResponseInput } from "../../protocol/mod.ts";
import { needs, refusedWith } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups" | "shareGroupStates" | "metadata">;
type Response = ResponseInput<typeof DeleteShareGroupOffsets>;

export const deleteShareGroupOffsets = handler(DeleteShareGroupOffsets, {
  serves: "0",
  authorise: [needs("group delete", { of: "groupId" }), needs("topic read")],

  async handle(request, { services, may }: Context): Promise<Response> {
    const { groupId, topics } = request;
    const mayRead = (name: string) => may("read", { type: "topic", name });
    const shard = await services.groups.of(groupId);
    if (!(shard instanceof Shard)) return refused(shard, errorMessage(shard));
    const { image } = services.metadata;
    const asked = new Set<Uuid>();
    for (const { topicName } of topics) {
      const topicId = mayRead(topicName) ? image.topic(topicName)?.id : undefined;
      if (topicId !== undefined) asked.add(topicId);
    }
    const topicIds = [...asked];
    const taken = await services.shareGroupStates.forget(shard, { groupId, topicIds });
    if (taken.errorCode !== ErrorCode.NONE) return refused(taken.errorCode, taken.errorMessage);
    const forgotten = new Map(taken.states.map(({ topicId, partitions }) => [
      topicId,
      partitions.find((each) => each.errorCode !== ErrorCode.NONE) ?? noError,
    ]));
    return {
      ...refused(ErrorCode.NONE, null),
      responses: topics.map((topic) => {
        const { topicName } = topic;
        if (!mayRead(topicName)) return notAllowed(topic);
        const topicId = image.topic(topicName)?.id;
        if (topicId === undefined) return { topicName, topicId: ZERO_UUID, ...unknownTopic };
        const found = forgotten.get(topicId);
        if (found === undefined) return { topicName, topicId: ZERO_UUID, ...nothingStored };
        const { errorCode, errorMessage: why } = found;
        return { topicName, topicId, errorCode, errorMessage: why };
      }),
    };
  },

  refuse: (_, { errorCode, errorMessage: why }) => refused(errorCode, why),
});

const noError = { errorCode: ErrorCode.NONE, errorMessage: null };
const unknownTopic = {
  errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  errorMessage: errorMessage(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
};

/** Of a topic that there is. */
const nothingStored = {
  ...unknownTopic,
  errorMessage: "There is no offset information to delete.",
};

function notAllowed({ topicName }: { readonly topicName: string }) {
  return { topicName, topicId: ZERO_UUID, ...refusedWith({ type: "topic" }) };
}

function refused(errorCode: ErrorCode, errorMessage: string | null): Response {
  return { errorCode, errorMessage, responses: [] };
}
