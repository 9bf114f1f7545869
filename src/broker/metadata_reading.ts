// Reads the cluster's metadata: the newest snapshot that is whole, then every record of the log
// behind it. Changes no file.
//
// Invariant: what is returned is all of the log up to `endOffset`, or nothing is: a table of topics
// that misses records must not be served. One record that does not decode ends the start, as it
// does in Kafka; a type that has no table here is passed over.

import { DecodeFault, PartitionFault } from "../base/faults.ts";
import type { LeaderEpoch, Offset } from "../base/ids.ts";
import { decodeMetadataRecord, type MetadataImage, MetadataReplay } from "../cluster/mod.ts";
import { listSnapshots, type PartitionLog, readSnapshot, type SnapshotFile } from "../log/mod.ts";
import type { Clock, Codecs, Files, Logger, Timers } from "../runtime/ports.ts";
import { type RecordSink, replay, replayBatches } from "./replay.ts";

export interface ReadMetadataOptions {
  readonly log: PartitionLog;
  readonly files: Files;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** What a metadata log says. */
export interface MetadataState {
  readonly replay: MetadataReplay;
  readonly image: MetadataImage;
  /** Where the log ended. */
  readonly endOffset: Offset;
  /** The newest epoch that a snapshot tells of. */
  readonly leaderEpoch: LeaderEpoch;
}

/** Reads the whole log. Throws PartitionFault when a part of it is missing. */
export async function readMetadata(options: ReadMetadataOptions): Promise<MetadataState> {
  const { log } = options;
  const { tables, snapshot } = await loadSnapshot(options);
  const from = snapshot?.endOffset ?? 0;
  if (from < log.logStartOffset || from > log.logEndOffset) {
    throw new PartitionFault(
      `metadata is missing: ${log.folder} has records from offset ${log.logStartOffset} to ` +
        `${log.logEndOffset}, and its newest usable snapshot ends at ${from}`,
    );
  }
  const sink = sinkOf(tables, options);
  await replay(log, {
    ...options,
    from,
    codecs: sink.codecs,
    onRecord: (record) => {
      try {
        sink.onRecord(record);
      } catch (fault) {
        if (fault instanceof DecodeFault) throw undecodable(record.offset, fault);
        throw fault;
      }
    },
    onUnreadable: ({ baseOffset }, fault) => {
      throw undecodable(baseOffset, fault);
    },
  });
  if (log.isDamaged) throw new PartitionFault(`metadata cannot be stored: ${log.refusal}`);
  return {
    replay: tables,
    image: tables.image,
    endOffset: log.logEndOffset,
    leaderEpoch: snapshot?.epoch ?? 0,
  };
}

/** What it would have changed is not known: a topic, or that one was deleted. */
function undecodable(offset: Offset, fault: DecodeFault): PartitionFault {
  return new PartitionFault(
    `metadata cannot be read: the record at offset ${offset} does not decode: ${fault.message}`,
  );
}

/** Takes the newest snapshot that can be read. */
async function loadSnapshot(
  options: ReadMetadataOptions,
): Promise<{ tables: MetadataReplay; snapshot: SnapshotFile | undefined }> {
  const { files, log, logger } = options;
  for (const snapshot of listSnapshots(files, log.folder)) {
    try {
      const tables = new MetadataReplay();
      await replayBatches(readSnapshot(files, snapshot.path), sinkOf(tables, options));
      tables.apply([], snapshot.endOffset - 1);
      return { tables, snapshot };
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      logger.log("warn", "a metadata snapshot cannot be used; trying an older one", {
        file: snapshot.path,
        reason: error.message,
      });
    }
  }
  return { tables: new MetadataReplay(), snapshot: undefined };
}

function sinkOf(tables: MetadataReplay, { codecs }: ReadMetadataOptions): RecordSink {
  return {
    codecs,
    onRecord: ({ offset, value }) => {
      if (value !== null) tables.apply([decodeMetadataRecord(value)], offset);
    },
  };
}
