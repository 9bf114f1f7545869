// ListTransactions: the transactional ids that this broker coordinates, filtered (KIP-664).
//
// Serves: 0-2.
// Behaviour: states that there are not are told; where nothing else is asked for, nothing is found.
// Versions: 1 those that are open for longer than a duration (KIP-994); 2 those whose id matches a
//   pattern in RE2's syntax, as a whole (KIP-1152).

import { saturated } from "../../base/int64.ts";
import { unknownStates } from "../../coordinator/mod.ts";
import { ListTransactions } from "../../protocol/apis/66_list_transactions.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"transactions" | "regexes">;

export const listTransactions = handler(ListTransactions, {
  serves: "0-2",
  authorise: [needs("transactionalId describe", { refusal: null })],

  async handle(request, { services, may }: Context) {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request;
    const matches = await matcherOf(transactionalIdPattern, services);
    const unknownStateFilters = unknownStates(stateFilters);
    if (matches === "invalid") {
      const errorCode = ErrorCode.INVALID_REGULAR_EXPRESSION;
      return { errorCode, unknownStateFilters: [], transactionStates: [] };
    }
    const filters = {
      states: new Set(stateFilters),
      producerIds: new Set(producerIdFilters),
      durationMs: saturated(durationFilter),
      matches,
    };
    const shards = await services.transactions.all();
    return {
      errorCode: ErrorCode.NONE,
      unknownStateFilters,
      transactionStates: shards.flatMap(({ machine, nowMs }) => machine.list(filters, nowMs))
        .filter(({ transactionalId: name }) => may("describe", { type: "transactionalId", name })),
    };
  },
});

/** Which ids `pattern` stands for; undefined: all. */
async function matcherOf(
  pattern: string | null,
  { regexes }: Context["services"],
): Promise<((transactionalId: string) => boolean) | "invalid" | undefined> {
  if (pattern === null || pattern === "") return undefined;
  await regexes.load();
  const compiled = regexes.compile(pattern);
  return typeof compiled === "function" ? compiled : "invalid";
}
