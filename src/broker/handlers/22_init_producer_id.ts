// InitProducerId: an id for an idempotent producer, whose sequence numbers the log then checks; or
// the id and epoch of a transactional one, which fences whoever had its transactional id before.
//
// Serves: 0-5.
// Behaviour: ids come from blocks of 1000 that are reserved in the metadata log, so that none is
//   ever given twice, across restarts too. Without a transactional id each call gives a new id with
//   epoch 0; with one: src/coordinator/transactions/init_producer_id.ts.
// Versions: 2 flexible; 3 the producer's current id and epoch (KIP-360); 4 PRODUCER_FENCED, which
//   older clients know as INVALID_PRODUCER_EPOCH (KIP-588); 5 TRANSACTION_ABORTABLE (KIP-890).
// Not done: two-phase commit (KIP-939), which is version 6, unstable in Kafka.

import { ErrorCode, InitProducerId, type RequestOf } from "../../protocol/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"producerIds" | "transactions">;

type Request = RequestOf<typeof InitProducerId>;

const invalid = { errorCode: ErrorCode.INVALID_REQUEST, producerId: -1, producerEpoch: -1 };

export const initProducerId = handler(InitProducerId, {
  serves: "0-5",
  authorise: [
    needs("transactionalId write", { when: "there is a transactional id" }),
    needs("cluster idempotentWrite", { or: "topic write", when: "there is none" }),
  ],

  async handle(request, context: Context) {
    const { services, version } = context;
    const refused = refusalOf(request, context);
    if (refused !== undefined) return { ...invalid, errorCode: refused };
    const expected = expectedOf(request);
    if (expected === "half said") return invalid;
    const { transactionalId, transactionTimeoutMs: timeoutMs } = request;
    if (transactionalId === null) {
      const producerId = await services.producerIds.next();
      return { errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 };
    }
    // It belongs to no partition of the coordinator's topic that this broker may not lead.
    if (transactionalId === "") return invalid;
    const response = await services.transactions.initProducerId({
      transactionalId,
      timeoutMs,
      expected,
    });
    return { ...response, errorCode: fencedAs(response.errorCode, version >= 4) };
  },

  // Kafka's word for "no ids at the moment", after which every producer asks again.
  refuse: () => ({
    errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    producerId: -1,
    producerEpoch: -1,
  }),
});

/** Why the client gets no id; undefined where it may have one. */
function refusalOf(
  { transactionalId: name }: Request,
  { may, mayOnSome }: Context,
): ErrorCode | undefined {
  if (name !== null) {
    const isAllowed = may("write", { type: "transactionalId", name });
    return isAllowed ? undefined : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  }
  const isAllowed = may("idempotentWrite", theCluster) || mayOnSome("write", "topic");
  return isAllowed ? undefined : ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
}

/** Who the producer says that it is: both of id and epoch, or none of them. */
function expectedOf({ producerId, producerEpoch: epoch }: Request) {
  if (producerId === -1 && epoch === -1) return undefined;
  return producerId === -1 || epoch === -1 ? "half said" : { producerId, epoch };
}

/** PRODUCER_FENCED, for clients that know it; for others the word that they had for it. */
function fencedAs(errorCode: ErrorCode, isKnown: boolean): ErrorCode {
  return errorCode === ErrorCode.PRODUCER_FENCED && !isKnown
    ? ErrorCode.INVALID_PRODUCER_EPOCH
    : errorCode;
}
