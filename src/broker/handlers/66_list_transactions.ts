// ListTransactions: the transactional ids that this broker coordinates, filtered (KIP-664).
//
// Serves: 0-1.
// Behaviour: states that there are not are told; where nothing else is asked for, nothing is found.
// Versions: 1 those that are open for longer than a duration (KIP-994).
// Not done: 2 a pattern of ids (KIP-1152).

import { saturated } from "../../base/int64.ts";
import { unknownStates } from "../../coordinator/mod.ts";
import { ListTransactions } from "../../protocol/apis/66_list_transactions.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"transactions">;

export const listTransactions = handler(ListTransactions, {
  serves: "0-1",
  authorise: [needs("transactionalId describe", { refusal: null })],

  async handle(request, { services }: Context) {
    const { stateFilters, producerIdFilters, durationFilter } = request;
    const filters = {
      states: stateFilters,
      producerIds: producerIdFilters,
      durationMs: saturated(durationFilter),
      matches: undefined,
    };
    const shards = await services.transactions.all();
    return {
      errorCode: ErrorCode.NONE,
      unknownStateFilters: unknownStates(stateFilters),
      transactionStates: shards.flatMap(({ machine, nowMs }) => machine.list(filters, nowMs)),
    };
  },
});
