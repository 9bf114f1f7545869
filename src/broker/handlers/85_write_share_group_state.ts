// WriteShareGroupState: from the leader of partitions: what share groups did with their records.
//
// Serves: 0-1.
// Behaviour: what is said is laid over what is known. Who has an older leader epoch or state epoch
//   than another before him is fenced.
// Versions: 1 how many records are done with, for the lag (KIP-1226).

import { WriteShareGroupState } from "../../protocol/apis/85_write_share_group_state.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { answerEach, bare, refuseStates, type StateServices } from "../share/state_requests.ts";

export const writeShareGroupState = handler(WriteShareGroupState, {
  serves: "0-1",
  authorise: [needs("cluster clusterAction")],

  async handle(request, { services }: RequestContext<keyof StateServices>) {
    const results = await answerEach(services, request, async (asked, question) => {
      const input = { ...asked, ...question };
      return bare(await services.shareStates.write(input));
    });
    return { results };
  },

  refuse: (request, refusal) => refuseStates(request, refusal, {}),
});
