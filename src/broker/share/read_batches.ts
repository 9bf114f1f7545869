// The batches of what was read for a share group, and whether there is anything in them for
// anybody: not in markers, nor, for a group that reads committed records, in aborted transactions.
//
//   aborted transactions, by first offset   a producer is among the aborted from there ...
//   markers that say so                     ... up to here

import { asBytes } from "../../base/file_part.ts";
import type { Offset, ProducerId } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import {
  baseOffsetOf,
  batchPositions,
  batchSizeOf,
  ControlType,
  lastOffsetOf,
  readBatchHeader,
  readControlRecord,
} from "../../records/mod.ts";
import type { PartitionData } from "../fetch/partition_data.ts";
import type { OffsetRange } from "./in_flight.ts";
import type { ReadBatch } from "./share_partition.ts";

/** A batch, and where its bytes are. */
export interface PlacedBatch extends ReadBatch {
  readonly position: number;
  readonly end: number;
}

/** All batches of what was read. */
export function placedBatches(
  { records: chunk, abortedTransactions }: Pick<PartitionData, "records" | "abortedTransactions">,
): PlacedBatch[] {
  const aborts = new Aborts(abortedTransactions ?? []);
  const records = asBytes(chunk);
  return batchPositions(records).map((position) => {
    const end = position + batchSizeOf(records, position);
    return {
      firstOffset: baseOffsetOf(records, position),
      lastOffset: lastOffsetOf(records, position),
      isGiven: aborts.isGiven(records, position),
      position,
      end,
    };
  });
}

/** The bytes of those batches that hold something of `ranges`, and of what lies between them. */
export function sliceFor(
  records: Uint8Array,
  { batches, ranges }: {
    readonly batches: readonly PlacedBatch[];
    readonly ranges: readonly OffsetRange[];
  },
): Uint8Array {
  const first = ranges[0];
  const last = ranges.at(-1);
  if (first === undefined || last === undefined) return records.subarray(0, 0);
  const from = batches.find(({ lastOffset }) => lastOffset >= first.firstOffset);
  const to = batches.findLast(({ firstOffset }) => firstOffset <= last.lastOffset);
  return records.subarray(from?.position ?? 0, to?.end ?? records.length);
}

/** Follows the producers with an aborted transaction from its first offset to its marker. */
class Aborts {
  readonly #coming: { readonly producerId: ProducerId; readonly firstOffset: Offset }[];
  readonly #producers = new Set<ProducerId>();

  constructor(aborted: NonNullable<PartitionData["abortedTransactions"]>) {
    this.#coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  isGiven(records: Uint8Array, position: number): boolean {
    const { isControl, isTransactional, producerId, lastOffset, recordCount } = readBatchHeader(
      records,
      position,
    );
    while (this.#coming.length > 0 && itemAt(this.#coming, 0).firstOffset <= lastOffset) {
      const begun = this.#coming.shift();
      if (begun !== undefined) this.#producers.add(begun.producerId);
    }
    if (!isControl) return !isTransactional || !this.#producers.has(producerId);
    // Compaction empties a marker whose transaction is gone.
    const isAbort = recordCount > 0 &&
      readControlRecord(records, position).type === ControlType.ABORT;
    if (isAbort) this.#producers.delete(producerId);
    return false;
  }
}
