// InitializeShareGroupState: from a share group's coordinator: keep state of these partitions.
//
// Serves: 0.
// Behaviour: a state that is there begins anew, unless its state epoch is newer.

import { InitializeShareGroupState } from "../../protocol/apis/83_initialize_share_group_state.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { answerEach, bare, refuseStates, type StateServices } from "../share/state_requests.ts";

export const initializeShareGroupState = handler(InitializeShareGroupState, {
  serves: "0",
  authorise: [needs("cluster clusterAction")],

  async handle(request, { services }: RequestContext<keyof StateServices>) {
    const results = await answerEach(services, request, async (asked, question) => {
      const input = { ...asked, ...question };
      return bare(await services.shareStates.initialize(input));
    });
    return { results };
  },

  refuse: (request, refusal) => refuseStates(request, refusal, {}),
});
