// EndTxn: commits or aborts a producer's transaction.
//
// Serves: 0-5.
// Behaviour: src/coordinator/transactions/end_txn.ts. Answered once the decision is synced; the
//   markers that carry it out follow (marker_sending.ts), whatever happens to this broker.
// Versions: 2 PRODUCER_FENCED, before that INVALID_PRODUCER_EPOCH (KIP-588); 3 flexible; 5 each
//   transaction ends with a new epoch, told in the answer (KIP-890).

import { EndTxn } from "../../protocol/apis/26_end_txn.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"transactions">;

export const endTxn = handler(EndTxn, {
  serves: "0-5",
  authorise: [needs("transactionalId write", { of: "transactionalId" })],

  async handle(request, { services, version }: Context) {
    const { transactionalId, producerId, producerEpoch, committed: commit } = request;
    if (transactionalId === "") return { errorCode: ErrorCode.INVALID_REQUEST };
    const response = await services.transactions.end({
      transactionalId,
      producerId,
      producerEpoch,
      commit,
      clientVersion: version >= 5 ? 2 : 0,
    });
    const isUnknownWord = version < 2 && response.errorCode === ErrorCode.PRODUCER_FENCED;
    return isUnknownWord ? { ...response, errorCode: ErrorCode.INVALID_PRODUCER_EPOCH } : response;
  },

  refuse: (_, { errorCode }) => ({ errorCode }),
});
