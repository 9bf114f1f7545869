// Reads a log from its start to its end, record by record: how tables come back after a start.

import { assert } from "../base/assert.ts";
import { PartitionFault } from "../base/faults.ts";
import type { Codecs, Timers } from "../runtime/ports.ts";
import {
  attributeBits,
  batchPositions,
  compressionOf,
  loadCompression,
  type LogRecord,
  readBatchHeader,
  readRecords,
} from "../records/mod.ts";
import type { PartitionLog } from "../log/mod.ts";

const chunkBytes = 1024 * 1024;

export interface ReplayOptions {
  readonly codecs: Codecs;
  readonly timers: Timers;
  readonly onRecord: (record: LogRecord) => void;
}

/**
 * Hands every data record of `log` to `onRecord`, in order; markers and the like are passed over.
 * Throws PartitionFault at a damaged place: a table that misses records must not be served.
 */
export async function replay(log: PartitionLog, options: ReplayOptions): Promise<void> {
  const { codecs, timers, onRecord } = options;
  let offset = log.logStartOffset;
  while (offset < log.logEndOffset) {
    const endOffset = log.logEndOffset;
    const { bytes, damage } = await log.read({
      offset,
      endOffset,
      maxBytes: chunkBytes,
      minOneBatch: true,
    });
    if (damage !== undefined) throw new PartitionFault(damage);
    const before = offset;
    for (const position of batchPositions(bytes)) {
      const header = readBatchHeader(bytes, position);
      offset = header.baseOffset + header.lastOffsetDelta + 1;
      if ((header.attributes & attributeBits.control) !== 0) continue;
      const compression = compressionOf(header.attributes);
      if (compression !== undefined) await loadCompression(compression);
      for (const record of readRecords(bytes, { position, codecs })) onRecord(record);
    }
    assert(offset > before, `replay of ${log.topic}-${log.partition} is stuck at ${offset}`);
    await timers.turn();
  }
}
