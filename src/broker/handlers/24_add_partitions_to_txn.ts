// AddPartitionsToTxn: partitions become part of a producer's transaction, which begins with the
// first of them.
//
// Serves: 0-5.
// Behaviour: src/coordinator/transactions/add_partitions.ts. All partitions of a transaction are
//   added, or none: one that does not exist is UNKNOWN_TOPIC_OR_PARTITION, and the others are
//   OPERATION_NOT_ATTEMPTED. The cluster's own topics are not for producers.
// Versions: 2 PRODUCER_FENCED, before that INVALID_PRODUCER_EPOCH (KIP-588); 3 flexible; 4 many
//   transactions at once, and to ask only what they hold, for brokers (KIP-890); 5
//   TRANSACTION_ABORTABLE, before that INVALID_TXN_STATE.

import { mapSliced } from "../../base/pieces.ts";
import { isInternalTopic } from "../../coordinator/mod.ts";
import { AddPartitionsToTxn } from "../../protocol/apis/24_add_partitions_to_txn.ts";
import { ErrorCode, type RequestOf } from "../../protocol/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Request = RequestOf<typeof AddPartitionsToTxn>;
type Transaction = Request["transactions"][number];

type Context = RequestContext<"transactions" | "metadata" | "slices">;

/** A partition, as the services name it. */
interface Named {
  readonly topic: string;
  readonly partition: number;
}

export const addPartitionsToTxn = handler(AddPartitionsToTxn, {
  serves: "0-5",
  authorise: [
    needs("transactionalId write", { when: "below version 4" }),
    needs("topic write", { when: "below version 4" }),
    needs("cluster clusterAction", { when: "from version 4 on" }),
  ],

  async handle(request, context: Context) {
    const { version, services } = context;
    if (version >= 4) {
      if (!context.may("clusterAction", theCluster)) {
        return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, resultsByTransaction: [] };
      }
      const resultsByTransaction = await mapSliced(
        request.transactions,
        services.slices,
        async (transaction) => ({
          transactionalId: transaction.transactionalId,
          topicResults: await resultsOf(transaction, context),
        }),
      );
      return { errorCode: ErrorCode.NONE, resultsByTransaction };
    }
    const resultsByTopicV3AndBelow = await resultsOf({
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      producerEpoch: request.v3AndBelowProducerEpoch,
      topics: request.v3AndBelowTopics,
      verifyOnly: false,
    }, context);
    return { resultsByTopicV3AndBelow };
  },
});

/**
 * The results of one transaction, in the form of its topics. Where they are told one by
 * one, topics without partitions are left out, as in Kafka.
 */
async function resultsOf(transaction: Transaction, context: Context) {
  const { topics } = transaction;
  const named = topics.flatMap(({ name: topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition }))
  );
  const errorCodes = await codesOf(transaction, named, context);
  const isByPartition = transaction.verifyOnly ||
    errorCodes.some((each) => ofOnePartition.has(each));
  let at = 0;
  return topics.filter(({ partitions }) => !isByPartition || partitions.length > 0).map((
    { name, partitions },
  ) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: told(errorCodes[at++] ?? ErrorCode.NONE, context.version),
    })),
  }));
}

const ofOnePartition: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
]);

async function codesOf(
  { transactionalId, producerId, producerEpoch, verifyOnly }: Transaction,
  partitions: readonly Named[],
  { services, version, may }: Context,
): Promise<readonly ErrorCode[]> {
  // From version 4 on brokers ask, who were allowed to write before they did.
  const isAllowed = version >= 4 ||
    may("write", { type: "transactionalId", name: transactionalId });
  if (!isAllowed) return partitions.map(() => ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  const problems = partitions.map((each) => problemOf(each, { services, version, may }));
  if (problems.some((errorCode) => errorCode !== ErrorCode.NONE)) {
    return problems.map((each) =>
      each === ErrorCode.NONE ? ErrorCode.OPERATION_NOT_ATTEMPTED : each
    );
  }
  if (transactionalId === "") return partitions.map(() => ErrorCode.INVALID_REQUEST);
  const claim = { transactionalId, producerId, producerEpoch, partitions };
  if (verifyOnly) return await services.transactions.verify(claim);
  const clientVersion = version >= 4 ? 2 : 0;
  const errorCode = await services.transactions.add({ ...claim, clientVersion });
  return partitions.map(() => errorCode);
}

/** Brokers have looked at what is theirs to look at. */
function problemOf(
  { topic, partition }: Named,
  { services, version, may }: Pick<Context, "services" | "version" | "may">,
): ErrorCode {
  const isAllowed = version >= 4 ||
    !isInternalTopic(topic) && may("write", { type: "topic", name: topic });
  if (!isAllowed) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return services.metadata.image.topic(topic)?.partitions[partition] === undefined
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.NONE;
}

/** An error by the name that clients of `version` have for it. */
function told(errorCode: ErrorCode, version: number): ErrorCode {
  if (version < 2 && errorCode === ErrorCode.PRODUCER_FENCED) {
    return ErrorCode.INVALID_PRODUCER_EPOCH;
  }
  if (version < 5 && errorCode === ErrorCode.TRANSACTION_ABORTABLE) {
    return ErrorCode.INVALID_TXN_STATE;
  }
  return errorCode;
}
