// What is in the file of a segment becomes known: to its indexes, and to the producers of the log.

import { type BatchHeader, readControlRecord } from "../../records/mod.ts";
import type { ProducerState } from "../producers/producer_state.ts";
import type { Segment } from "../segment/segment.ts";

export interface NotedBatches {
  readonly segment: Segment;
  readonly batches: readonly BatchHeader[];
  /** Bytes between two entries of an index. */
  readonly interval: number;
  readonly producers: ProducerState;
}

/**
 * Takes `records`, the last bytes of the segment's file, into indexes and producers. Returns
 * whether a transaction was aborted, so that the segment may have one more file.
 */
export function noteBatches(records: Uint8Array, noted: NotedBatches): boolean {
  const { segment, batches, interval, producers } = noted;
  let hasAborted = false;
  let within = 0;
  for (const batch of batches) {
    const { baseOffset } = batch;
    const position = segment.size - records.length + within;
    segment.noteBatch(batch, { position, baseOffset, interval });
    if (batch.producerId >= 0 && batch.isControl) {
      const control = readControlRecord(records, within);
      const aborted = producers.applyMarker(batch, { control, offset: baseOffset });
      if (aborted !== undefined) segment.addAborted(aborted);
      hasAborted ||= aborted !== undefined;
    } else if (batch.producerId >= 0) producers.apply(batch, baseOffset);
    within += batch.sizeBytes;
  }
  return hasAborted;
}
