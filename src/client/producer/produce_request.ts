// The Produce request of several batches, each numbered at its first attempt, under the producer's
// identity and the next sequence numbers of its partition.
//
// Topics are named by their ids where the brokers tell them (KIP-516): what was meant for a topic
// that is gone does not get into another one of its name by the word of a broker that is behind.

import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Produce, RequestInput } from "../../protocol/mod.ts";
import type { PartitionQueue, ProducerIdentity } from "./partition_queue.ts";
import type { BatchEncoding, ProduceBatch } from "./produce_batch.ts";

const lastWithNames = 12;

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
    /** The id of a topic; the zero id where it is not known. */
    idOf(topic: string): Uuid;
  },
): RequestInput<typeof Produce> {
  const { identity, idOf } = options;
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
    topicData: [...topics].map(([name, partitionData]) => {
      return { name, topicId: idOf(name), partitionData };
    }),
  };
}

/** The newest version in which every topic of the request can be told. */
export function versionMaxOf({ topicData }: RequestInput<typeof Produce>): number {
  return topicData.some(({ topicId }) => topicId === ZERO_UUID) ? lastWithNames : Infinity;
}
