// CreatePartitions: raises the number of partitions of topics; it can never fall.
//
// Serves: 0-3.
// Behaviour: as CreateTopics: each topic by itself, synced before the answer.
// Versions: 2 flexible; 3 throttling by quota (KIP-599), of which we have none.

import { CreatePartitions } from "../../protocol/mod.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"topics">;

export const createPartitions = handler(CreatePartitions, {
  serves: "0-3",
  authorise: [needs("topic alter")],
  handle: (request, { services, may }: Context) =>
    services.topics.createPartitions(request, {
      mayAlter: (name) => may("alter", { type: "topic", name }),
    }),
  refuse: ({ topics }, { errorCode, errorMessage }) => ({
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
});
