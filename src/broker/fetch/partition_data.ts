// What a reader asks of one partition, and what it is told: Kafka's words, no request's shape.

import type { Chunk } from "../../base/file_part.ts";
import type { BrokerId, Offset, PartitionId, ProducerId } from "../../base/ids.ts";
import type { ErrorCode } from "../../protocol/mod.ts";
import type { DivergingEpoch, Position } from "./position.ts";

/** One partition that is to be read, and from where. */
export interface WantedPartition extends Position {
  readonly partition: PartitionId;
  readonly partitionMaxBytes: number;
}

/** What was read of a partition. Offsets are -1 where there is no such partition here. */
export interface PartitionData {
  readonly partitionIndex: PartitionId;
  readonly errorCode: ErrorCode;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
  /** The reader's records beyond it are not in this log (KIP-595). */
  readonly divergingEpoch?: DivergingEpoch;
  /** A replica that is nearer to the reader, who is to ask there (KIP-392). */
  readonly preferredReadReplica?: BrokerId;
  /** null for who reads uncommitted records, and has no use for it. */
  readonly abortedTransactions:
    | readonly { readonly producerId: ProducerId; readonly firstOffset: Offset }[]
    | null;
  /** Whole batches; empty where there are none. */
  readonly records: Chunk;
}
