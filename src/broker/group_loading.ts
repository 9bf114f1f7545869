// Brings a partition of __consumer_offsets back into its table of groups.
//
//   record that decodes                  applied
//   record that does not                 passed over: its key stays as the records before left it
//   batch whose records cannot be read   likewise, all of it
//   damage on disk                       PartitionFault: what is missing may be anybody's
//
// What cannot be decoded was written so, by a newer Kafka or a client's hand, since its checksum
// holds. Then an older offset is the better answer than none: whoever reads again loses nothing.
// Differs from Kafka: a stored record of groups that does not decode is passed over; Kafka does not
// load the partition that holds it, and none of its groups has a coordinator.

import { DecodeFault } from "../base/faults.ts";
import { decode, type GroupTable } from "../coordinator/mod.ts";
import type { Codecs, LogFields, Logger, Timers } from "../runtime/ports.ts";
import type { Partition } from "./partition.ts";
import { replay } from "./replay.ts";

/** So many records of a partition are told in a line each; the others are counted. */
const linesMax = 10;

/** What loading works with. */
export interface GroupLoading {
  readonly table: GroupTable;
  readonly codecs: Codecs;
  readonly timers: Timers;
  readonly logger: Logger;
}

/**
 * Applies what `partition` holds to the table. Returns how many records were passed over. Throws
 * PartitionFault and PlatformFault where the log cannot be read.
 */
export async function loadGroups(
  { id, log }: Partition,
  { table, codecs, timers, logger }: GroupLoading,
): Promise<number> {
  let passedOver = 0;
  const passOver = (count: number, fields: LogFields) => {
    passedOver += count;
    if (passedOver > linesMax) return;
    logger.log("warn", "a record of groups cannot be decoded and is passed over", {
      partition: id,
      ...fields,
    });
  };
  await replay(log, {
    codecs,
    timers,
    onRecord: ({ offset, key, value }) => {
      if (key === null) return;
      try {
        table.apply(decode(key, value));
      } catch (fault) {
        if (!(fault instanceof DecodeFault)) throw fault;
        passOver(1, { offset, ...namesIn(key), reason: fault.message });
      }
    },
    onUnreadable: ({ baseOffset: offset, recordCount }, fault) =>
      passOver(recordCount, { offset, records: recordCount, reason: fault.message }),
  });
  if (passedOver > linesMax) {
    logger.log("warn", "records of groups were passed over", { partition: id, count: passedOver });
  }
  return passedOver;
}

/** Whose record it is, where at least that can be told. */
function namesIn(key: Uint8Array): LogFields {
  try {
    const record = decode(key, null);
    if (record.type === "unknown") return {};
    if (record.type === "GroupMetadata") return { group: record.key.group };
    const { group, topic, partition } = record.key;
    return { group, of: `${topic}-${partition}` };
  } catch (fault) {
    if (fault instanceof DecodeFault) return {};
    throw fault;
  }
}
