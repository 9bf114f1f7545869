// AlterConfigs: replaces all that is set for topics, brokers, groups or client metrics.
//
// Serves: 0-2.
// Behaviour: each resource succeeds or fails by itself. What is answered as done is in the synced
//   metadata log and in effect. Keys that the request leaves out go back to their defaults.
// Versions: 1 answered before throttling (KIP-219); 2 flexible.
// Not done: levels of loggers, which are set at start.

import { sliced } from "../../base/pieces.ts";
import { decideAlterConfigs } from "../../cluster/configs.ts";
import { AlterConfigs } from "../../protocol/apis/33_alter_configs.ts";
import { groupTerms } from "../config/parts.ts";
import { configRules, logConfigWarnings } from "../config/resources.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"nodeId" | "config" | "change" | "logger" | "slices">;

export const alterConfigs = handler(AlterConfigs, {
  serves: "0-2",
  authorise: [
    needs("topic alterConfigs"),
    needs("group alterConfigs"),
    needs("cluster alterConfigs", { when: "brokers and client metrics" }),
  ],

  async handle(request, { services }: Context) {
    const rules = configRules(services.nodeId, groupTerms(services.config));
    const response = await services.change((image) =>
      sliced(decideAlterConfigs(image, request, rules), services.slices)
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
