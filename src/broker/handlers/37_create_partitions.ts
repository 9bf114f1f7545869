// CreatePartitions: raises the number of partitions of topics; it can never fall.
//
// Serves: 0-3.
// Behaviour: as CreateTopics: each topic by itself, synced before the answer.
// Versions: 2 flexible; 3 who is over its quota of changes is refused (KIP-599), and only pauses
//   before.

import { CreatePartitions } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"quotas" | "topics">;

export const createPartitions = handler(CreatePartitions, {
  serves: "0-3",
  authorise: [needs("topic alter")],
  async handle(request, { services, session, clientId, version, may }: Context) {
    const mutations = services.quotas.meter(session.principal, clientId)
      ?.mutations({ isStrict: version >= 3 });
    const mayAlter = (name: string) => may("alter", { type: "topic", name });
    const answer = await services.topics.createPartitions(request, { mayAlter, mutations });
    return { ...answer, throttleTimeMs: mutations?.settle() ?? 0 };
  },
  refuse: ({ topics }, { errorCode, errorMessage }) => ({
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
});
