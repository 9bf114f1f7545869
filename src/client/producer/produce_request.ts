// The Produce request of several batches, each numbered at its first attempt, under the producer's
// identity and the next sequence numbers of its partition.

import type { Produce, RequestInput } from "../../protocol/mod.ts";
import type { PartitionQueue, ProducerIdentity } from "./partition_queue.ts";
import type { BatchEncoding, ProduceBatch } from "./produce_batch.ts";

/** A batch that was taken from its queue. */
export type Sending = readonly [PartitionQueue, ProduceBatch];

/** A request that carries all of `sending`, at most one batch for each partition. */
export function produceRequest(
  sending: readonly Sending[],
  options: {
    acks: "all" | 1 | 0;
    encoding: BatchEncoding;
    transactionalId: string | null;
    /** Absent: the producer is not idempotent. */
    identity: ProducerIdentity | undefined;
    timeoutMs: number;
  },
): RequestInput<typeof Produce> {
  const { identity } = options;
  const topics = new Map<string, { index: number; records: Uint8Array }[]>();
  for (const [queue, batch] of sending) {
    batch.attempts++;
    const isNumbered = identity === undefined || batch.sequence !== undefined &&
        (batch.isAmbiguous || batch.sequence.producerId === identity.id &&
            batch.sequence.producerEpoch === identity.epoch);
    if (!isNumbered) batch.number(queue.nextSequence(batch.recordCount));
    const records = batch.encode(options.encoding);
    const partitions = topics.get(queue.topic);
    if (partitions === undefined) topics.set(queue.topic, [{ index: queue.partition, records }]);
    else partitions.push({ index: queue.partition, records });
  }
  return {
    transactionalId: options.transactionalId,
    acks: options.acks === "all" ? -1 : options.acks,
    timeoutMs: options.timeoutMs,
    topicData: [...topics].map(([name, partitionData]) => ({ name, partitionData })),
  };
}
