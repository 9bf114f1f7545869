// DescribeProducers: idempotent and transactional producers that partitions remember (KIP-664).
//
// Serves: 0.
// Behaviour: the last sequence number and time of each, and where its open transaction begins. A
//   replica that does not lead answers, too: tools may ask each broker for its own.

import { mapSliced } from "../../base/pieces.ts";
import { topicNameProblem } from "../../cluster/mod.ts";
import { DescribeProducers } from "../../protocol/apis/61_describe_producers.ts";
import { ErrorCode, errorMessage, type ResponseInput } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Partition } from "../logs/partition.ts";

type Answer = ResponseInput<typeof DescribeProducers>["topics"][number]["partitions"][number];

type Context = RequestContext<"partitions" | "slices">;

export const describeProducers = handler(DescribeProducers, {
  serves: "0",
  authorise: [needs("topic read")],

  async handle(request, { services: { partitions, slices }, may }: Context) {
    const topics = await mapSliced(request.topics, slices, async ({ name, partitionIndexes }) => {
      const isAllowed = may("read", { type: "topic", name });
      const find = (index: number) =>
        isAllowed ? partitions.find(name, index) : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      const answers = await mapSliced(
        partitionIndexes,
        slices,
        (index) => describe(index, { name, partition: find(index) }),
      );
      return { name, partitions: answers };
    });
    return { topics };
  },
});

function describe(
  partitionIndex: number,
  { name, partition }: { name: string; partition: Partition | ErrorCode },
): Answer {
  if (!(partition instanceof Partition)) {
    const problem = topicNameProblem(name);
    const errorCode = problem === undefined ? partition : ErrorCode.INVALID_TOPIC_EXCEPTION;
    const message = problem ?? errorMessage(errorCode);
    return { partitionIndex, errorCode, errorMessage: message, activeProducers: [] };
  }
  const activeProducers = Array.from(partition.log.producers.entries, (producer) => ({
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
    lastTimestamp: producer.lastTimestampMs,
    coordinatorEpoch: producer.coordinatorEpoch,
    currentTxnStartOffset: producer.currentTxnFirstOffset,
  }));
  return { partitionIndex, errorCode: ErrorCode.NONE, errorMessage: null, activeProducers };
}
