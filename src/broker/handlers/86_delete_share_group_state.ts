// DeleteShareGroupState: from a share group's coordinator: forget these partitions.
//
// Serves: 0.
// Behaviour: what is not kept is forgotten already: no error.

import { DeleteShareGroupState } from "../../protocol/apis/86_delete_share_group_state.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { answerEach, bare, refuseStates, type StateServices } from "../share/state_requests.ts";

export const deleteShareGroupState = handler(DeleteShareGroupState, {
  serves: "0",
  authorise: [needs("cluster clusterAction")],

  async handle(request, { services }: RequestContext<keyof StateServices>) {
    const results = await answerEach(services, request, async (_, question) => {
      return bare(await services.shareStates.delete(question));
    });
    return { results };
  },

  refuse: (request, refusal) => refuseStates(request, refusal, {}),
});
