// ReadShareGroupState: from the leader of partitions: what share groups did with their records.
//
// Serves: 0.
// Behaviour: the reader's leader epoch is remembered, and an older leader is fenced from then on.

import { ReadShareGroupState } from "../../protocol/apis/84_read_share_group_state.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { answerEach, bare, refuseStates, type StateServices } from "../share/state_requests.ts";

export const readShareGroupState = handler(ReadShareGroupState, {
  serves: "0",
  authorise: [needs("cluster clusterAction")],

  async handle(request, { services }: RequestContext<keyof StateServices>) {
    const results = await answerEach(services, request, async (asked, question) => {
      const input = { ...asked, ...question };
      const answer = await services.shareStates.read(input);
      const { stateEpoch = 0, startOffset = 0, stateBatches = [] } = answer.state ?? {};
      return { ...bare(answer), stateEpoch, startOffset, stateBatches };
    });
    return { results };
  },

  refuse: (request, refusal) =>
    refuseStates(request, refusal, { stateEpoch: 0, startOffset: 0, stateBatches: [] }),
});
