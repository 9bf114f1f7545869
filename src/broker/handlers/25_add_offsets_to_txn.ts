// AddOffsetsToTxn: a group's partition of __consumer_offsets becomes part of a producer's
// transaction, so that TxnOffsetCommit may write there.
//
// Serves: 0-4.
// Behaviour: as AddPartitionsToTxn of that partition. Clients of the second transaction protocol
//   (KIP-890) do without it.
// Versions: 2 PRODUCER_FENCED, before that INVALID_PRODUCER_EPOCH (KIP-588); 3 flexible; 4
//   TRANSACTION_ABORTABLE, which is never told here.

import { offsetsTopic } from "../../coordinator/mod.ts";
import { AddOffsetsToTxn } from "../../protocol/apis/25_add_offsets_to_txn.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { partitionOfKey } from "../coordination/shards.ts";

type Context = RequestContext<"transactions" | "groups" | "metadata">;

export const addOffsetsToTxn = handler(AddOffsetsToTxn, {
  serves: "0-4",
  authorise: [
    needs("transactionalId write", { of: "transactionalId" }),
    needs("group read", { of: "groupId" }),
  ],

  async handle(request, { services, version }: Context) {
    const { transactionalId, producerId, producerEpoch, groupId } = request;
    if (transactionalId === "") return { errorCode: ErrorCode.INVALID_REQUEST };
    // Makes the topic, where no group has needed it yet.
    await services.groups.locate(groupId);
    const partitionCount = services.metadata.image.topic(offsetsTopic)?.partitions.length ?? 0;
    if (partitionCount === 0) return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE };
    const errorCode = await services.transactions.add({
      transactionalId,
      producerId,
      producerEpoch,
      partitions: [{ topic: offsetsTopic, partition: partitionOfKey(groupId, partitionCount) }],
      clientVersion: 0,
    });
    const isUnknownWord = version < 2 && errorCode === ErrorCode.PRODUCER_FENCED;
    return { errorCode: isUnknownWord ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode };
  },

  refuse: (_, { errorCode }) => ({ errorCode }),
});
