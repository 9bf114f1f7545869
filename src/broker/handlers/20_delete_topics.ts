// DeleteTopics: removes topics by name, and from version 6 by id.
//
// Serves: 0-6.
// Behaviour: once answered, the topic is gone from the metadata log and its partition folders carry
//   a -delete name; their files follow right after. Committed offsets of the topic go too. Who may
//   do everything with the cluster may delete, too, and who may not describe a topic is not told
//   whether it is there.
// Versions: 5 messages, and who is over its quota of changes is refused (KIP-599), and only pauses
//   before; 6 topic ids (KIP-516).

import { ZERO_UUID } from "../../base/ids.ts";
import { DeleteTopics } from "../../protocol/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"quotas" | "topics">;

export const deleteTopics = handler(DeleteTopics, {
  serves: "0-6",
  authorise: [
    needs("topic describe"),
    needs("topic delete"),
  ],
  async handle(request, { services, session, clientId, version, may }: Context) {
    const mutations = services.quotas.meter(session.principal, clientId)
      ?.mutations({ isStrict: version >= 5 });
    const mayAll = may("delete", theCluster);
    const access = {
      delete: (name: string) => mayAll || may("delete", { type: "topic", name }),
      describe: (name: string) => mayAll || may("describe", { type: "topic", name }),
    };
    const answer = await services.topics.delete(request, { version, access, mutations });
    return { ...answer, throttleTimeMs: mutations?.settle() ?? 0 };
  },

  refuse: ({ topics, topicNames }, { errorCode, errorMessage }) => ({
    responses: [...topics, ...topicNames.map((name) => ({ name, topicId: ZERO_UUID }))]
      .map((one) => ({ ...one, errorCode, errorMessage })),
  }),
});
