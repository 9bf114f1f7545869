// ReadShareGroupStateSummary: from a share group's coordinator: where it starts in partitions.
//
// Serves: 0-1.
// Behaviour: a state that is not kept starts at -1, without an error.
// Versions: 1 how many records are done with, for the lag (KIP-1226).

import {
  ReadShareGroupStateSummary,
} from "../../protocol/apis/87_read_share_group_state_summary.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { answerEach, bare, refuseStates, type StateServices } from "../share/state_requests.ts";

/** What is told of a state that is not there. */
const nothing = { stateEpoch: 0, leaderEpoch: 0, startOffset: -1, deliveryCompleteCount: -1 };
const failed = { ...nothing, leaderEpoch: -1 };

export const readShareGroupStateSummary = handler(ReadShareGroupStateSummary, {
  serves: "0-1",
  authorise: [needs("cluster clusterAction")],

  async handle(request, { services }: RequestContext<keyof StateServices>) {
    const results = await answerEach(services, request, async (_, question) => {
      const answer = await services.shareStates.summarise(question);
      const { stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount } = answer.state ??
        (answer.errorCode === ErrorCode.NONE ? nothing : failed);
      return { ...bare(answer), stateEpoch, leaderEpoch, startOffset, deliveryCompleteCount };
    });
    return { results };
  },

  refuse: (request, refusal) => refuseStates(request, refusal, { ...nothing, startOffset: 0 }),
});
