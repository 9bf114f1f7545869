// IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single configuration keys of
// topics, brokers, groups or client metrics (KIP-339).
//
// Serves: 0-1.
// Behaviour: each resource succeeds or fails by itself. What is answered as done is in the synced
//   metadata log and in effect: a topic's logs, a broker's limits work by it from then on.
// Versions: 1 flexible.
// Not done: levels of loggers, which are set at start.

import { sliced } from "../../base/pieces.ts";
import { decideIncrementalAlterConfigs } from "../../cluster/configs.ts";
import { IncrementalAlterConfigs } from "../../protocol/apis/44_incremental_alter_configs.ts";
import { groupTerms } from "../config/parts.ts";
import { configRules, logConfigWarnings } from "../config/resources.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"nodeId" | "config" | "change" | "logger" | "slices">;

export const incrementalAlterConfigs = handler(IncrementalAlterConfigs, {
  serves: "0-1",
  authorise: [
    needs("topic alterConfigs"),
    needs("group alterConfigs"),
    needs("cluster alterConfigs", { when: "brokers and client metrics" }),
  ],

  async handle(request, { services }: Context) {
    const rules = configRules(services.nodeId, groupTerms(services.config));
    const response = await services.change((image) =>
      sliced(decideIncrementalAlterConfigs(image, request, rules), services.slices)
    );
    if (!request.validateOnly) logConfigWarnings(services.logger, request, response);
    return response;
  },

  refuse: ({ resources }, { errorCode, errorMessage }) => ({
    responses: resources.map(({ resourceType, resourceName }) => {
      return { resourceType, resourceName, errorCode, errorMessage };
    }),
  }),
});
