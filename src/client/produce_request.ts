// The Produce request of several batches: each encoded at its first attempt, under the producer's
// identity and the next sequence numbers of its partition.

import type { Produce, RequestInput } from "../protocol/mod.ts";
import type { CompressionType } from "../records/mod.ts";
import type { Codecs } from "../runtime/ports.ts";
import type { PartitionQueue, ProducerIdentity } from "./partition_queue.ts";
import { encodeBatch, type ProduceBatch } from "./produce_batch.ts";

/** A batch that was taken from its queue. */
export type Sending = readonly [PartitionQueue, ProduceBatch];

/** A request that carries all of `sending`, at most one batch for each partition. */
export function produceRequest(
  sending: readonly Sending[],
  options: {
    acks: "all" | 1 | 0;
    idempotent: boolean;
    compression: CompressionType;
    identity: ProducerIdentity;
    timeoutMs: number;
    codecs: Codecs;
  },
): RequestInput<typeof Produce> {
  const topics = new Map<string, { index: number; records: Uint8Array }[]>();
  for (const [queue, batch] of sending) {
    batch.attempts++;
    const isNew = batch.encoded === undefined;
    const records = encodeBatch(batch, {
      compression: options.compression,
      codecs: options.codecs,
      sequence: options.idempotent && isNew
        ? queue.nextSequence(batch.records.length, options.identity)
        : undefined,
    });
    const partitions = topics.get(queue.topic);
    if (partitions === undefined) topics.set(queue.topic, [{ index: queue.partition, records }]);
    else partitions.push({ index: queue.partition, records });
  }
  return {
    transactionalId: null,
    acks: options.acks === "all" ? -1 : options.acks,
    timeoutMs: options.timeoutMs,
    topicData: [...topics].map(([name, partitionData]) => ({ name, partitionData })),
  };
}
