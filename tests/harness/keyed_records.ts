// What a compacted log is for: a table, a value for each key. Records are "key=value", tombstones
// "key".

import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { missing } from "../../src/base/items.ts";
import type { PartitionLog } from "../../src/log/mod.ts";
import {
  type BatchInput,
  batchPositions,
  buildBatch,
  crcHolds,
  type LogRecord,
  readBatchHeader,
  readRecords,
} from "../../src/records/mod.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";

/** A batch of keyed records. */
export function keyedBatch(
  texts: readonly string[],
  input: Partial<BatchInput> = {},
): Uint8Array {
  const records = texts.map((text) => {
    const [key = missing(), value] = text.split("=");
    return { key: utf8(key), value: value === undefined ? null : utf8(value) };
  });
  return buildBatch({ records, timestamp: 1000, ...input }, zlibCodecs);
}

/** A record as it was written. */
export function textOf({ key, value }: LogRecord): string {
  const name = key === null ? "" : fromUtf8(key);
  return value === null ? name : `${name}=${fromUtf8(value)}`;
}

/** Every record from `offset` on, after checking batches: checksums, order, no offset twice. */
export async function keyedRecords(log: PartitionLog, offset = log.logStartOffset) {
  const records: LogRecord[] = [];
  let next = offset;
  while (next < log.logEndOffset) {
    const endOffset = log.logEndOffset;
    const read = await log.read({ offset: next, endOffset, maxBytes: 5000, minOneBatch: true });
    if (read.damage !== undefined) throw new Error(read.damage);
    if (read.bytes.length === 0) break;
    for (const position of batchPositions(read.bytes)) {
      if (!crcHolds(read.bytes, position)) throw new Error(`bad checksum behind ${next}`);
      if (readBatchHeader(read.bytes, position).isControl) continue;
      for (const record of readRecords(read.bytes, { position, codecs: zlibCodecs })) {
        if (record.offset < offset) continue;
        const last = records.at(-1)?.offset ?? -1;
        if (record.offset <= last) throw new Error(`${record.offset} after ${last}`);
        records.push(record);
      }
    }
    next = read.nextOffset;
  }
  return records;
}

/** The table that reading `texts` in order gives. */
export function tableOf(texts: Iterable<string>): Map<string, string> {
  const table = new Map<string, string>();
  for (const text of texts) {
    const [key = missing(), value] = text.split("=");
    table.delete(key);
    if (value !== undefined) table.set(key, value);
  }
  return table;
}
