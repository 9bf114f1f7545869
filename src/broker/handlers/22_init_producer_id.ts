// InitProducerId: an id for an idempotent producer, whose sequence numbers the log then checks.
//
// Serves: 0-5.
// Behaviour: ids come from blocks of 1000 that are reserved in the metadata log, so that none is
//   ever given twice, across restarts too. Each call gives a new id with epoch 0.
// Versions: 2 flexible; 3 the producer's current id and epoch (KIP-360); 4 PRODUCER_FENCED; 5
//   (KIP-890) changes transactions only.
// Not done: transactional ids are refused with INVALID_REQUEST; version 6 is unstable in Kafka.

import { ErrorCode, InitProducerId } from "../../protocol/mod.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"producerIds">;

export const initProducerId = handler(InitProducerId, {
  serves: "0-5",
  authorise: [
    needs("transactionalId write", { when: "there is a transactional id" }),
    needs("cluster idempotentWrite", { or: "topic write", when: "there is none" }),
  ],

  async handle(request, { services }: Context) {
    const { transactionalId, producerId: current, producerEpoch: currentEpoch } = request;
    const isHalfSaid = (current === -1) !== (currentEpoch === -1);
    if (transactionalId !== null || isHalfSaid) {
      return { errorCode: ErrorCode.INVALID_REQUEST, producerId: -1, producerEpoch: -1 };
    }
    const producerId = await services.producerIds.next();
    return { errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 };
  },

  // Kafka's word for "no ids at the moment", after which every producer asks again.
  refuse: () => ({
    errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    producerId: -1,
    producerEpoch: -1,
  }),
});
