// CreateTopics: new topics with their partitions, replica assignment and configuration.
//
// Serves: 0-7.
// Behaviour: each topic succeeds or fails by itself, with Kafka's error codes and a sentence. When
//   the answer goes out, the topic is in the synced metadata log and takes records.
// Versions: 1 validateOnly and messages; 4 default partition count and replication factor (-1,
//   KIP-464); 5 flexible, the answer tells the resulting configuration (KIP-525); 6 who is over its
//   quota of changes is refused (KIP-599), and only pauses before; 7 topic ids.

import { CreateTopics } from "../../protocol/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"quotas" | "topics">;

export const createTopics = handler(CreateTopics, {
  serves: "0-7",
  authorise: [
    needs("topic create", { or: "cluster create" }),
    needs("topic describeConfigs", { when: "the configuration is told" }),
  ],
  async handle(request, { services, session, clientId, version, may }: Context) {
    const mutations = services.quotas.meter(session.principal, clientId)
      ?.mutations({ isStrict: version >= 6 });
    const access = {
      create: (name: string) => may("create", theCluster) || may("create", { type: "topic", name }),
      describeConfigs: (name: string) => may("describeConfigs", { type: "topic", name }),
    };
    const answer = await services.topics.create(request, { access, mutations });
    return { ...answer, throttleTimeMs: mutations?.settle() ?? 0 };
  },
  refuse: ({ topics }, { errorCode, errorMessage }) => ({
    topics: topics.map(({ name }) => ({ name, errorCode, errorMessage, configs: [] })),
  }),
});
