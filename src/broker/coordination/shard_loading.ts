// Brings a partition of a coordinator's topic back into its machine.
//
//   record that decodes                  applied
//   record that does not                 passed over: its key stays as the records before left it
//   batch whose records cannot be read   likewise, all of it
//   record of an open transaction        applied as pending, where the machine knows of such
//   damage on disk                       PartitionFault: what is missing may be anybody's
//
// What cannot be decoded was written so, by a newer Kafka or a client's hand, since its checksum
// holds. Then an older offset is the better answer than none: whoever reads again loses nothing.
// Differs from Kafka: a record in __consumer_offsets that cannot be decoded is skipped; Kafka then
// does not load that partition, and none of its groups has a coordinator.

import { DecodeFault, PartitionFault } from "../../base/faults.ts";
import type { Offset, ProducerId } from "../../base/ids.ts";
import type { LogRecord } from "../../records/mod.ts";
import type { Codecs, LogFields, Logger, Timers } from "../../runtime/ports.ts";
import type { Partition } from "../logs/partition.ts";
import { replay } from "./replay.ts";

/** So many records of a partition are told in a line each; the others are counted. */
const linesMax = 10;

/** What the bytes of a topic's records are. */
export interface StoredRecords<Rec> {
  /** A record as the machine takes it; undefined for a kind that it does not know. */
  readonly decode: (key: Uint8Array, value: Uint8Array | null) => Rec | undefined;
  /** Whose record it is, by its key, for the log. */
  readonly namesIn: (record: Rec) => LogFields;
}

/** What loading works with. */
export interface ShardLoading<Rec> extends StoredRecords<Rec> {
  /** `producerId`: of a record that is pending until `endTransaction`. */
  readonly apply: (
    record: Rec,
    at: { readonly offset: Offset; readonly producerId: ProducerId | undefined },
  ) => void;
  /** Who does not take it is given records once their transaction has committed. */
  readonly endTransaction?: (producerId: ProducerId, committed: boolean) => void;
  readonly codecs: Codecs;
  readonly timers: Timers;
  readonly logger: Logger;
}

/**
 * Applies what `partition` holds. Returns how many records were passed over. Throws PartitionFault
 * and PlatformFault where the log cannot be read.
 */
export async function loadShard<Rec>(
  { id, log }: Partition,
  loading: ShardLoading<Rec>,
): Promise<number> {
  const { codecs, timers, logger, decode, apply, endTransaction } = loading;
  // What is behind its last good batch is not known: "never heard of it" would be a lie.
  if (log.isDamaged) throw new PartitionFault(`its log is ${log.refusal}`);
  let passedOver = 0;
  const passOver = (count: number, fields: LogFields) => {
    passedOver += count;
    if (passedOver > linesMax) return;
    logger.log("warn", "a coordinator's record cannot be decoded and is passed over", {
      partition: id,
      ...fields,
    });
  };
  const take = ({ offset, key, value }: LogRecord, producerId?: ProducerId) => {
    if (key === null) return;
    let record;
    try {
      record = decode(key, value);
    } catch (fault) {
      if (!(fault instanceof DecodeFault)) throw fault;
      passOver(1, { offset, ...namesOf(key, loading), reason: fault.message });
    }
    if (record !== undefined) apply(record, { offset, producerId });
  };
  await replay(log, {
    codecs,
    timers,
    onRecord: (record) => take(record),
    transactions: endTransaction && { onPending: take, onEnd: endTransaction },
    onUnreadable: ({ baseOffset: offset, recordCount }, fault) =>
      passOver(recordCount, { offset, records: recordCount, reason: fault.message }),
  });
  if (passedOver > linesMax) {
    logger.log("warn", "a coordinator's records were passed over", {
      partition: id,
      count: passedOver,
    });
  }
  return passedOver;
}

/** Whose record it is, where at least that can be told. */
function namesOf<Rec>(key: Uint8Array, { decode, namesIn }: StoredRecords<Rec>): LogFields {
  try {
    const record = decode(key, null);
    return record === undefined ? {} : namesIn(record);
  } catch (fault) {
    if (fault instanceof DecodeFault) return {};
    throw fault;
  }
}
